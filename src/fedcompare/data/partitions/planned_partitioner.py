"""A Flower Datasets partitioner of rows that are known already."""

from collections.abc import Sequence

from datasets import Dataset
from flwr_datasets.partitioner import Partitioner

from fedcompare.data.examples import Indices


class PlannedPartitioner(Partitioner):  # type: ignore[misc]  # flwr_datasets is untyped
    """Give each partition the rows of its silo, for what Flower Datasets shows of partitions."""

    def __init__(self, rows: Sequence[Indices]) -> None:
        super().__init__()
        self._rows = tuple(rows)

    @property
    def num_partitions(self) -> int:
        """Return the number of partitions."""
        return len(self._rows)

    def load_partition(self, partition_id: int) -> Dataset:
        """Return the rows of one partition."""
        return self.dataset.select(self._rows[partition_id])
