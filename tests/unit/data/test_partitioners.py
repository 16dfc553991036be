"""What holds for every partitioner, whatever its arguments."""

import random
import re
from dataclasses import replace

import numpy as np
import pytest

from fedcompare.config.choices import Choice
from fedcompare.data.partitions.catalog import CATALOG, check_partitioner, list_partitioners
from fedcompare.errors import ConfigError, PartitionError
from made_up_partitions import class_counts, deal, made_up_dataset, parse

TABLE = f"distribution_array={[[1] * 2] * 10}, num_unique_labels_per_partition=2"
# As written in a configuration, and for how many silos; None where the arguments say it.
DEALT = [
    ("iid", 7),
    ("iid", 60),
    ("dirichlet(alpha=0.5)", 4),
    ("dirichlet(alpha=[1, 0.1, 5], self_balancing=true)", 3),
    ("dirichlet(alpha=1, min_partition_size=1)", 60),
    ("inner-dirichlet(partition_sizes=[100, 200, 50], alpha=0.5)", None),
    ("inner-dirichlet(partition_sizes=[300, 300], alpha=100)", None),
    ("pathological(num_classes_per_partition=2)", 3),
    ("pathological(num_classes_per_partition=3, class_assignment_mode='deterministic')", 60),
    ("pathological(num_classes_per_partition=2, class_assignment_mode='first-deterministic')", 9),
    ("shard(num_shards_per_partition=2)", 7),
    ("shard(num_shards_per_partition=2)", 60),
    ("shard(shard_size=17)", 5),
    ("shard(shard_size=17, keep_incomplete_shard=true)", 5),
    ("shard(shard_size=9, num_shards_per_partition=3)", 6),
    ("size(partition_sizes=[400, 1, 30])", None),
    ("linear", 10),
    ("square", 8),
    ("exponential", 5),
    (f"distribution({TABLE}, preassigned_num_samples_per_label=2)", 10),
    (f"distribution({TABLE}, preassigned_num_samples_per_label=0, rescale=false)", 10),
]
EVERY = pytest.mark.parametrize(("partition", "silos"), DEALT)


@pytest.fixture(scope="module")
def dataset():
    """A file that is sorted by class, which is what nobody thinks of."""
    return made_up_dataset()


def made(dataset, partition, silos, **keys):
    return deal(dataset, partition, **({} if silos is None else {"num_silos": silos}), **keys)


def test_every_partitioner_that_is_offered_is_tried():
    tried = {Choice.parse(text).name for text, _ in DEALT}
    offered = {name for name, row in CATALOG.items() if not row.refusal}
    by_column = {"continuous", "natural-id", "grouped-natural-id"}  # see test_column_partitioners
    assert offered - tried == {"excluded-classes", "plan", *by_column}


def test_every_partitioner_of_flower_datasets_is_known():
    import flwr_datasets.partitioner as flower

    names = {row.callee().__name__ for row in CATALOG.values()}
    assert names >= set(flower.__all__) - {"Partitioner"}


@EVERY
def test_rows_have_one_silo_at_most_and_what_is_left_out_is_told(dataset, partition, silos):
    plan = made(dataset, partition, silos)
    assert all(len(rows) for rows in plan.train)
    found = re.findall(r"leaves (\d+) of \d+ (training|test) examples", " ".join(plan.notes))
    told = {kind: int(missing) for missing, kind in found}
    for kind, parts, examples in (
        ("training", plan.train, dataset.train),
        ("test", plan.test, dataset.test),
    ):
        rows = np.concatenate(parts)
        assert all(part.dtype == np.int64 for part in parts)
        assert len(np.unique(rows)) == len(rows)
        assert rows.min() >= 0
        assert rows.max() < len(examples)
        assert told.get(kind, 0) == len(examples) - len(rows)


@EVERY
def test_one_seed_gives_one_partition_and_another_seed_another(
    dataset, partition, silos, tmp_path, monkeypatch
):
    first = made(dataset, partition, silos)
    other = made(dataset, partition, silos, seed=8)
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002 - the global state is what is tested
    states = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    monkeypatch.setenv("FEDCOMPARE_CACHE", str(tmp_path))
    assert made(dataset, partition, silos).fingerprint == first.fingerprint
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states  # noqa: NPY002
    for one, two in zip((first.train, first.test), (other.train, other.test), strict=True):
        assert np.concatenate(one).tolist() != np.concatenate(two).tolist()


@EVERY
def test_own_test_examples_have_the_classes_of_the_training_examples(dataset, partition, silos):
    plan = made(dataset, partition, silos)
    train = class_counts(dataset.train.labels.numpy(), plan.train)
    test = class_counts(dataset.test.labels.numpy(), plan.test)
    scale = 0.5 / (train.sum(axis=0) / 60).max()  # there are half as many test examples
    assert np.abs(test - train * scale).max() < 1 + 1e-9
    assert np.abs(test.sum(axis=1) - train.sum(axis=1) * scale).max() < 2


def test_sizes_of_test_sets_follow_those_of_the_silos():
    dataset = made_up_dataset(6000, 1000)
    plan = deal(dataset, "linear", num_silos=20)
    sizes, tests = (np.array(list(map(len, parts))) for parts in (plan.train, plan.test))
    assert np.abs(tests - sizes / 6).max() < 1.5
    assert tests.sum() == 1000


@pytest.mark.parametrize(
    "partition", ["iid", "linear", "square", "size(partition_sizes=[200, 200, 200])"]
)
def test_a_sorted_file_is_shuffled_before_it_is_dealt(dataset, partition):
    counts = class_counts(dataset.train.labels.numpy(), deal(dataset, partition).train)
    assert (counts > 0).all()


def test_a_small_alpha_is_skewed_and_a_large_one_is_not(dataset):
    def largest(partition):
        counts = class_counts(dataset.train.labels.numpy(), deal(dataset, partition).train)
        return (counts.max(axis=1) / counts.sum(axis=1)).mean()

    assert largest("dirichlet(alpha=0.05, min_partition_size=1)") > 0.3
    assert largest("dirichlet(alpha=1000)") < 0.13


def test_sizes_and_classes_are_those_that_were_asked_for(dataset):
    labels = dataset.train.labels.numpy()
    plan = deal(dataset, "inner-dirichlet(partition_sizes=[100, 200, 50], alpha=0.5)")
    assert list(map(len, plan.train)) == [100, 200, 50]
    plan = deal(dataset, "pathological(num_classes_per_partition=2)", num_silos=5)
    assert (class_counts(labels, plan.train) > 0).sum(axis=1).tolist() == [2] * 5
    plan = deal(dataset, "shard(num_shards_per_partition=2, shard_size=60)", num_silos=5)
    assert (class_counts(labels, plan.train) % 60 == 0).all()


def test_classes_that_nobody_drew_are_named(dataset):
    plan = deal(dataset, "pathological(num_classes_per_partition=1)", num_silos=2)
    train, test = plan.notes
    assert train.startswith("The partition leaves 480 of 600 training examples out, among them all")
    assert train.count("class ") == 9  # "of class class 0, class 2, ..."
    assert test.startswith("The partition leaves 240 of 300 test examples out")


def test_a_class_that_only_the_test_split_has_belongs_to_nobody():
    dataset = made_up_dataset()
    kept = np.flatnonzero(dataset.train.labels.numpy() != 4)
    lacking = replace(dataset, train=dataset.train.subset(kept))
    choice = "inner-dirichlet(partition_sizes=[270, 270], alpha=1)"
    plan = deal(lacking, choice)
    assert sum(map(len, plan.train)) == 540
    labels = lacking.test.labels.numpy()
    assert 4 not in labels[np.concatenate(plan.test)]
    assert plan.notes == (
        "The partition leaves 30 of 300 test examples out, among them all of class class 4.",
    )


def test_a_split_without_enough_tests_leaves_silos_untested_and_loses_none():
    plan = deal(made_up_dataset(6000, 20), "iid", num_silos=60)
    assert sorted(map(len, plan.test)) == [0] * 40 + [1] * 20


# By fedcompare 0.2 as it was before there were other partitioners.
DEALT_BEFORE = {
    "": "d5b502dfee52dd8baafe2047ac6d28975d75816d15de6f0b1955c36fa5900242",
    '[["class 1","class 3"],["class 2"],["class 9"]]': (
        "f339fe40e27583c7a375c64fb9fd92d6ca926739b7838fd84d51afc871ab00c1"
    ),
}


@pytest.mark.parametrize("excluded", DEALT_BEFORE)
def test_the_default_deals_the_rows_that_it_always_dealt(dataset, excluded):
    plan = deal(dataset, "excluded-classes", excluded_classes=excluded, seed=42)
    assert plan.fingerprint == DEALT_BEFORE[excluded]
    assert plan.notes == ()


IMPOSSIBLE = [
    ("linear", 60, "silo 1 would get less than one of the 600"),
    ("square", 60, "silo 1 would get"),
    ("exponential", 60, "silo 1 would get"),
    ("exponential", 599, "silo 1 would get"),
    ("size(partition_sizes=[600, 1])", None, "add up to 601, but there are 600"),
    ("size(partition_sizes=[600, 0])", None, "must be 1 or more"),
    ("inner-dirichlet(partition_sizes=[700], alpha=1)", None, "add up to 700"),
    ("inner-dirichlet(partition_sizes=[9], alpha=[1, 2])", None, "lists 2 .* 10 classes; list 10"),
    ("inner-dirichlet(partition_sizes=[300, 300], alpha=0.001)", None, r"NaN|.* \(seed 7\)"),
    ("dirichlet(alpha=0)", 3, "alpha must be above 0"),
    ("dirichlet(alpha=[1, 2])", 3, "alpha lists 2 numbers, but there are 3 silos; list 3"),
    ("dirichlet(alpha=1, min_partition_size=11)", 60, "min_partition_size=10 is the most"),
    ("dirichlet(alpha=0.5)", 60, r"\(seed 7\): Flower Datasets: The max number of attempts"),
    ("dirichlet(alpha=0.01)", 20, r"\(seed 7\)"),
    ("dirichlet(alpha=0.01, min_partition_size=0)", 30, "silo .* is left with no data"),
    ("pathological(num_classes_per_partition=11)", 3, "10 classes; 1 to 10 works"),
    ("pathological(num_classes_per_partition=0)", 3, "1 to 10 works"),
    ("pathological(num_classes_per_partition=9)", 70, "Label: .* num-silos = 35 works"),
    ("shard", 3, "give num_shards_per_partition"),
    ("shard(shard_size=0)", 3, "1 or more"),
    ("shard(num_shards_per_partition=100)", 100, "num_shards_per_partition=6 or less works"),
    ("shard(num_shards_per_partition=2, shard_size=400)", 3, "shard_size=100 or less works"),
    ("shard(num_shards_per_partition=700, shard_size=4)", 3, "num_shards_per_partition=50 or less"),
    ("shard(shard_size=400)", 3, "shard_size=200 or less works"),
    (f"distribution({TABLE}, preassigned_num_samples_per_label=1)", 7, "num-silos = 10 works"),
    (f"distribution({TABLE}, preassigned_num_samples_per_label=1)", 20, "4 numbers in each"),
    (f"distribution({TABLE}, preassigned_num_samples_per_label=99)", 10, "0 to 29 works"),
]  # fmt: skip


@pytest.mark.parametrize(("partition", "silos", "message"), IMPOSSIBLE)
def test_what_cannot_be_made_is_refused_with_what_works(dataset, partition, silos, message):
    with pytest.raises(PartitionError, match=message) as error:
        made(dataset, partition, silos)
    text = str(error.value)
    assert f'partition = "{Choice.parse(partition)}"' in text
    if better := re.search(r'partition = "([^"]*)" works', text):
        made(dataset, better[1], silos)
    elif better := re.search(r"num-silos = (\d+)(?: or less)? works", text):
        made(dataset, partition, int(better[1]))
    elif better := re.search(r"(\w+)=(\d+) or less works", text):
        choice = Choice.parse(partition)
        arguments = {**choice.keywords, better[1]: int(better[2])}
        made(dataset, str(replace(choice, arguments=tuple(arguments.items()))), silos)


@pytest.mark.parametrize(
    "partition", ["iid", "linear", "dirichlet(alpha=1)", "shard(num_shards_per_partition=1)"]
)
def test_more_silos_than_examples_are_refused(dataset, partition):
    with pytest.raises(
        PartitionError, match=r"600 training examples; (lower num-silos|num.* works)"
    ):
        made(dataset, partition, 700)


@pytest.mark.parametrize(
    ("partition", "silos", "dropped"),
    [
        ("shard(num_shards_per_partition=2)", 7, 12),
        ("inner-dirichlet(partition_sizes=[300, 200], alpha=1)", None, 100),
        ("size(partition_sizes=[300])", None, 300),
    ],
)
def test_rows_that_do_not_fit_are_counted(dataset, partition, silos, dropped):
    plan = made(dataset, partition, silos)
    assert sum(map(len, plan.train)) == 600 - dropped
    assert plan.notes[0].startswith(f"The partition leaves {dropped} of 600 training examples out")


REFUSED = {
    "natural-id(column='a')": "natural-id has no argument column; ",
    "grouped-natural-id(partition_by='a')": "grouped-natural-id needs an argument group_size",
    "grouped-natural-id(group_size=2, sort_unique_ids=true)": "always in their natural order",
    "grouped-natural-id(group_size=2, mode='any')": "mode must be 'allow-smaller' or",
    "continuous(strictness=1)": "continuous needs an argument partition_by",
    "continuous(partition_by='age', strictness='much')": "strictness must be a number",
    "id-to-size": "a function of Python's; use linear",
    "vertical-even": "splits columns and not rows",
    "vertical-size": "splits columns and not rows",
    "dirchlet(alpha=1)": "unknown partition 'dirchlet'; did you mean dirichlet",
    "nothing-like-it": "unknown partition 'nothing-like-it'; known: excluded-classes, plan, iid",
    "dirichlet": "dirichlet needs an argument alpha",
    "dirichlet(alpa=1)": "dirichlet has no argument alpa",
    "dirichlet(alpha='much')": "alpha must be a number or a list of numbers",
    "dirichlet(alpha=[[1]])": "alpha must be a number or a list of numbers",
    "dirichlet(alpha=1, seed=3)": "leave out dirichlet's seed: it follows from the key seed",
    "iid(num_partitions=3)": "leave out iid's num_partitions: it is the key num-silos",
    "iid(size=3)": "iid has no argument size; it takes none",
    "excluded-classes(classes=3)": "it takes none",
    "size(partition_sizes=3)": "partition_sizes must be a list of whole numbers",
    "pathological(num_classes_per_partition=2, class_assignment_mode='any')": "must be 'random' or",
    "plan": "plan needs an argument file",
}


@pytest.mark.parametrize("partition", REFUSED)
def test_what_there_is_not_is_refused_before_any_work(partition):
    with pytest.raises(ConfigError, match=re.escape(REFUSED[partition])):
        check_partitioner(parse(partition=partition).partition)


def test_arguments_are_checked_whoever_asks(dataset):
    for partition in ("pathological", "dirichlet(alpha='much')", "vertical-even"):
        with pytest.raises(ConfigError):
            deal(dataset, partition)


@EVERY
def test_what_can_be_dealt_is_not_refused(partition, silos):
    check_partitioner(parse(partition=partition).partition)


def test_the_list_has_every_partitioner_with_the_arguments_of_its_signature():
    listed = list(list_partitioners())
    assert len(listed) == len(CATALOG)
    written = {row.written for row in listed}
    assert "dirichlet(alpha, min_partition_size=10, self_balancing=false)" in written
    assert {"iid", "plan:FILE", "excluded-classes"} <= written
    assert all(row.line.endswith(".") for row in listed)
