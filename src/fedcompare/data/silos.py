"""A silo: one data holder's share of the training and of the test examples."""

import functools
import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from fedcompare.cache import Entry, Tensors, cached
from fedcompare.classes import (
    ClassLists,
    find_labels,
    format_class_lists,
    known_classes,
    names_at,
    quoted,
)
from fedcompare.config.groups import DataConfig, ExperimentConfig, PartitionConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.data.examples import Dataset, Examples, Indices
from fedcompare.errors import PartitionError
from fedcompare.machine.environment import versions
from fedcompare.names import POOLED, silo_name
from fedcompare.regimes.records import Origin
from fedcompare.seeds import derive_seed

if TYPE_CHECKING:
    from fedcompare.data.partitioner import ExcludedClassesPartitioner

_FORMAT = 2  # of what is cached; to be raised when the same settings give other rows
_DEALERS = ("datasets", "flwr-datasets", "numpy")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Silo:
    """One data holder: its 1-based id, what it trains on, and its own held-out examples."""

    id: int
    train: Examples
    test: Examples

    @property
    def name(self) -> str:
        """Return what messages call this silo."""
        return silo_name(self.id)

    def label_counts(self, num_classes: int) -> tuple[int, ...]:
        """Return how many training examples of each class the silo has."""
        return tuple(torch.bincount(self.train.labels, minlength=num_classes).tolist())


def check_data(config: ExperimentConfig) -> None:
    """Load and partition the data, so that what is wrong with them is known before any work.

    It also fills the caches once, which clients that start together would each do.

    Raises:
        FedcompareError: as `load_dataset` and `load_silos`.
    """
    _partition(config.data, config.partition, config.seed)


def load_silos(config: ExperimentConfig) -> tuple[Silo, ...]:
    """Return all silos of an experiment.

    Raises:
        PartitionError: an excluded class does not exist, or a silo is left with no data.
    """
    return tuple(load_silo(config, silo) for silo in range(1, config.partition.num_silos + 1))


def load_silo(config: ExperimentConfig, silo: int) -> Silo:
    """Return the silo with this 1-based id; `POOLED` has the examples of all silos together.

    Raises:
        PartitionError: see `load_silos`.
    """
    dataset = load_dataset(config.data)
    train, test = (
        np.concatenate(parts) if silo == POOLED else parts[silo - 1]
        for parts in _partition(config.data, config.partition, config.seed)
    )
    return Silo(id=silo, train=dataset.train.subset(train), test=dataset.test.subset(test))


@functools.lru_cache(maxsize=16)
def count_labels(config: ExperimentConfig) -> tuple[tuple[int, ...], ...]:
    """Return each silo's number of training examples of each class.

    Raises:
        PartitionError: see `load_silos`.
    """
    dataset = load_dataset(config.data)
    train, _ = _partition(config.data, config.partition, config.seed)
    num_classes = len(dataset.class_names)
    return tuple(
        tuple(torch.bincount(dataset.train.labels[rows], minlength=num_classes).tolist())
        for rows in map(torch.from_numpy, train)
    )


def count_test_examples(config: ExperimentConfig) -> tuple[int, ...]:
    """Return how many test examples of its own each silo has.

    Raises:
        PartitionError: see `load_silos`.
    """
    _, test = _partition(config.data, config.partition, config.seed)
    return tuple(map(len, test))


@functools.lru_cache(maxsize=16)
def find_origin(config: ExperimentConfig) -> Origin:
    """Return the digests of the data, and of the row numbers of every silo's examples.

    Raises:
        FedcompareError: as `load_dataset` and `load_silos`.
    """
    total = hashlib.sha256()
    for rows in itertools.chain(*_partition(config.data, config.partition, config.seed)):
        total.update(len(rows).to_bytes(8, "little"))
        total.update(rows.tobytes())
    return Origin(data=load_dataset(config.data).fingerprint, partition=total.hexdigest())


def excluded_labels(
    config: PartitionConfig, class_names: Sequence[str], stored_names: Sequence[str] = ()
) -> tuple[tuple[int, ...], ...]:
    """Return the labels that each silo must not have; `stored_names` as those of a `Dataset`.

    Raises:
        PartitionError: an excluded class does not exist; silo and class are named.
    """
    labels = []
    for index in range(config.num_silos):
        try:
            labels.append(find_labels(config.excluded_from(index), class_names))
        except KeyError as error:
            (unknown,) = error.args
            instead = _by_name(config.excluded_classes, class_names, stored_names)
            raise PartitionError(
                f"excluded-classes: {silo_name(index + 1)} excludes class {quoted(unknown)}, which "
                f"does not exist. {known_classes(unknown, class_names, instead)}"
            ) from error
    return tuple(labels)


def build_partitioner(
    excluded: Sequence[Sequence[int]], *, seed: int, split: str
) -> "ExcludedClassesPartitioner":
    """Return the partitioner of one split ("train" or "test"); labels as of `excluded_labels`."""
    from fedcompare.data.partitioner import ExcludedClassesPartitioner

    return ExcludedClassesPartitioner(excluded, seed=derive_seed(seed, "partition", split))


@functools.lru_cache(maxsize=16)
def _partition(
    data: DataConfig, config: PartitionConfig, seed: int
) -> tuple[tuple[Indices, ...], tuple[Indices, ...]]:
    """Return each silo's row numbers in the training and in the test split."""
    dataset = load_dataset(data)
    if config.num_silos > (examples := len(dataset.train)):  # known before anything is split
        raise PartitionError(
            f"{silo_name(examples + 1)} is left with no data: num-silos = {config.num_silos}, but "
            f"there are {examples} training examples; lower num-silos"
        )
    excluded = excluded_labels(config, dataset.class_names, dataset.stored_names)
    inputs = {
        "excluded": excluded,
        "labels": [_digest(examples.labels) for examples in (dataset.train, dataset.test)],
        "seed": seed,
        "format": _FORMAT,
        "versions": versions(_DEALERS),
    }
    entry = cached(
        "partition", inputs, lambda: Entry(tensors=_determine_rows(excluded, seed, dataset))
    )
    rows = entry.tensors
    parts = [
        tuple(rows[f"{split}-{index}"].numpy() for index in range(config.num_silos))
        for split in ("train", "test")
    ]
    _check_sizes(config, parts[0])
    return parts[0], parts[1]


def _digest(labels: torch.Tensor) -> str:
    return hashlib.sha256(labels.numpy().data).hexdigest()


def _determine_rows(excluded: Sequence[Sequence[int]], seed: int, dataset: Dataset) -> Tensors:
    """Ask Flower Datasets for every part, through a column that numbers the rows."""
    import datasets

    rows = {}
    for split, examples in (("train", dataset.train), ("test", dataset.test)):
        partitioner = build_partitioner(excluded, seed=seed, split=split)
        columns = {"label": examples.labels.numpy(), "row": torch.arange(len(examples)).numpy()}
        partitioner.dataset = datasets.Dataset.from_dict(columns)
        for index in range(len(excluded)):
            part = partitioner.load_partition(index).with_format("torch")["row"][:]
            rows[f"{split}-{index}"] = part.clone() if len(part) else torch.empty(0).long()
    return rows


def _by_name(lists: ClassLists, class_names: Sequence[str], stored_names: Sequence[str]) -> str:
    """Return what to write in place of positions, where positions were typed."""
    names = names_at(lists, class_names, stored_names)
    if names is None:
        return ""
    value = format_class_lists(names)
    toml = value if value.startswith("[") else f'"{value}"'
    return f"excluded-classes = {toml}"


def _check_sizes(config: PartitionConfig, train: tuple[Indices, ...]) -> None:
    for index, rows in enumerate(train, start=1):
        if not len(rows):
            raise PartitionError(
                f"{silo_name(index)} is left with no data: exclude fewer classes from it in "
                "excluded-classes, or lower num-silos"
            )
