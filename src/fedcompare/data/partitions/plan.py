"""From the settings of a partition to the rows of each silo, dealt once and kept."""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from fedcompare.classes import listed
from fedcompare.config.groups import PartitionConfig
from fedcompare.data.cache import Entry, Tensors, cached
from fedcompare.data.examples import Dataset, Examples, Indices
from fedcompare.data.partitions.catalog import check_partitioner, find_rule
from fedcompare.data.partitions.rows import Plan
from fedcompare.data.partitions.silo_column import REMEDY, deal_named
from fedcompare.errors import PartitionError
from fedcompare.machine.environment import versions
from fedcompare.names import silo_name

_FORMAT = 2  # of what is cached; to be raised when the same settings give other rows
_DEALERS = ("datasets", "flwr-datasets", "numpy")


def partition_dataset(dataset: Dataset, config: PartitionConfig, *, seed: int) -> Plan:
    """Return which silo has which examples, from the cache where they were partitioned before.

    Where the data name silos, these have what is theirs, unless a partitioner is asked for.

    Raises:
        ConfigError: there is no such partitioner, or it has not such arguments.
        PartitionError: the settings do not fit the dataset, or a silo is left with no data.
    """
    if dataset.silo_names and config.partition == PartitionConfig().partition:
        return _named_silos(dataset, config)
    _check_number(config, dataset)
    rule = find_rule(config, dataset)
    inputs = {
        **rule.identity(),
        "silos": config.num_silos,
        "labels": [_digest(examples.labels) for examples in (dataset.train, dataset.test)],
        "seed": seed,
        "format": _FORMAT,
        "versions": versions(_DEALERS),
    }

    def build() -> Entry:
        check_partitioner(config)
        return Entry(tensors=_tensors(rule.deal(dataset, seed)))

    entry = cached("partition", inputs, build)
    train, test = (
        tuple(entry.tensors[f"{split}-{index}"].numpy() for index in range(config.num_silos))
        for split in ("train", "test")
    )
    _check_sizes(train, rule.remedy)
    notes = _left_out(dataset, train, test) if rule.told else ()
    return Plan(train=train, test=test, notes=tuple(notes))


def _named_silos(dataset: Dataset, config: PartitionConfig) -> Plan:
    """Return who has which examples, as the data say."""
    if config.num_silos != (count := len(dataset.silo_names)):
        raise PartitionError(
            f"num-silos = {config.num_silos}, but the data name {count} silos: "
            f"{listed(dataset.silo_names[:10])}; leave num-silos out"
        )
    plan = deal_named(dataset)
    _check_sizes(plan.train, REMEDY, dataset.silo_names)
    return plan


def _digest(labels: torch.Tensor) -> str:
    return hashlib.sha256(labels.numpy().data).hexdigest()


def _tensors(plan: Plan) -> Tensors:
    return {
        f"{split}-{index}": torch.from_numpy(rows)
        for split, parts in (("train", plan.train), ("test", plan.test))
        for index, rows in enumerate(parts)
    }


def _check_number(config: PartitionConfig, dataset: Dataset) -> None:
    if config.num_silos > (examples := len(dataset.train)):  # known before anything is split
        raise PartitionError(
            f"{silo_name(examples + 1)} is left with no data: num-silos = {config.num_silos}, but "
            f"there are {examples} training examples; lower num-silos"
        )


def _check_sizes(train: Sequence[Indices], remedy: str, names: Sequence[str] = ()) -> None:
    for silo, rows in enumerate(train, start=1):
        if not len(rows):
            raise PartitionError(f"{silo_name(silo, names)} is left with no data: {remedy}")


def _left_out(dataset: Dataset, train: Sequence[Indices], test: Sequence[Indices]) -> Iterator[str]:
    """Yield how many examples of each split no silo has, and which classes as a whole."""
    splits: tuple[tuple[str, Examples, Sequence[Indices]], ...] = (
        ("training", dataset.train, train),
        ("test", dataset.test, test),
    )
    for name, examples, parts in splits:
        labels, rows = examples.labels.numpy(), np.concatenate(parts)
        if missing := len(labels) - len(rows):
            lost = np.setdiff1d(labels, labels[rows]).tolist()
            names = listed(dataset.class_names[label] for label in lost)
            whole = f", among them all of class {names}" if lost else ""
            yield f"The partition leaves {missing} of {len(labels)} {name} examples out{whole}."
