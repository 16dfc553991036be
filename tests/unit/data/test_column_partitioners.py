"""Partitioners that deal by a column of a table, or by the silos that data name."""

import itertools

import numpy as np
import pytest

from fedcompare import api
from fedcompare.data.partitions.by_value import deal_nearest
from fedcompare.data.silos import load_silos
from fedcompare.errors import ConfigError, PartitionError
from made_up_tables import patients, write_csv

SITES = [f"ward {number}" for number in (1, 2, 3, 4, 5, 6, 10)]


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FEDCOMPARE_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def path(tmp_path):
    columns = patients(280)
    columns["hospital"] = [SITES[index % 7] for index in range(280)]
    columns["person"] = [f"P{index // 14}" for index in range(280)]
    return write_csv(tmp_path / "patients.csv", columns)


def configure(path, partition, **keys):
    named = {"dataset": str(path), "label": "outcome", "partition": partition, **keys}
    return api.configure({key.replace("_", "-"): value for key, value in named.items()})


# Natural silos, one or several in one.


@pytest.mark.parametrize(
    ("partition", "keys"),
    [
        ("natural-id(partition_by='hospital')", {}),
        ("natural-id(partition_by='hospital')", {"silo": "hospital"}),
        ("natural-id", {"silo": "hospital"}),
    ],
)
def test_natural_id_is_the_silo_column(path, partition, keys):
    plain = configure(path, "excluded-classes", silo="hospital")
    assert configure(path, partition, **keys) == plain


MADE = {
    "allow-smaller": ["ward 1 + ward 2 + ward 3", "ward 4 + ward 5 + ward 6", "ward 10"],
    "drop-reminder": ["ward 1 + ward 2 + ward 3", "ward 4 + ward 5 + ward 6"],
    "allow-bigger": ["ward 1 to ward 4 (4)", "ward 5 + ward 6 + ward 10"],
}


@pytest.mark.parametrize("mode", MADE)
def test_several_values_make_a_silo_in_their_natural_order(path, mode):
    partition = f"grouped-natural-id(partition_by='hospital', group_size=3, mode='{mode}')"
    config = configure(path, partition)
    found, each = load_silos(config), load_silos(configure(path, "natural-id", silo="hospital"))
    assert list(found.names) == MADE[mode]
    assert config.partition.num_silos == len(found)
    sizes = [(len(silo.train), len(silo.test)) for silo in each]
    place = 0
    for silo, name in zip(found, MADE[mode], strict=True):
        count = 4 if "to" in name else name.count("ward")
        assert (len(silo.train), len(silo.test)) == tuple(
            map(sum, zip(*sizes[place : place + count], strict=True))
        )
        place += count
    said = " ".join(found.notes)
    assert ("leaves" in said) == (mode == "drop-reminder")
    assert ("of the 7 in the data, in their natural order" in said) == (mode != "drop-reminder")
    assert api.configure(config.to_flat()) == config
    assert load_silos(config.with_seed(9)).origin == found.origin


@pytest.mark.parametrize(
    ("arguments", "keys", "message"),
    [
        ("group_size=3, mode='strict'", {}, "no multiple of 3; 1, 7 work"),
        ("group_size=8, mode='allow-bigger'", {}, "group_size must be 1 to 7"),
        ("group_size=0", {}, "group_size must be 1 to 7"),
        ("group_size=2", {"silo": "sex"}, "silo: sex, but partition_by names hospital"),
        ("group_size=2", {"num_silos": 5}, "num-silos: 5, but grouped-natural-id makes 4 silos"),
    ],
)
def test_what_cannot_be_made_of_natural_silos_is_refused(path, arguments, keys, message):
    partition = f"grouped-natural-id(partition_by='hospital', {arguments})"
    with pytest.raises((ConfigError, PartitionError), match=message):
        configure(path, partition, **keys)


def test_data_that_name_no_silos_have_none_to_take_together(path):
    with pytest.raises(PartitionError, match="the data name no silos; name a column by"):
        load_silos(configure(path, "grouped-natural-id(group_size=2)"))


# By a number.


def ages(path, partition, **keys):
    """Return the silos, and the standardised age of each training and test row of each."""
    silos = load_silos(configure(path, partition, num_silos=4, features="age,marker", **keys))
    both = [[part.inputs[:, 0].numpy() for part in (silo.train, silo.test)] for silo in silos]
    return silos, both


def test_silos_are_parts_of_the_sorted_values_and_are_tested_on_such(path):
    silos, found = ages(path, "continuous(partition_by='age', strictness=1)")
    assert [len(train) for train, _ in found] == [56] * 4
    for (below, below_test), (above, above_test) in itertools.pairwise(found):
        assert below.max() <= above.min()
        assert np.median(below_test) < np.median(above_test)
    assert sum(len(test) for _, test in found) == len(silos.test)


def test_without_strictness_parts_are_random(path):
    _, found = ages(path, "continuous(partition_by='age', strictness=0)")
    assert all(abs(train.mean()) < 0.4 for train, _ in found)


def test_groups_are_dealt_whole_by_their_mean(path):
    partition = "continuous(partition_by='age', strictness=1)"
    silos, found = ages(path, partition, group="person")
    groups = silos.dataset.train_groups.numpy()
    owned = [set(groups[rows]) for rows in silos.plan.train]
    assert sum(map(len, owned)) == len(set(groups)) == 16
    assert [round(train.mean(), 3) for train, _ in found] == sorted(
        round(train.mean(), 3) for train, _ in found
    )


def test_another_column_and_seed_give_other_rows(path):
    plans = [
        load_silos(
            configure(path, f"continuous(partition_by='{column}', strictness=0.9)", seed=seed)
        )
        for column, seed in (("age", 1), ("marker", 1), ("age", 2))
    ]
    assert len({silos.origin.partition for silos in plans}) == 3


@pytest.mark.parametrize("column", ["sex", "outcome", "weight"])
def test_a_column_without_numbers_is_refused_with_those_that_have_them(path, column):
    partition = f"continuous(partition_by='{column}', strictness=1)"
    with pytest.raises(PartitionError, match=f"partition_by = '{column}' is no .* age, marker"):
        load_silos(configure(path, partition))


def test_strictness_has_its_range(path):
    with pytest.raises(PartitionError, match=r"strictness must be 0 .* to 1 .*, got 2"):
        load_silos(configure(path, "continuous(partition_by='age', strictness=2)"))


def test_test_rows_go_where_the_nearest_training_rows_are():
    values = np.array([0.0, 1.0, 10.0, 11.0])
    train = [np.array([0, 1]), np.array([2, 3])]
    first, second = deal_nearest(train, values, np.array([-5.0, 4.0, 7.0, 99.0]), seed=1)
    assert (first.tolist(), second.tolist()) == ([0, 1], [2, 3])
    (shared,) = {len(own) for own in deal_nearest(train, np.zeros(4), np.zeros(0), seed=1)}
    assert shared == 0
    halves = deal_nearest(train, np.zeros(4), np.zeros(1000), seed=1)
    assert all(400 < len(own) < 600 for own in halves)
