"""The command to go on with, once data were looked at."""

import os
import shlex
from pathlib import Path

from fedcompare.config.groups import ExperimentConfig, experiment_name

_COLUMN = "COLUMN"


def next_command(config: ExperimentConfig, **changes: object) -> str:
    """Return the command to go on with: all that was said, but for the keys that change."""
    data = config.data
    place = data.source.place or ""
    inside = Path(place).is_relative_to(Path.cwd())
    words = ["fedcompare", "compare", "--data", os.path.relpath(place) if inside else place]
    words += ["--label", data.label or _COLUMN, "--silo", data.silo or _COLUMN]
    for key, value in (_others(config) | changes).items():
        words += ["--set", f"{key}={value}"]
    return shlex.join(words)


def _others(config: ExperimentConfig) -> dict[str, object]:
    """Return the keys that are not as by default, but for those with an option of their own."""
    default = ExperimentConfig(name=experiment_name(config.data.dataset)).to_flat()
    said = ("dataset", "label", "silo")
    flat = config.to_flat()
    return {key: flat[key] for key in flat if key not in said and flat[key] != default[key]}
