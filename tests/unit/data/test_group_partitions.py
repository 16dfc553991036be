"""Partitioners deal groups whole, whatever they are."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from fedcompare.config.plan_files import PlanFile, format_plan
from fedcompare.data.partitions.units import Units, rows_of
from fedcompare.errors import PartitionError
from made_up_partitions import class_counts, deal, made_up_dataset

TABLE = f"distribution_array={[[1] * 2] * 10}, num_unique_labels_per_partition=2"
DEALT = [
    ("excluded-classes", 3),
    ("iid", 7),
    ("dirichlet(alpha=0.5, min_partition_size=1)", 4),
    ("inner-dirichlet(partition_sizes=[50, 80, 20], alpha=1)", None),
    ("pathological(num_classes_per_partition=3)", 4),
    ("shard(num_shards_per_partition=2)", 5),
    ("size(partition_sizes=[100, 1, 30])", None),
    ("linear", 6),
    ("square", 5),
    ("exponential", 4),
    (f"distribution({TABLE}, preassigned_num_samples_per_label=1)", 10),
]
EVERY = pytest.mark.parametrize(("partition", "silos"), DEALT)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FEDCOMPARE_CACHE", str(tmp_path / "cache"))


def grouped(members=3, *, in_order=False):
    """Return 600 and 300 examples, each a group of so many, next to each other."""
    dataset = made_up_dataset(in_order=in_order)
    train = torch.arange(600) // members
    return replace(
        dataset, train_groups=train, test_groups=train.max() + 1 + torch.arange(300) // members
    )


def made(dataset, partition, silos, **keys):
    return deal(dataset, partition, **({} if silos is None else {"num_silos": silos}), **keys)


def owners(parts, groups):
    """Return how many silos have rows of each group that any silo has."""
    own = np.concatenate([np.unique(groups.numpy()[rows]) for rows in parts])
    return np.unique(own, return_counts=True)[1]


@EVERY
def test_a_group_has_one_silo_and_its_rows_are_there(partition, silos):
    dataset = grouped()
    plan = made(dataset, partition, silos, excluded_classes="")
    for parts, groups in ((plan.train, dataset.train_groups), (plan.test, dataset.test_groups)):
        assert set(owners(parts, groups)) == {1}
        assert all(len(rows) % 3 == 0 for rows in parts)
        rows = np.concatenate(parts)
        assert len(np.unique(rows)) == len(rows)
    assert plan.notes[0].startswith("200 groups of 600 training examples are dealt whole")


@EVERY
def test_groups_of_one_row_each_are_rows(partition, silos):
    found = made(grouped(1), partition, silos, excluded_classes="")
    rows = made(made_up_dataset(in_order=False), partition, silos, excluded_classes="")
    assert found.fingerprint == rows.fingerprint


def test_sizes_count_groups():
    plan = deal(grouped(), "size(partition_sizes=[100, 1, 30])")
    assert list(map(len, plan.train)) == [300, 3, 90]
    assert "sizes and shares of partition count groups" in plan.notes[0]


def test_a_group_is_dealt_as_its_most_frequent_class():
    dataset = grouped(in_order=True)
    labels = dataset.train.labels.numpy()
    plan = deal(dataset, "pathological(num_classes_per_partition=4)", num_silos=2)
    assert [len(set(labels[rows])) for rows in plan.train] == [4, 4]
    assert Units.of(torch.tensor([2, 1, 1]), torch.tensor([4, 4, 4])).labels.tolist() == [1]


def test_what_a_silo_excludes_is_left_out_of_its_groups_and_the_rest_of_them_stays():
    dataset = grouped()
    excluded = '[["class 1"],[],["class 2","class 3"]]'
    plan = deal(dataset, "excluded-classes", excluded_classes=excluded)
    whole = deal(dataset, "excluded-classes", excluded_classes="")
    labels = dataset.train.labels.numpy()
    counts = class_counts(labels, plan.train)
    assert (counts == 0).tolist() == [
        [c == 1 for c in range(10)],
        [False] * 10,
        [c in (2, 3) for c in range(10)],
    ]
    for own, every, classes in zip(plan.train, whole.train, ([1], [], [2, 3]), strict=True):
        np.testing.assert_array_equal(own, every[~np.isin(labels[every], classes)])
    assert "rows of classes that its silo excludes are left out" in plan.notes[0]


@pytest.mark.parametrize(
    ("partition", "silos", "message"),
    [
        ("iid", 201, "there are 200 groups to train on; lower num-silos"),
        ("size(partition_sizes=[200, 1])", None, "but there are 200 groups to train on"),
        ("shard(num_shards_per_partition=100)", 3, "more than the 200 groups to train on"),
    ],
)
def test_what_cannot_be_made_of_groups_is_refused_in_groups(partition, silos, message):
    with pytest.raises(PartitionError, match=message):
        made(grouped(), partition, silos)


def test_other_groups_are_dealt_anew():
    first, second = (made(grouped(members), "iid", 5) for members in (2, 3))
    assert first.fingerprint != second.fingerprint


def test_a_plan_that_splits_groups_is_followed_and_told(tmp_path):
    dataset = grouped()
    plan = PlanFile(train=((0, 3, 4, 5), (1, 6)), test=((0,), (1,)), data=dataset.fingerprint)
    (tmp_path / "plan.json").write_text(format_plan(plan))
    found = deal(dataset, f"plan:{tmp_path / 'plan.json'}", num_silos=2)
    assert found.notes[0] == "The partition splits 1 group between silos."


def test_rows_of_groups_come_group_by_group():
    members = np.array([1, 0, 1, 2, 0])
    assert rows_of(members, np.array([2, 1])).tolist() == [3, 0, 2]
    assert rows_of(members, np.array([], dtype=np.int64)).tolist() == []
