"""Write what was made into its part: configuration, environment, rows, and the manifest last."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fedcompare.config.groups import ExperimentConfig
from fedcompare.machine import environment
from fedcompare.regimes.budgets import count_steps
from fedcompare.regimes.records import Record
from fedcompare.runs.files import write_csv, write_json
from fedcompare.runs.inputs import Inputs
from fedcompare.runs.manifest import CONFIG_FILE, ENVIRONMENT_FILE, Training, seal, write_config

if TYPE_CHECKING:
    from fedcompare.data.examples import Dataset


def write_part(
    folder: Path,
    part: str,
    config: ExperimentConfig,
    inputs: Inputs,
    *,
    rows: Mapping[str, Sequence[Record]] | None = None,
    training: Training | None = None,
) -> None:
    """Complete a part in `folder`: what every part has, `rows` as CSV files, and its manifest.

    All other files of the part must be there already: the manifest holds their digests.
    """
    write_config(folder / CONFIG_FILE, config)
    write_json(folder / ENVIRONMENT_FILE, environment.describe())
    for name, records in (rows or {}).items():
        write_csv(folder / f"{name}.csv", records)
    seal(folder, part, inputs, training)


def describe_training(
    dataset: "Dataset",
    *,
    batch_size: int,
    epochs: int,
    num_examples: Sequence[int],
    label_counts: tuple[tuple[int, ...], ...],
    seconds: float,
    cpu_seconds: float,
    bytes_up: int = 0,
    bytes_down: int = 0,
) -> Training:
    """Return what training took; `num_examples` is the size of each trainer's data."""
    return Training(
        seconds=seconds,
        cpu_seconds=cpu_seconds,
        epochs=epochs,
        local_steps=tuple(
            count_steps(size, epochs=epochs, batch_size=batch_size) for size in num_examples
        ),
        bytes_up=bytes_up,
        bytes_down=bytes_down,
        label_counts=label_counts,
        class_names=dataset.class_names,
        example_bytes=dataset.example_bytes,
        notes=dataset.notes,
    )
