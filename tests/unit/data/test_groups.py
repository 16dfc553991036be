"""What belongs to one person stays together: numbers of groups, and what is held out."""

import numpy as np
import pytest

from fedcompare import api
from fedcompare.data.dataset import read_dataset
from fedcompare.data.groups import most_frequent, number_groups, rarest
from fedcompare.data.held_out import hold_out
from fedcompare.errors import DataError
from made_up_tables import rows, study_columns, study_of, write_csv


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FEDCOMPARE_CACHE", str(tmp_path / "cache"))


def test_a_group_has_one_number_in_all_columns_and_no_name_is_a_group_of_its_own():
    first, second = number_groups(["b", "a", "", "b"], ["", "a", "c", ""])
    assert first.tolist() == [0, 1, 2, 0]
    assert second.tolist() == [3, 1, 4, 5]


def test_a_group_counts_for_its_most_frequent_value_or_for_the_rarest():
    groups = np.array([0, 0, 0, 1, 1, 2])
    values = np.array([5, 5, 7, 3, 2, 5])
    assert most_frequent(groups, values).tolist() == [5, 2, 5]
    assert rarest(groups, values).tolist() == [7, 2, 5]


# What is held out.


def drawn(seed, count=1500, *, members=12, spread=False):
    """Return labels, silos and groups of rows whose groups have one to many members."""
    random = np.random.default_rng(seed)
    groups = random.integers(0, 2 * count // members, count)
    _, groups = np.unique(groups, return_inverse=True)
    silos = random.choice(4, groups.max() + 1, p=[0.4, 0.3, 0.2, 0.1])[groups]
    labels = random.choice(3, count, p=[0.6, 0.37, 0.03])
    return labels, random.integers(0, 4, count) if spread else silos, groups


@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_groups_are_held_out_whole_and_shares_are_near(seed, spread):
    labels, silos, groups = drawn(seed, spread=spread)
    held = hold_out(labels, silos, 0.2, groups)
    assert not np.intersect1d(groups[held], groups[~held]).size
    np.testing.assert_array_equal(held, hold_out(labels, silos, 0.2, groups))
    assert held.mean() == pytest.approx(0.2, abs=0.01)
    for silo in range(4):
        assert held[silos == silo].mean() == pytest.approx(0.2, abs=0.06)
    for label in range(3):
        assert held[labels == label].mean() == pytest.approx(0.2, abs=0.06)


def test_small_and_large_groups_are_held_out():
    labels, silos, groups = drawn(0, 6000)
    sizes = np.bincount(groups)
    held = np.unique(groups[hold_out(labels, silos, 0.2, groups)])
    assert np.mean(sizes[held]) == pytest.approx(np.mean(sizes), rel=0.1)
    assert np.std(sizes[held]) == pytest.approx(np.std(sizes), rel=0.25)


def test_groups_of_one_row_each_are_rows():
    labels, silos, _ = drawn(0, 300)
    names = np.random.default_rng(0).permutation(1000)[:300]
    (groups,) = number_groups([str(name) for name in names])
    np.testing.assert_array_equal(
        hold_out(labels, silos, 0.2, groups), hold_out(labels, silos, 0.2)
    )


def test_a_class_that_few_groups_have_is_tested_and_trained_on():
    groups = np.repeat(np.arange(20), 10)
    labels = np.zeros(200, dtype=np.int64)
    labels[[3, 57]] = 1  # each in a group that mostly has the other class
    held = hold_out(labels, np.zeros_like(labels), 0.2, groups)
    assert held[labels == 1].sum() == 1


def test_one_large_group_does_not_leave_a_silo_untested():
    groups = np.array([0] * 90 + [1, 2, 3, 4, 5])
    held = hold_out(np.zeros(95, np.int64), np.zeros(95, np.int64), 0.2, groups)
    assert held.any()
    assert not held[:90].any()


# Tables.


def people(count=24, size=3):
    return [f"P{index // size}" for index in range(count)]


def said(found):
    return "\n".join(found.notes)


def grouped(folder, columns, **keys):
    length = len(next(iter(columns.values())))
    return study_columns(folder, {"person": people(length), **columns}, group="person", **keys)


def test_the_group_is_no_feature_and_stands_in_the_contract(tmp_path):
    found = grouped(tmp_path, {"site": ["north"] * 12 + ["south"] * 12})
    assert [feature.name for feature in found.contract.features] == ["x"]
    assert (found.contract.group, "person" in found.contract.left_out) == ("person", False)
    assert "of 8 groups (person) as a whole" in said(found)
    assert "leak" not in said(found)
    assert "several silos" not in said(found)


def test_group_names_are_text_but_for_what_gaps_made_of_whole_numbers(tmp_path):
    names = ["7", "7.0", "007", "", "", "NA"] * 4
    found = study_columns(tmp_path, {"person": names}, group="person")
    both = np.concatenate((found.train.groups, found.test.groups))
    assert len(np.unique(both)) == 3 + 8
    assert "8 rows without person: each is a group of its own." in said(found)


def test_a_group_in_two_silos_is_told_and_kept_on_one_side(tmp_path):
    found = grouped(tmp_path, {"x": list(range(3, 51, 2))})
    assert not set(found.train.groups) & set(found.test.groups)
    assert "8 groups (person), such as P0, have examples in several silos" in said(found)


def test_a_group_on_both_sides_of_a_split_column_is_a_leak_that_is_told(tmp_path):
    side = ["train"] * 22 + ["test"] * 2  # P7 has rows 21, 22 and 23
    found = grouped(tmp_path, {"side": side}, split_column="side")
    assert "1 group (person), such as P7, has examples in training and in the test, 2 of 2" in (
        said(found)
    )


def test_a_group_in_the_test_file_too_is_a_leak_that_is_told(tmp_path):
    test = write_csv(tmp_path / "test.csv", {**rows(), "person": ["P0", "P1", "", "new"] * 6})
    found = grouped(tmp_path, {"x": list(range(3, 51, 2))}, test_data=str(test))
    assert "2 groups (person), such as P0, have examples in training and in the test, 12 of 24" in (
        said(found)
    )


def test_a_test_file_without_the_group_is_refused(tmp_path):
    test = write_csv(tmp_path / "test.csv", rows())
    with pytest.raises(DataError, match=r"lacks 1 column of .*: person"):
        grouped(tmp_path, {"x": list(range(3, 51, 2))}, test_data=str(test))


def test_one_group_of_all_rows_cannot_be_held_out(tmp_path):
    with pytest.raises(DataError, match=r"no row to test on: groups \(person\) are held out whole"):
        study_columns(tmp_path, {"person": ["P0"] * 24}, group="person")


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("persom", r"group = 'persom': .* has no such column; did you mean person"),
        ("site", "silo and group both name 'site'"),
        ("y", "label and group both name 'y'"),
    ],
)
def test_a_group_that_is_none_is_refused(tmp_path, key, message):
    with pytest.raises(DataError, match=message):
        study_columns(tmp_path, {"person": people()}, group=key)


def test_the_numbers_of_training_groups_do_not_follow_from_test_rows(tmp_path):
    side = (["test"] + ["train"] * 5) * 4
    names = [f"P{index // 3}" for index in range(24)]
    changed = [
        name if part == "train" else f"Q{name}" for name, part in zip(names, side, strict=True)
    ]
    first, second = (
        study_columns(tmp_path, {"person": own, "side": side}, group="person", split_column="side")
        for own in (names, changed)
    )
    np.testing.assert_array_equal(first.train.groups, second.train.groups)
    assert first.test.groups.tolist() != second.test.groups.tolist()


def test_markup_in_a_groups_name_stays_text(tmp_path):
    names = ["\x1b[31m<b>P</b>"] * 3 + people(21)
    found = study_columns(tmp_path, {"person": names}, group="person")
    assert "\x1b" not in said(found)


def test_how_groups_count_is_told_where_they_have_several_examples(tmp_path):
    found = grouped(tmp_path, {"site": ["north"] * 12 + ["south"] * 12})
    assert "2 groups (person) of the test: intervals, tests and verdicts count" in said(found)
    assert "2 groups (person) of the test say as much as 2.0 of one size: too few" in said(found)
    alone = grouped(tmp_path, {"person": [f"P{index}" for index in range(24)]})
    assert "of the test" not in said(alone)


def test_what_is_stored_has_the_groups_of_both_splits(tmp_path):
    path = write_csv(tmp_path / "t.csv", rows() | {"person": people()})
    keys = {"dataset": str(path), "label": "y", "silo": "site"}
    config = api.configure({**keys, "group": "person"}).data
    made, stored = read_dataset(config), read_dataset(config)
    found = study_of(path, group="person")
    for data in (made, stored):
        assert data.train_groups.tolist() == found.train.groups.tolist()
        assert data.test_groups.tolist() == found.test.groups.tolist()
    without = read_dataset(api.configure({**keys, "ignore": "person"}).data)
    assert without.train_groups is None
    assert without.fingerprint != made.fingerprint
