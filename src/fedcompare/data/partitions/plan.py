"""Which examples each silo has, by their row numbers."""

import hashlib
import itertools
from dataclasses import dataclass

import numpy as np
import torch

from fedcompare.config.groups import PartitionConfig
from fedcompare.data.cache import Entry, Tensors, cached
from fedcompare.data.examples import Dataset, Indices
from fedcompare.data.partitions.catalog import Rule, build_partitioner, find_rule
from fedcompare.errors import PartitionError
from fedcompare.machine.environment import versions
from fedcompare.names import POOLED, silo_name

_FORMAT = 2  # of what is cached; to be raised when the same settings give other rows
_DEALERS = ("datasets", "flwr-datasets", "numpy")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """The row numbers of each silo's examples in the training and in the test split."""

    train: tuple[Indices, ...]
    test: tuple[Indices, ...]

    def __len__(self) -> int:
        return len(self.train)

    def rows(self, silo: int) -> tuple[Indices, Indices]:
        """Return the rows of training and test of the silo with this 1-based id, or of `POOLED`.

        Raises:
            IndexError: there is no such silo.
        """
        if silo == POOLED:
            return np.concatenate(self.train), np.concatenate(self.test)
        if not 1 <= silo <= len(self):
            raise IndexError(f"there is no {silo_name(silo)}, only 1 to {len(self)}")
        return self.train[silo - 1], self.test[silo - 1]

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 over the row numbers of every silo."""
        total = hashlib.sha256()
        for rows in itertools.chain(self.train, self.test):
            total.update(len(rows).to_bytes(8, "little"))
            total.update(rows.tobytes())
        return total.hexdigest()


def partition_dataset(dataset: Dataset, config: PartitionConfig, *, seed: int) -> Plan:
    """Return which silo has which examples, from the cache where they were partitioned before.

    Raises:
        PartitionError: the settings do not fit the dataset, or a silo is left with no data.
    """
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
    entry = cached(
        "partition",
        inputs,
        lambda: Entry(tensors=_determine_rows(rule, config.num_silos, seed, dataset)),
    )
    train, test = (
        tuple(entry.tensors[f"{split}-{index}"].numpy() for index in range(config.num_silos))
        for split in ("train", "test")
    )
    plan = Plan(train=train, test=test)
    _check_sizes(plan, rule)
    return plan


def _digest(labels: torch.Tensor) -> str:
    return hashlib.sha256(labels.numpy().data).hexdigest()


def _determine_rows(rule: Rule, num_silos: int, seed: int, dataset: Dataset) -> Tensors:
    """Ask Flower Datasets for every part, through a column that numbers the rows."""
    import datasets

    rows = {}
    for split, examples in (("train", dataset.train), ("test", dataset.test)):
        partitioner = build_partitioner(rule, seed=seed, split=split)
        columns = {"label": examples.labels.numpy(), "row": torch.arange(len(examples)).numpy()}
        partitioner.dataset = datasets.Dataset.from_dict(columns)
        for index in range(num_silos):
            part = partitioner.load_partition(index).with_format("torch")["row"][:]
            rows[f"{split}-{index}"] = part.clone() if len(part) else torch.empty(0).long()
    return rows


def _check_number(config: PartitionConfig, dataset: Dataset) -> None:
    if config.num_silos > (examples := len(dataset.train)):  # known before anything is split
        raise PartitionError(
            f"{silo_name(examples + 1)} is left with no data: num-silos = {config.num_silos}, but "
            f"there are {examples} training examples; lower num-silos"
        )


def _check_sizes(plan: Plan, rule: Rule) -> None:
    for silo, rows in enumerate(plan.train, start=1):
        if not len(rows):
            raise PartitionError(f"{silo_name(silo)} is left with no data: {rule.remedy}")
