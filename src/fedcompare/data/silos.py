"""A silo: one data holder's share of the training and of the test examples."""

import functools
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from fedcompare.cache import Tensors, cached_tensors
from fedcompare.config import DataConfig, ExperimentConfig, PartitionConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.data.examples import Dataset, Examples, Indices
from fedcompare.errors import PartitionError
from fedcompare.records import POOLED, silo_name
from fedcompare.seeds import derive_seed

if TYPE_CHECKING:
    from fedcompare.data.partitioner import ExcludedClassesPartitioner


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


def partition_fingerprint(config: ExperimentConfig) -> str:
    """Return the SHA-256 over the row numbers of every silo's training examples."""
    train, _ = _partition(config.data, config.partition, config.seed)
    total = hashlib.sha256()
    for rows in train:
        total.update(len(rows).to_bytes(8, "little"))
        total.update(rows.tobytes())
    return total.hexdigest()


def build_partitioner(
    config: PartitionConfig, *, seed: int, split: str
) -> "ExcludedClassesPartitioner":
    """Return the partitioner of one split ("train" or "test")."""
    from fedcompare.data.partitioner import ExcludedClassesPartitioner

    excluded = [config.excluded_from(index) for index in range(config.num_silos)]
    return ExcludedClassesPartitioner(excluded, seed=derive_seed(seed, "partition", split))


@functools.lru_cache(maxsize=16)
def _partition(
    data: DataConfig, config: PartitionConfig, seed: int
) -> tuple[tuple[Indices, ...], tuple[Indices, ...]]:
    """Return each silo's row numbers in the training and in the test split."""
    dataset = load_dataset(data)
    _check_classes(config, dataset)
    description = f"{dataset.fingerprint}/{config.model_dump_json()}/{seed}"
    name = f"partition-{hashlib.sha256(description.encode()).hexdigest()[:16]}"
    rows = cached_tensors(name, lambda: _determine_rows(config, seed, dataset))
    parts = [
        tuple(rows[f"{split}-{index}"].numpy() for index in range(config.num_silos))
        for split in ("train", "test")
    ]
    _check_sizes(config, parts[0])
    return parts[0], parts[1]


def _determine_rows(config: PartitionConfig, seed: int, dataset: Dataset) -> Tensors:
    """Ask Flower Datasets for every part, through a column that numbers the rows."""
    import datasets

    rows = {}
    for split, examples in (("train", dataset.train), ("test", dataset.test)):
        partitioner = build_partitioner(config, seed=seed, split=split)
        columns = {"label": examples.labels.numpy(), "row": torch.arange(len(examples)).numpy()}
        partitioner.dataset = datasets.Dataset.from_dict(columns)
        for index in range(config.num_silos):
            part = partitioner.load_partition(index).with_format("torch")["row"][:]
            rows[f"{split}-{index}"] = part.clone() if len(part) else torch.empty(0).long()
    return rows


def _check_classes(config: PartitionConfig, dataset: Dataset) -> None:
    if config.num_silos > (examples := len(dataset.train)):  # known before anything is split
        raise PartitionError(
            f"{silo_name(examples + 1)} is left with no data: num-silos = {config.num_silos}, but "
            f"there are {examples} training examples; lower num-silos"
        )
    classes = len(dataset.class_names)
    for index, excluded in enumerate(config.excluded_classes, start=1):
        if wrong := [c for c in excluded if c >= classes]:
            raise PartitionError(
                f"excluded-classes: {silo_name(index)} excludes class {wrong[0]}, which does not "
                f"exist; the dataset has classes 0 to {classes - 1}"
            )


def _check_sizes(config: PartitionConfig, train: tuple[Indices, ...]) -> None:
    for index, rows in enumerate(train, start=1):
        if not len(rows):
            raise PartitionError(
                f"{silo_name(index)} is left with no data: exclude fewer classes from it in "
                "excluded-classes, or lower num-silos"
            )
