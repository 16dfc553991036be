"""Keys that nobody gave and that follow from the partition that somebody chose."""

from collections.abc import Collection

from fedcompare.config.choices import Choice
from fedcompare.config.groups import EXCLUDED_CLASSES, ExperimentConfig, PartitionConfig
from fedcompare.config.plan_files import plan_path, read_plan


def follow_partition(config: ExperimentConfig, given: Collection[str]) -> ExperimentConfig:
    """Return the configuration with the number of silos that its partition says, if any.

    The default of `excluded-classes` belongs to the default partitioner alone.

    Raises:
        PartitionError: the file of a plan cannot be read.
    """
    partition = config.partition
    if "num-silos" not in given and (own := _num_silos(partition)) is not None:
        partition = partition.model_copy(update={"num_silos": own})
    if "excluded-classes" not in given and partition.partition.name != EXCLUDED_CLASSES:
        partition = partition.model_copy(update={"excluded_classes": ()})
    return config.model_copy(update={"partition": partition})


def num_silos_of(choice: Choice) -> int | None:
    """Return for how many silos a partitioner's arguments are, if they are for each silo."""
    sizes = choice.keywords.get("partition_sizes")
    return len(sizes) if isinstance(sizes, tuple) and sizes else None


def _num_silos(partition: PartitionConfig) -> int | None:
    """Return how many silos there must be, also if only the file of a plan says it."""
    if (file := plan_path(partition.partition)) is not None:
        return len(read_plan(file).train)
    return num_silos_of(partition.partition)
