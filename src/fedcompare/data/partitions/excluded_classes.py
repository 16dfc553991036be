"""Shuffled IID parts, each without the classes that the configuration excludes from its silo."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch

from fedcompare.classes import (
    ClassLists,
    find_labels,
    format_class_lists,
    known_classes,
    names_at,
    quoted,
)
from fedcompare.config.groups import PartitionConfig
from fedcompare.data.examples import Dataset, Examples, Indices
from fedcompare.data.partitions.rows import Plan, read_rows
from fedcompare.errors import PartitionError
from fedcompare.names import silo_name
from fedcompare.seeds import derive_seed


@dataclass(frozen=True, slots=True)
class ExcludedClasses:
    """The labels that each silo must not have; without any, the parts are IID."""

    excluded: tuple[tuple[int, ...], ...]
    remedy: ClassVar[str] = "exclude fewer classes from it in excluded-classes, or lower num-silos"
    told: ClassVar[bool] = False
    of_groups: ClassVar[str] = (
        "{groups} of {rows} are dealt whole; of each, rows of classes that its silo excludes are "
        "left out."
    )

    @classmethod
    def of(cls, config: PartitionConfig, dataset: Dataset) -> "ExcludedClasses":
        """Return the rule for a dataset's classes.

        Raises:
            PartitionError: as `excluded_labels`.
        """
        return cls(excluded_labels(config, dataset.class_names, dataset.stored_names))

    def identity(self) -> Mapping[str, object]:
        """Return the labels excluded from each silo."""
        return {"excluded": self.excluded}

    def deal(self, dataset: Dataset, seed: int) -> Plan:
        """Return the rows of each silo: the training and the test split are split alike."""
        train, test = (
            self._deal(examples, groups, derive_seed(seed, "partition", split))
            for split, examples, groups in (
                ("train", dataset.train, dataset.train_groups),
                ("test", dataset.test, dataset.test_groups),
            )
        )
        return Plan(train=train, test=test)

    def _deal(
        self, examples: Examples, groups: torch.Tensor | None, seed: int
    ) -> tuple[Indices, ...]:
        # Its import takes longer than reading a cached partition, which needs no partitioner.
        from fedcompare.data.partitions.excluded_classes_partitioner import (
            ExcludedClassesPartitioner,
        )

        columns = {"label": examples.strata.numpy()}
        if groups is not None:
            columns["group"] = groups.numpy()
        group_by = None if groups is None else "group"
        partitioner = ExcludedClassesPartitioner(self.excluded, group_by=group_by, seed=seed)
        return read_rows(partitioner, columns, len(self.excluded))


def excluded_labels(
    config: PartitionConfig, class_names: Sequence[str], stored_names: Sequence[str] = ()
) -> tuple[tuple[int, ...], ...]:
    """Return the labels that each silo must not have; `stored_names` as those of a `Dataset`.

    Raises:
        PartitionError: an excluded class does not exist; silo and class are named.
    """
    if not class_names and any(config.excluded_classes):
        raise PartitionError(
            "excluded-classes: the labels are numbers, and have no classes to exclude. Leave it "
            'empty: excluded-classes = ""'
        )
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


def _by_name(lists: ClassLists, class_names: Sequence[str], stored_names: Sequence[str]) -> str:
    """Return what to write in place of positions, where positions were typed."""
    names = names_at(lists, class_names, stored_names)
    if names is None:
        return ""
    value = format_class_lists(names)
    toml = value if value.startswith("[") else f'"{value}"'
    return f"excluded-classes = {toml}"
