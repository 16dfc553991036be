"""The command to go on with, once data were looked at."""

import os
import shlex
from pathlib import Path

from fedcompare.config.groups import DatasetName, ExperimentConfig, experiment_name
from fedcompare.data.tables.contract import Contract

_COLUMN = "COLUMN"


def next_command(config: ExperimentConfig, contract: Contract, **changes: object) -> str:
    """Return the command to go on with: all that was said, but for the keys that change.

    A label or silo that neither keys nor the form of the data say is to be filled in.
    """
    data = config.data
    words = ["fedcompare", "compare", "--data", _typed(data.source)]
    for option, said, found in (
        ("--label", data.label, contract.label),
        ("--silo", data.silo, contract.silo),
    ):
        if said or not found:
            words += [option, said or _COLUMN]
    words += ["--group", data.group] * bool(data.group)
    for key, value in (_others(config) | changes).items():
        words += ["--set", f"{key}={value}"]
    return shlex.join(words)


def _typed(name: DatasetName) -> str:
    """Return how the data may be typed: by a path from the working folder, if they lie in it."""
    place = name.place or ""
    near = os.path.relpath(place) if Path(place).is_relative_to(Path.cwd()) else place
    alone = DatasetName.parse(near).kind == name.kind
    return near if alone else str(DatasetName(name.kind, near))


def _others(config: ExperimentConfig) -> dict[str, object]:
    """Return the keys that are not as by default, but for those with an option of their own."""
    default = ExperimentConfig(name=experiment_name(config.data.dataset)).to_flat()
    said = ("dataset", "label", "silo", "group")
    flat = config.to_flat()
    return {key: flat[key] for key in flat if key not in said and flat[key] != default[key]}
