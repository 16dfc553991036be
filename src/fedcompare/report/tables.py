"""From rows to tables."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from fedcompare.classes import join_names
from fedcompare.findings.gains import Gain
from fedcompare.findings.ledger import Budget
from fedcompare.findings.scores import Measurement, Mistake
from fedcompare.findings.test_sets import read_key
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import model_name
from fedcompare.regimes.records import ServerRecord

Cell = str | int | float

_MOST_SILO_COLUMNS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A titled table; floats are shown with two decimals, NaN as a dash."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def measurements_json(measurements: Sequence[Measurement]) -> list[dict[str, object]]:
    """Return one plain object per number."""
    return [asdict(measurement) for measurement in measurements]


def accuracy_table(measurements: Sequence[Measurement]) -> Table:
    """Return accuracies in percent: a row per model, a column per part of the test set.

    Seen and unseen classes are relative to one silo and have their own table.
    """
    whole = [m for m in measurements if read_key(m.evaluated_on)[1] is None]
    cells = ((model_name(m.regime, m.silo), m.evaluated_on, m.accuracy) for m in whole)
    return _pivot("Accuracy on the test set, %", "model", cells)


def seen_unseen_table(measurements: Sequence[Measurement]) -> Table:
    """Return accuracies in percent on the classes each silo has (seen) and lacks (unseen)."""
    shares = {(*read_key(m.evaluated_on), m.regime): m.accuracy for m in measurements}
    silos = sorted({silo for _, silo, _ in shares if silo is not None})
    cells = (
        (silo, f"{kind}, {regime}", shares[kind, silo, regime])
        for silo in silos
        for kind in ("seen", "unseen")
        for regime in Regime
        if (kind, silo, regime) in shares
    )
    title = "Accuracy on the classes each silo has (seen) and lacks (unseen), %"
    return _pivot(title, "silo", cells)


def mistakes_table(mistakes: Sequence[Mistake]) -> Table:
    """Return what unseen classes are taken for: shares and confidences in percent."""
    return Table(
        title="What the classes a silo never saw are taken for",
        columns=("silo", "unseen class", "taken for", "share %", "confidence %"),
        rows=tuple(
            (m.silo, m.unseen_class, m.taken_for, 100 * m.share, 100 * m.confidence)
            for m in mistakes
        ),
    )


def rounds_table(records: Sequence[ServerRecord]) -> Table:
    """Return the global model's accuracy in percent: a row per round."""
    cells = ((r.round, r.evaluated_on, r.accuracy) for r in records)
    return _pivot("The global model after each round: accuracy, %", "round", cells)


def counts_table(counts: Sequence[Sequence[int]], class_names: Sequence[str]) -> Table:
    """Return the training examples of each class: a row per class, a column per silo.

    Many silos are the rows, unless there are still more classes.
    """
    title = "Training examples of each class"
    if len(counts) > max(_MOST_SILO_COLUMNS, len(class_names)):
        silos = [(silo, *own, sum(own)) for silo, own in enumerate(counts, start=1)]
        totals = [sum(column) for column in zip(*counts, strict=True)]
        return Table(
            title=title,
            columns=("silo", *class_names, "all"),
            rows=(*silos, ("all", *totals, sum(totals))),
        )
    rows: list[tuple[Cell, ...]] = [
        (name, *(own[label] for own in counts)) for label, name in enumerate(class_names)
    ]
    return Table(
        title=title,
        columns=("class", *(f"silo {silo}" for silo in range(1, len(counts) + 1))),
        rows=(*rows, ("all", *map(sum, counts))),
    )


def training_table(
    rows: Iterable[tuple[int, Sequence[str], int, float, float]], *, epochs: int
) -> Table:
    """Return a row per isolated model: (silo, names it lacks, examples, loss, seconds)."""
    return Table(
        title=f"Isolated models after epoch {epochs}",
        columns=("silo", "lacks classes", "examples", "last training loss", "seconds"),
        rows=tuple((row[0], join_names(row[1]) or "none", *row[2:]) for row in rows),
    )


def gains_table(gains: Iterable[Gain]) -> Table:
    """Return the verdict's numbers: a row per silo and question, in percent and points."""
    return Table(
        title="Federated minus isolated-equal: accuracy in %, gain in points",
        columns=("silo", "on", "isolated-equal", "federated", "gain", "95 % interval", "verdict"),
        rows=tuple(
            (
                gain.silo,
                gain.question.value,
                100 * gain.isolated_equal,
                100 * gain.federated,
                100 * gain.gain,
                interval_text(gain.low, gain.high),
                gain.word.value,
            )
            for gain in gains
        ),
    )


def interval_text(low: float, high: float) -> str:
    """Return the bounds of a gain in points: "−2.05 to −1.33"."""
    return f"{100 * low:+.2f} to {100 * high:+.2f}".replace("-", "−")


def budgets_table(budgets: Iterable[Budget]) -> Table:
    """Return the ledger: a row per regime, means per seed over all silos together."""
    return Table(
        title="Budget of each regime, per seed (seconds while regimes shared the CPUs)",
        columns=("regime", "epochs", "steps", "examples", "MB up", "MB down", "s", "CPU s"),
        rows=tuple(
            (
                budget.regime.value,
                budget.epochs,
                round(budget.local_steps),
                round(budget.examples),
                budget.bytes_up / 1e6,
                budget.bytes_down / 1e6,
                budget.seconds,
                budget.cpu_seconds,
            )
            for budget in budgets
        ),
    )


def _pivot(title: str, index: str, cells: Iterable[tuple[Cell, str, float | None]]) -> Table:
    """Return (row, column, share) cells as a table in percent, in order of appearance."""
    rows: dict[Cell, dict[str, float]] = {}
    for row, column, share in cells:
        rows.setdefault(row, {})[column] = math.nan if share is None else 100 * share
    columns = tuple(dict.fromkeys(column for row in rows.values() for column in row))
    return Table(
        title=title,
        columns=(index, *columns),
        rows=tuple(
            (name, *(row.get(column, math.nan) for column in columns)) for name, row in rows.items()
        ),
    )
