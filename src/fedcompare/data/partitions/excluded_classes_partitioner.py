"""A Flower Datasets partitioner: shuffled IID parts, each without its excluded classes."""

from collections.abc import Sequence

import numpy as np
from datasets import Dataset
from flwr_datasets.partitioner import Partitioner

from fedcompare.data.examples import Indices
from fedcompare.data.partitions.units import number_anew, rows_of


class ExcludedClassesPartitioner(Partitioner):  # type: ignore[misc]  # flwr_datasets is untyped
    """Deal the shuffled rows into equal parts, then drop each part's excluded classes.

    Groups of rows are dealt whole: parts have equally many groups.

    Args:
        excluded_classes: one collection of labels (numbers, not names) per partition; empty
            ones keep all.
        partition_by: the name of the label column.
        group_by: the name of the column that numbers groups; None deals rows.
        seed: of the shuffle.
    """

    def __init__(
        self,
        excluded_classes: Sequence[Sequence[int]],
        *,
        partition_by: str = "label",
        group_by: str | None = None,
        seed: int = 42,
    ) -> None:
        super().__init__()
        self._excluded_classes = [list(classes) for classes in excluded_classes]
        self._partition_by = partition_by
        self._group_by = group_by
        self._seed = seed
        self._parts: list[Indices] | None = None

    @property
    def num_partitions(self) -> int:
        """Return the number of partitions."""
        return len(self._excluded_classes)

    def load_partition(self, partition_id: int) -> Dataset:
        """Return the rows of one partition, in shuffled order.

        Raises:
            ValueError: there is no such partition.
        """
        if not 0 <= partition_id < self.num_partitions:
            raise ValueError(f"partition_id must be in 0..{self.num_partitions - 1}")
        return self.dataset.select(self._determine_parts()[partition_id])

    def _determine_parts(self) -> list[Indices]:
        if self._parts is None:
            labels = self._column(self._partition_by)
            groups = self._column(self._group_by) if self._group_by else np.arange(len(labels))
            members = number_anew(groups)
            order = np.random.default_rng(self._seed).permutation(members.max(initial=-1) + 1)
            parts = [rows_of(members, own) for own in np.array_split(order, self.num_partitions)]
            self._parts = [
                part[~np.isin(labels[part], classes)]
                for part, classes in zip(parts, self._excluded_classes, strict=True)
            ]
        return self._parts

    def _column(self, name: str) -> Indices:
        return np.asarray(self.dataset.with_format("numpy")[name][:])
