"""The command to go on with, once data were looked at."""

import os
import shlex
from collections.abc import Collection
from pathlib import Path

from fedcompare.config.groups import (
    EXCLUDED_CLASSES,
    DatasetName,
    ExperimentConfig,
    PartitionConfig,
    experiment_name,
)

_COLUMN = "COLUMN"


def next_command(config: ExperimentConfig, lacking: Collection[str] = ()) -> str:
    """Return the command to go on with: all that was said.

    A `lacking` label or silo, which neither keys nor the form of the data say, is to be filled in.
    """
    data = config.data
    words = ["fedcompare", "compare", "--data", _typed(data.source)]
    for key, said in (("label", data.label), ("silo", data.silo)):
        if said or key in lacking:
            words += [f"--{key}", said or _COLUMN]
    words += ["--task", data.task] * bool(data.task)
    words += ["--group", data.group] * bool(data.group)
    for key, value in _others(config).items():
        words += ["--partition", str(value)] if key == "partition" else ["--set", f"{key}={value}"]
    return shlex.join(words)


def is_partition_asked(config: ExperimentConfig) -> bool:
    """Return whether the keys say how examples are dealt to silos."""
    own, default = config.partition, PartitionConfig()
    return (own.partition, own.excluded_classes) != (default.partition, default.excluded_classes)


def _typed(name: DatasetName) -> str:
    """Return how the data may be typed: by a path from the working folder, if they lie in it."""
    place = name.place
    if not place or not Path(place).is_absolute():
        return str(name)
    near = os.path.relpath(place) if Path(place).is_relative_to(Path.cwd()) else place
    alone = DatasetName.parse(near).kind == name.kind
    return near if alone else str(DatasetName(name.kind, near))


def _others(config: ExperimentConfig) -> dict[str, object]:
    """Return the keys that somebody set, but for those with an option of their own."""
    said = {"dataset", "label", "task", "silo", "group"}
    if config.name == experiment_name(config.data.dataset):
        said.add("name")  # it follows from the data
    if config.partition.partition != PartitionConfig().partition:
        said.add(EXCLUDED_CLASSES)  # empty then
    return {key: value for key, value in config.to_flat().items() if key in config.given - said}
