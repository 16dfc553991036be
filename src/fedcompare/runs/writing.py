"""Write what was made into its part: configuration, environment, rows, and the manifest last."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fedcompare.config.groups import ExperimentConfig
from fedcompare.machine import environment
from fedcompare.names import POOLED
from fedcompare.regimes.budgets import Schedule, count_steps
from fedcompare.regimes.models import weights_file
from fedcompare.regimes.records import Record, meaningless
from fedcompare.regimes.trained import Trained
from fedcompare.runs.directory import RunDirectory
from fedcompare.runs.files import write_bytes, write_csv, write_json, write_text
from fedcompare.runs.inputs import Inputs
from fedcompare.runs.manifest import (
    CONFIG_FILE,
    CONTRACT_FILE,
    ENVIRONMENT_FILE,
    Training,
    seal,
    write_config,
)
from fedcompare.tasks import Task

if TYPE_CHECKING:
    from fedcompare.data.silos import Silos


def write_part(
    folder: Path,
    part: str,
    config: ExperimentConfig,
    inputs: Inputs,
    *,
    rows: Mapping[str, Sequence[Record]] | None = None,
    task: Task = Task.MULTI_CLASS,
    training: Training | None = None,
) -> None:
    """Complete a part in `folder`: what every part has, `rows` as CSV files, and its manifest.

    Rows have no column that has no meaning in the `task`.

    All other files of the part must be there already: the manifest holds their digests.
    """
    write_config(folder / CONFIG_FILE, config)
    write_json(folder / ENVIRONMENT_FILE, environment.describe())
    for name, records in (rows or {}).items():
        write_csv(folder / f"{name}.csv", records, leave_out=[meaningless(task)])
    seal(folder, part, inputs, training)


def write_trained(
    run: RunDirectory,
    part: str,
    trained: Trained,
    silos: "Silos",
    *,
    inputs: Inputs,
    schedule: Schedule,
    picture: Callable[[Path], None] = lambda folder: None,
) -> None:
    """Write every round's weights and rows, what `picture` draws, and the manifest.

    Where rows of a table were trained on, also the contract that made examples of them.

    Raises:
        StorageError: something cannot be written; the old part is kept then.
    """
    rows: dict[str, Sequence[Record]] = {"epochs": trained.epochs, "rounds": trained.reports}
    if trained.server:
        rows["server"] = trained.server
    with run.writing(part) as folder:
        for file, content in _weights(trained):
            write_bytes(folder / file, content)
        picture(folder)
        if silos.contract:
            write_text(folder / CONTRACT_FILE, silos.contract)
        training = _describe(trained, silos, schedule, batch_size=run.config.train.batch_size)
        write_part(folder, part, run.config, inputs, rows=rows, task=silos.task, training=training)


def _weights(trained: Trained) -> Iterator[tuple[str, bytes]]:
    """Yield files of weights; those of the last round have no number, local models always one."""
    last = trained.rounds[-1]
    for one in trained.rounds:
        is_shared = None in one.weights
        for owner, content in one.weights.items():
            numbered = one is not last or (is_shared and owner is not None)
            yield weights_file(owner, round=one.number if numbered else None), content


def _describe(trained: Trained, silos: "Silos", schedule: Schedule, *, batch_size: int) -> Training:
    label_counts = trained.label_counts or silos.label_counts
    sizes = list(map(sum, label_counts))
    own = [sum(sizes) if silo == POOLED else sizes[silo - 1] for silo in trained.silos]
    return Training(
        seconds=trained.seconds,
        cpu_seconds=trained.cpu_seconds,
        epochs=schedule.total,
        local_steps=tuple(
            count_steps(size, epochs=schedule.total, batch_size=batch_size) for size in own
        ),
        bytes_up=trained.bytes_up,
        bytes_down=trained.bytes_down,
        label_counts=label_counts,
        class_names=silos.class_names,
        example_bytes=silos.example_bytes,
        notes=silos.notes,
        silo_names=silos.names,
        columns=silos.columns,
        skew=silos.measured_skew,
    )
