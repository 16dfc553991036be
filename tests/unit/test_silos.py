import json
import tomllib
from dataclasses import replace

import numpy as np
import pytest
import torch

from fedcompare.data import silos as silos_module
from fedcompare.data.datasets import load_dataset
from fedcompare.data.silos import (
    count_test_examples,
    excluded_labels,
    find_origin,
    load_silo,
    load_silos,
)
from fedcompare.errors import PartitionError


def test_silos_lack_their_excluded_classes_in_training_and_test(tiny):
    config = tiny()
    for silo, excluded in zip(load_silos(config), config.partition.excluded_classes, strict=True):
        for examples in (silo.train, silo.test):
            assert set(examples.labels.tolist()) == set(range(10)) - set(map(int, excluded))


def test_label_counts_count_the_training_examples(tiny):
    silo = load_silo(tiny(), 2)
    counts = silo.label_counts(10)
    assert sum(counts) == len(silo.train)
    assert [counts[c] for c in (2, 5, 8)] == [0, 0, 0]


def test_one_silo_is_the_same_as_among_all(tiny):
    alone, among = load_silo(tiny(), 3), load_silos(tiny())[2]
    assert (alone.id, alone.name) == (3, "silo 3")
    assert torch.equal(alone.train.inputs, among.train.inputs)
    assert torch.equal(alone.test.labels, among.test.labels)


def test_iid_silos_share_all_examples(tiny):
    config = tiny(num_silos=4, excluded_classes="")
    silos = load_silos(config)
    assert [len(silo.train) for silo in silos] == [75] * 4
    inputs = torch.cat([silo.train.inputs for silo in silos]).flatten(1).numpy()
    expected = load_dataset(config.data).train.inputs.flatten(1).numpy()
    np.testing.assert_array_equal(np.unique(inputs, axis=0), np.unique(expected, axis=0))


def test_a_stored_partition_equals_a_new_one(tiny, tmp_path, monkeypatch):
    stored = load_silo(tiny(seed=77), 1).train.labels
    monkeypatch.setenv("FEDCOMPARE_CACHE", str(tmp_path))
    silos_module._partition.cache_clear()
    assert torch.equal(load_silo(tiny(seed=77), 1).train.labels, stored)


def test_the_fingerprint_tells_partitions_apart(tiny):
    configs = [
        tiny(),
        tiny(seed=6),
        tiny(excluded_classes="1,3,7 2,5,8 4,6"),
        tiny(num_silos=1, excluded_classes=""),
    ]
    assert len({find_origin(config).partition for config in configs}) == len(configs)
    assert find_origin(tiny()) == find_origin(tiny(learning_rate=0.5))


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


def test_own_test_examples_are_counted(tiny):
    config = tiny(num_silos=120, excluded_classes="")
    expected = tuple(len(silo.test) for silo in load_silos(config))
    assert count_test_examples(config) == expected
    assert 0 in expected


def test_everything_that_decides_a_partition_is_in_the_key_of_its_cache(tiny, monkeypatch):
    seen = []

    def record(kind, inputs, build):
        seen.append(json.dumps(inputs, sort_keys=True))
        return build()

    monkeypatch.setattr(silos_module, "cached", record)

    def look(config, **changes):
        silos_module._partition.cache_clear()
        dataset = replace(load_dataset(config.data), **changes)
        monkeypatch.setattr(silos_module, "load_dataset", lambda data: dataset)
        silos_module.check_data(config)
        monkeypatch.setattr(silos_module, "load_dataset", load_dataset)

    config = tiny()
    train, test = load_dataset(config.data).train, load_dataset(config.data).test
    look(config)
    look(tiny(seed=6))
    look(tiny(excluded_classes="1 2 3"))
    look(tiny(num_silos=2, excluded_classes="1 2"))
    look(config, train=replace(train, labels=train.labels.flip(0)))
    look(config, test=replace(test, labels=test.labels.flip(0)))
    look(config, class_names=tuple("9876543210"))
    monkeypatch.setattr(silos_module, "versions", lambda packages: {"numpy": "1"})
    look(config)
    assert len(set(seen)) == len(seen) == 8
    silos_module._partition.cache_clear()
