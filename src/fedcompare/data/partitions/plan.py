"""From the settings of a partition to the rows of each silo, dealt once and kept."""

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
import torch

from fedcompare.classes import listed
from fedcompare.config.groups import PartitionConfig
from fedcompare.data.cache import Entry, Tensors, cached
from fedcompare.data.examples import Dataset, Examples, Indices
from fedcompare.data.partitions.catalog import Rule, check_partitioner, find_rule
from fedcompare.data.partitions.natural_ids import NaturalIds
from fedcompare.data.partitions.rows import Plan
from fedcompare.data.partitions.silo_column import REMEDY, deal_named
from fedcompare.data.partitions.units import things_of
from fedcompare.errors import PartitionError
from fedcompare.machine.environment import versions
from fedcompare.names import silo_name
from fedcompare.text.wording import plural

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
        **_digests(dataset),
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
    notes = [*_group_notes(dataset, rule, train), *_left_out(dataset, rule, train, test)]
    if isinstance(rule, NaturalIds):
        notes = [*rule.notes(train), *notes]
        return Plan(train=train, test=test, names=rule.called(train), notes=tuple(notes))
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


def _digests(dataset: Dataset) -> dict[str, list[str]]:
    """Return what of the data decides who has which rows."""
    deciding = {
        "labels": (dataset.train.labels, dataset.test.labels),
        "groups": (dataset.train_groups, dataset.test_groups),
    }
    return {
        name: [hashlib.sha256(own.numpy().data).hexdigest() for own in both if own is not None]
        for name, both in deciding.items()
    }


def _tensors(plan: Plan) -> Tensors:
    return {
        f"{split}-{index}": torch.from_numpy(rows)
        for split, parts in (("train", plan.train), ("test", plan.test))
        for index, rows in enumerate(parts)
    }


def _check_number(config: PartitionConfig, dataset: Dataset) -> None:
    groups = dataset.train_groups
    total = len(dataset.train if groups is None else torch.unique(groups))
    if config.num_silos > total:  # known before anything is split
        raise PartitionError(
            f"{silo_name(total + 1)} is left with no data: num-silos = {config.num_silos}, but "
            f"there are {total} {things_of(dataset)}; lower num-silos"
        )


def _check_sizes(train: Sequence[Indices], remedy: str, names: Sequence[str] = ()) -> None:
    for silo, rows in enumerate(train, start=1):
        if not len(rows):
            raise PartitionError(f"{silo_name(silo, names)} is left with no data: {remedy}")


def _group_notes(dataset: Dataset, rule: Rule, train: Sequence[Indices]) -> Iterator[str]:
    """Say how groups were dealt, or how many are split between silos."""
    if dataset.train_groups is None:
        return
    groups = dataset.train_groups.numpy()
    if rule.of_groups:
        yield rule.of_groups.format(
            groups=plural(len(np.unique(groups)), "group"),
            rows=plural(len(groups), "training example"),
        )
        return
    parts = np.concatenate([np.unique(groups[rows]) for rows in train])
    if split := int((np.unique(parts, return_counts=True)[1] > 1).sum()):
        yield f"The partition splits {plural(split, 'group')} between silos."


def _left_out(
    dataset: Dataset, rule: Rule, train: Sequence[Indices], test: Sequence[Indices]
) -> Iterator[str]:
    """Yield how many examples of each split no silo has, and which classes as a whole."""
    if not rule.told:
        return
    splits: tuple[tuple[str, Examples, Sequence[Indices]], ...] = (
        ("training", dataset.train, train),
        ("test", dataset.test, test),
    )
    for name, examples, parts in splits:
        labels, rows = examples.strata.numpy(), np.concatenate(parts)
        if missing := len(labels) - len(rows):
            lost = np.setdiff1d(labels, labels[rows]).tolist() if dataset.class_names else []
            names = listed(dataset.class_names[label] for label in lost)
            whole = f", among them all of class {names}" if lost else ""
            yield f"The partition leaves {missing} of {len(labels)} {name} examples out{whole}."
