"""What silos agree on follows from training rows alone, and from sums that silos could share."""

import functools
import operator

import numpy as np
import pytest

from fedcompare.config.groups import DataConfig
from fedcompare.data.held_out import hold_out
from fedcompare.data.sources.table import TableFile
from fedcompare.data.tables.contract import Contract, Feature, Kind, contract_from_json
from fedcompare.data.tables.encoding import encode
from fedcompare.data.tables.facts import find_facts, find_sums, squares
from fedcompare.errors import DataError
from made_up_tables import patients, rows, study_columns, study_of, write_csv


def decoded(path, **keys):
    return TableFile(DataConfig(dataset=str(path), **keys)).decode()


def scrambled(columns, places, seed):
    """Return the columns with other values in all features of some rows, of other kinds too."""
    random = np.random.default_rng(seed)
    strange = ["", "?", "inf", "never seen", "1e300", "007", "2020-01-02"]
    changed = {name: list(values) for name, values in columns.items()}
    for name in ("age", "marker", "sex"):
        for place in places:
            changed[name][place] = random.choice(strange)
    return changed


@pytest.mark.parametrize("seed", range(3))
def test_other_test_rows_change_neither_contract_nor_training(tmp_path, seed):
    columns = patients(100, seed=seed)
    keys = {"label": "outcome", "silo": "hospital"}
    path = write_csv(tmp_path / "first.csv", columns)
    before = study_of(path, **keys)
    changed = scrambled(columns, before.test.numbers, seed)
    other = write_csv(tmp_path / "second.csv", changed)
    first, second = decoded(path, **keys), decoded(other, **keys)
    assert first.contract == second.contract
    assert first.train.inputs.equal(second.train.inputs)
    assert first.train.labels.equal(second.train.labels)
    assert first.train.silos.equal(second.train.silos)
    assert first.fingerprint != second.fingerprint
    assert second.test.inputs.isfinite().all()


def test_rows_of_another_file_change_nothing_of_training(tmp_path):
    path = write_csv(tmp_path / "train.csv", patients(60))
    keys = {"label": "outcome", "silo": "hospital"}
    found = [
        decoded(path, **keys, test_data=str(write_csv(tmp_path / f"test-{seed}.csv", own)))
        for seed in (1, 2)
        for own in [patients(30, seed=seed)]
    ]
    assert found[0].contract == found[1].contract
    assert found[0].train.inputs.equal(found[1].train.inputs)
    assert len(found[0].train.labels) == 60
    assert not found[0].test.inputs.equal(found[1].test.inputs)


def test_means_and_deviations_are_those_of_all_training_rows(tmp_path):
    found = study_of(write_csv(tmp_path / "t.csv", patients(150)), label="outcome", silo="hospital")
    inputs = encode(found.contract, found.train.table, found.train.numbers)
    np.testing.assert_allclose(inputs[:, :2].mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(inputs[:, :2].std(axis=0), 1, rtol=1e-6)


def test_facts_of_silos_add_up_to_those_of_all_rows(tmp_path):
    found = study_columns(tmp_path, {"v": [1, "x", "", "NA"] * 6})
    column, numbers = found.train.table.columns["v"], np.arange(24)
    parts = [numbers[:5], numbers[5:6], numbers[6:]]
    added = functools.reduce(operator.add, find_facts(column, parts))
    (whole,) = find_facts(column, [numbers])
    for name in ("rows", "missing", "categories", "distinct", "codes", "misfits", "no_day"):
        assert getattr(added, name) == getattr(whole, name)


def test_sums_and_squares_of_silos_add_up():
    values = np.array([1.0, 5.0, np.nan, 2.0, np.inf, 9.0, 999.0])
    parts = np.split(values, [2, 5])
    added = functools.reduce(operator.add, map(find_sums, parts))
    whole = find_sums(values)
    assert added == whole
    assert (whole.count, whole.infinite, whole.low, whole.high) == (5, 1, 1, 999)
    assert (whole.next_low, whole.next_high) == (2, 9)
    assert sum(squares(part, 3.0) for part in parts) == squares(values, 3.0)


def test_large_numbers_keep_their_deviation(tmp_path):
    values = [1e9 + index % 7 for index in range(48)]
    found = study_columns(tmp_path, {"v": values})
    own = next(one for one in found.contract.features if one.name == "v")
    expected = np.std(np.array(values)[found.train.numbers])
    assert own.deviation == pytest.approx(expected, rel=1e-9)


def test_a_contract_is_read_back_from_its_json(tmp_path):
    columns = {"v": ["red", "", "東京"] * 8, "w": ["yes", "no"] * 12, "z": ["2020-01-02"] * 24}
    contract = study_columns(tmp_path, columns).contract
    assert contract_from_json(contract.to_json()) == contract
    with pytest.raises(ValueError, match="version 99 of a contract"):
        contract_from_json(contract.to_json().replace('"version": 1', '"version": 99'))


def test_each_difference_gives_another_fingerprint():
    def contract(**changes):
        feature = {"name": "x", "kind": Kind.NUMBER, "mean": 1.0}
        own = {"label": "y", "silo": "s", "classes": ("a", "b"), "silos": ("p",), "left_out": {}}
        features = (Feature(**feature | {k: v for k, v in changes.items() if k in feature}),)
        rest = {key: value for key, value in changes.items() if key not in feature}
        return Contract(**own | rest, features=features)

    every = [
        contract(),
        contract(mean=1.0000001),
        contract(classes=("b", "a")),
        contract(silos=("q",)),
        contract(name="z"),
        contract(kind=Kind.DAY),
    ]
    assert len({one.fingerprint for one in every}) == len(every)


def test_rows_become_inputs_as_the_contract_says(tmp_path):
    columns = rows(8) | {
        "x": [1, 3, "", 1, 3, 5, 7, "lost"],
        "color": ["red", "blue", "", "red", "blue", "red", "green", ""],
        "smokes": ["yes", "no", "", "yes", "yes", "no", "yes", "maybe"],
        "part": ["train"] * 6 + ["test"] * 2,
    }
    found = study_of(write_csv(tmp_path / "t.csv", columns), split_column="part")
    assert [(one.name, one.width) for one in found.contract.features] == [
        ("x", 2),
        ("color", 3),
        ("smokes", 2),
    ]
    x = np.array([1, 3, 2.6, 1, 3, 5])
    deviation = np.std([1, 3, 1, 3, 5])
    train = encode(found.contract, found.train.table, np.arange(6))
    np.testing.assert_allclose(train[:, 0], (x - 2.6) / deviation, atol=1e-6)
    np.testing.assert_array_equal(train[:, 1], [0, 0, 1, 0, 0, 0])
    np.testing.assert_array_equal(train[:, 2:5].argmax(axis=1), [1, 0, 2, 1, 0, 1])
    np.testing.assert_allclose(train[:, 5], [1, 0, 0.6, 1, 1, 0], rtol=1e-6)
    np.testing.assert_array_equal(train[:, 6], [0, 0, 1, 0, 0, 0])
    test = encode(found.contract, found.test.table, found.test.numbers)
    np.testing.assert_array_equal(test[0, 2:5], [0, 0, 0])  # green is known to nobody
    np.testing.assert_allclose(test[1], [0, 1, 0, 0, 1, 0.6, 1], rtol=1e-6)
    told = "\n".join(found.notes)
    assert "color: 1 test row holds what training rows do not (first 'green' in row 8)" in told
    assert "smokes: 1 test row holds what training rows do not (first 'maybe' in row 9)" in told


# What is held out.


def test_a_share_of_each_silo_and_class_is_held_out():
    random = np.random.default_rng(1)
    labels, silos = random.choice(3, 900, p=[0.6, 0.3, 0.1]), random.integers(0, 4, 900)
    held = hold_out(labels, silos, 0.2)
    np.testing.assert_array_equal(held, hold_out(labels, silos, 0.2))
    for label in range(3):
        assert held[labels == label].sum() == round(0.2 * (labels == label).sum())
        for silo in range(4):
            own = held[(labels == label) & (silos == silo)]
            assert abs(own.sum() - 0.2 * len(own)) <= 1


def test_small_silos_share_what_is_held_out():
    silos, labels = np.repeat(np.arange(100), 6), np.tile([0, 1], 300)
    held = np.bincount(silos, weights=hold_out(labels, silos, 0.2), minlength=100)
    assert set(held) == {1, 2}
    assert held.sum() == 120


@pytest.mark.parametrize(
    ("labels", "silos", "held"),
    [
        ([0, 0, 1, 1], [0, 0, 1, 1], {0: 1, 1: 1}),  # at least one, and one stays
        ([0, 0, 0, 1], [0, 0, 0, 0], {0: 1, 1: 0}),  # of one row none can be held out
        ([0, 0], [0, 1], {0: 1}),  # one row in each silo
    ],
)
def test_every_class_that_can_be_is_tested(labels, silos, held):
    labels = np.array(labels)
    found = hold_out(labels, np.array(silos), 0.2)
    assert {label: found[labels == label].sum() for label in held} == held


def test_test_rows_of_classes_and_silos_without_training_are_left_out(tmp_path):
    columns = rows() | {"part": ["train"] * 16 + ["test"] * 8}
    columns["y"][-1], columns["site"][-2] = "c", "west"
    found = study_of(write_csv(tmp_path / "t.csv", columns), split_column="part")
    assert found.contract.classes == ("a", "b")
    assert found.contract.silos == ("north", "south")
    assert "Test rows whose y no training row has, 1 (c): left out." in found.notes
    assert "Test rows whose site no training row has, 1 (west): left out." in found.notes
    assert len(found.test) == 6


def test_a_split_column_says_which_rows_are_which(tmp_path):
    columns = rows() | {"part": ["Train"] * 12 + ["TEST"] * 8 + ["valid"] * 4}
    path = write_csv(tmp_path / "t.csv", columns)
    found = study_of(path, split_column="part")
    np.testing.assert_array_equal(found.train.numbers, range(12))
    np.testing.assert_array_equal(found.test.numbers, range(12, 20))
    assert "Rows of other splits than train, test, 4: left out." in found.notes
    other = study_of(path, split_column="part", test_split="valid")
    np.testing.assert_array_equal(other.test.numbers, range(20, 24))
    with pytest.raises(DataError, match=r"no row has 'dev', but train, test, valid\. Set test-sp"):
        study_of(path, split_column="part", test_split="dev")


def test_a_test_file_with_other_columns_is_refused(tmp_path):
    other = rows()
    del other["x"]
    path = write_csv(tmp_path / "train.csv", rows() | {"v": [1, 2] * 12})
    with pytest.raises(DataError, match=r"lacks 2 columns of .*train\.csv: x, v\. Both "):
        study_of(path, test_data=str(write_csv(tmp_path / "test.csv", other)))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_equal_tables_are_the_same_data_wherever_they_lie(tmp_path, separator):
    keys = {"label": "outcome", "silo": "hospital"}
    first = decoded(write_csv(tmp_path / "a.csv", patients(60)), **keys)
    other = write_csv(tmp_path / "b.csv", patients(60), separator=separator)
    assert decoded(other, **keys).fingerprint == first.fingerprint
