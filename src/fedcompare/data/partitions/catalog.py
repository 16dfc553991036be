"""How examples are dealt to silos: a row for each of Flower Datasets' or our partitioners."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Protocol

from fedcompare.config.groups import PartitionConfig
from fedcompare.data.examples import Dataset
from fedcompare.data.partitions.excluded_classes import ExcludedClasses
from fedcompare.seeds import derive_seed

if TYPE_CHECKING:
    from flwr_datasets.partitioner import Partitioner


class Rule(Protocol):
    """A partitioner's settings for one dataset; `remedy` is for who left a silo with no data."""

    remedy: ClassVar[str]

    def identity(self) -> Mapping[str, object]:
        """Return what decides the parts but for labels and seed, as values that JSON knows."""
        ...

    def partitioner(self, seed: int) -> "Partitioner":
        """Return Flower Datasets' partitioner of rows whose label is in the column "label"."""
        ...


def find_rule(config: PartitionConfig, dataset: Dataset) -> Rule:
    """Return the rule that `config` asks for.

    Raises:
        PartitionError: its settings do not fit the dataset.
    """
    return CATALOG["excluded-classes"](config, dataset)


def build_partitioner(rule: Rule, *, seed: int, split: str) -> "Partitioner":
    """Return the partitioner of one split ("train" or "test"), by the experiment's seed."""
    return rule.partitioner(derive_seed(seed, "partition", split))


CATALOG: Mapping[str, Callable[[PartitionConfig, Dataset], Rule]] = {
    "excluded-classes": ExcludedClasses.of,
}
