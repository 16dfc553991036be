"""Read what training left in a part: rows, and the weights of its first round."""

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from fedcompare.errors import ResultsError
from fedcompare.regimes.budgets import Schedule
from fedcompare.regimes.models import weights_file
from fedcompare.regimes.records import EpochRecord, RoundRecord, ServerRecord
from fedcompare.regimes.trained import Round, Trained
from fedcompare.runs.directory import RunDirectory
from fedcompare.runs.manifest import REMEDY, check_file
from fedcompare.text.csv_text import parse_csv

SERVER_FILE, EPOCHS_FILE = "server.csv", "epochs.csv"
Row = TypeVar("Row")


def read_rows(path: Path, kind: type[Row]) -> list[Row]:
    """Read the rows that `write_csv` wrote; an empty cell is None.

    Raises:
        ResultsError: the file is missing or damaged.
    """
    try:
        rows = [
            {key: cell or None for key, cell in row.items()}
            for row in parse_csv(path.read_bytes().decode())
        ]
        return _form(kind).validate_python(rows)  # type: ignore[arg-type]
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise ResultsError(f"{path} is damaged ({reason}); {REMEDY}") from error


@functools.cache
def _form(kind: type[Row]) -> TypeAdapter[list[Row]]:
    return TypeAdapter(list[kind])  # type: ignore[valid-type]


def read_reports(run: RunDirectory, part: str) -> tuple[RoundRecord, ...]:
    """Return what silos did in each round of a stored training; raises as `read_rows`."""
    return tuple(read_rows(run.path / part / "rounds.csv", RoundRecord))


def read_epochs(run: RunDirectory, part: str) -> tuple[EpochRecord, ...]:
    """Return every epoch's loss of a stored training, if the file is the one that was written.

    Raises:
        ResultsError: it is missing, damaged or altered.
    """
    folder = run.path / part
    check_file(folder, run.read_manifest(part), EPOCHS_FILE)
    return tuple(read_rows(folder / EPOCHS_FILE, EpochRecord))


def read_server(run: RunDirectory, part: str) -> tuple[ServerRecord, ...]:
    """Return the evaluations of a stored global model, or none; raises as `read_rows`."""
    path = run.path / part / SERVER_FILE
    return tuple(read_rows(path, ServerRecord)) if path.exists() else ()


def read_first_round(
    run: RunDirectory, part: str, owners: Iterable[int | None], schedule: Schedule
) -> Trained:
    """Return what a stored training would have given had it ended after its first round.

    Raises:
        ResultsError: the part is missing or damaged.
        WeightsError: a file of weights is missing or altered.
    """
    manifest, folder = run.read_manifest(part), run.path / part
    number = None if schedule.rounds == 1 else 1
    weights = {}
    for owner in owners:
        file = weights_file(owner, round=number)
        check_file(folder, manifest, file)
        weights[owner] = (folder / file).read_bytes()
    reports = [report for report in read_reports(run, part) if report.round == 1]
    first = Round(
        number=1,
        weights=weights,
        epochs=tuple(r for r in read_rows(folder / EPOCHS_FILE, EpochRecord) if r.round == 1),
        reports=tuple(reports),
    )
    return Trained(rounds=(first,), seconds=max(report.seconds for report in reports))
