import json
import tomllib
from dataclasses import replace

import numpy as np
import pytest

from fedcompare.data.dataset import read_dataset
from fedcompare.data.partitions import plan as plan_module
from fedcompare.data.partitions.excluded_classes import excluded_labels
from fedcompare.data.partitions.plan import partition_dataset
from fedcompare.data.silos import load_silos
from fedcompare.errors import PartitionError
from fedcompare.names import POOLED


@pytest.fixture(scope="module")
def dataset(tiny):
    return read_dataset(tiny().data)


def partition(dataset, config):
    return partition_dataset(dataset, config.partition, seed=config.seed)


def test_a_stored_partition_equals_a_new_one(tiny, dataset, tmp_path, monkeypatch):
    stored = [partition(dataset, tiny(seed=77)) for _ in range(2)][1]
    monkeypatch.setenv("FEDCOMPARE_CACHE", str(tmp_path))
    new = partition(dataset, tiny(seed=77))
    assert stored.fingerprint == new.fingerprint
    for old, rows in zip(stored.train + stored.test, new.train + new.test, strict=True):
        np.testing.assert_array_equal(old, rows)


def test_pooled_rows_are_those_of_all_silos(tiny, dataset):
    plan = partition(dataset, tiny())
    for split, pooled in enumerate(plan.rows(POOLED)):
        one_by_one = [plan.rows(silo)[split] for silo in (1, 2, 3)]
        np.testing.assert_array_equal(pooled, np.concatenate(one_by_one))


@pytest.mark.parametrize("silo", [-1, 4])
def test_there_are_no_other_silos(tiny, dataset, silo):
    with pytest.raises(IndexError, match=rf"no silo {silo}, only 1 to 3"):
        partition(dataset, tiny()).rows(silo)


def test_the_fingerprint_tells_partitions_apart(tiny):
    configs = [
        tiny(),
        tiny(seed=6),
        tiny(excluded_classes="1,3,7 2,5,8 4,6"),
        tiny(num_silos=1, excluded_classes=""),
    ]
    assert len({load_silos(config).origin.partition for config in configs}) == len(configs)
    assert load_silos(tiny()).origin == load_silos(tiny(learning_rate=0.5)).origin


def test_a_class_that_does_not_exist_is_named(tiny):
    with pytest.raises(PartitionError, match="silo 2 excludes class 10, which does not exist"):
        load_silos(tiny(excluded_classes="1 10 -"))


def test_a_silo_left_with_no_data_is_named(tiny):
    with pytest.raises(PartitionError, match="silo 3 is left with no data"):
        load_silos(tiny(excluded_classes="1 - 0,1,2,3,4,5,6,7,8,9"))


def test_more_silos_than_examples_leave_one_without_data(tiny):
    with pytest.raises(PartitionError, match="silo 301 is left with no data"):
        load_silos(tiny(num_silos=301, excluded_classes=""))


NAMED = ("1", "10", "11", "2", "3", "a,b")


def excluding(tiny, lists, *, silos=None):
    return tiny(num_silos=silos or len(lists), excluded_classes=lists).partition


def test_classes_are_excluded_by_name_and_never_by_position(tiny):
    lists = (("1", "3"), ("a,b",), ())
    assert excluded_labels(excluding(tiny, lists), NAMED) == ((0, 4), (5,), ())


@pytest.mark.parametrize(
    ("names", "lists"),
    [(("benign", "malignant"), (("0",), ("1",))), (("grade [low]", "a,b", "-"), (("1", "2"), ()))],
)
def test_positions_are_refused_with_the_value_by_names(tiny, names, lists):
    with pytest.raises(PartitionError, match="by name, not by position") as error:
        excluded_labels(excluding(tiny, lists), names)
    value = tomllib.loads(str(error.value).partition("write ")[2])["excluded-classes"]
    found = excluded_labels(excluding(tiny, value, silos=len(lists)), names)
    assert found == tuple(tuple(map(int, own)) for own in lists)


def test_an_unknown_name_is_answered_with_the_known_ones_and_no_position(tiny):
    with pytest.raises(PartitionError, match="silo 2 excludes class 4, which does not exist") as e:
        excluded_labels(excluding(tiny, (("1",), ("4",))), NAMED)
    assert 'The dataset\'s classes are 1, 10, 11, 2, 3, "a,b"' in str(e.value)
    assert "position" not in str(e.value)


def test_everything_that_decides_a_partition_is_in_the_key_of_its_cache(tiny, dataset, monkeypatch):
    seen = []

    def record(kind, inputs, build):
        seen.append(json.dumps(inputs, sort_keys=True))
        return build()

    monkeypatch.setattr(plan_module, "cached", record)

    def look(config, **changes):
        partition(replace(dataset, **changes), config)

    config = tiny()
    train, test = dataset.train, dataset.test
    look(config)
    look(tiny(seed=6))
    look(tiny(excluded_classes="1 2 3"))
    look(tiny(num_silos=2, excluded_classes="1 2"))
    look(config, train=replace(train, labels=train.labels.flip(0)))
    look(config, test=replace(test, labels=test.labels.flip(0)))
    look(config, class_names=tuple("9876543210"))
    monkeypatch.setattr(plan_module, "versions", lambda packages: {"numpy": "1"})
    look(config)
    assert len(set(seen)) == len(seen) == 8
