"""What the step-by-step commands show: tables of trained, evaluated and counted silos."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from fedcompare.classes import join_names
from fedcompare.findings.scores import Mistake
from fedcompare.findings.test_sets import Kind
from fedcompare.names import silo_name
from fedcompare.regimes.catalog import ROWS
from fedcompare.regimes.records import RoundRecord, ServerRecord
from fedcompare.report.blocks import Sheet, Value, sheet_of

if TYPE_CHECKING:
    from fedcompare.evaluation.scores import Score

_MOST_SILO_COLUMNS = 8


def accuracy_table(scores: "Sequence[Score]", names: Sequence[str] = ()) -> Sheet:
    """Return accuracies in percent: a row per model, a column per part of the test set.

    Seen and unseen classes are relative to one silo and have their own table. `names` are the
    silos' own, here and below.
    """
    cells = (
        (score.model.called(names), score.test_set.key, score.value)
        for score in scores
        if score.test_set.silo is None
    )
    return _pivot("accuracy", "Accuracy on the test set, %", "model", cells)


def seen_unseen_table(scores: "Sequence[Score]", names: Sequence[str] = ()) -> Sheet:
    """Return accuracies in percent on the classes each silo has (seen) and lacks (unseen)."""
    shares = {(s.test_set.kind, s.test_set.silo, s.model.regime): s.value for s in scores}
    silos = sorted({silo for _, silo, _ in shares if silo is not None})
    cells = (
        (_id_or_name(silo, names), f"{kind}, {row.regime}", shares[kind, silo, row.regime])
        for silo in silos
        for kind in (Kind.SEEN, Kind.UNSEEN)
        for row in ROWS
        if (kind, silo, row.regime) in shares
    )
    title = "Accuracy on the classes each silo has (seen) and lacks (unseen), %"
    return _pivot("seen-unseen", title, "silo", cells)


def mistakes_table(mistakes: Sequence[Mistake], names: Sequence[str] = ()) -> Sheet:
    """Return what unseen classes are taken for: shares and confidences in percent."""
    return sheet_of(
        "mistakes",
        "What the classes a silo never saw are taken for",
        ("silo", "unseen class", "taken for", "share %", "confidence %"),
        [
            (
                _id_or_name(m.silo, names),
                m.unseen_class,
                m.taken_for,
                100 * m.share,
                100 * m.confidence,
            )
            for m in mistakes
        ],
    )


def rounds_table(records: Sequence[ServerRecord]) -> Sheet:
    """Return the global model's accuracy in percent: a row per round."""
    cells = ((r.round, r.evaluated_on, r.accuracy) for r in records)
    return _pivot("rounds", "The global model after each round: accuracy, %", "round", cells)


def counts_table(
    counts: Sequence[Sequence[int]], class_names: Sequence[str], names: Sequence[str] = ()
) -> Sheet:
    """Return the training examples of each class: a row per class, a column per silo.

    Many silos are the rows, unless there are still more classes.
    """
    title = "Training examples of each class"
    if len(counts) > max(_MOST_SILO_COLUMNS, len(class_names)):
        rows: list[tuple[Value, ...]] = [
            (_id_or_name(silo, names), *own, sum(own)) for silo, own in enumerate(counts, start=1)
        ]
        totals = [sum(column) for column in zip(*counts, strict=True)]
        rows.append(("all", *totals, sum(totals)))
        return sheet_of("counts", title, ("silo", *class_names, "all"), rows)
    rows = [(name, *(own[label] for own in counts)) for label, name in enumerate(class_names)]
    rows.append(("all", *map(sum, counts)))
    columns = ("class", *(silo_name(silo, names) for silo in range(1, len(counts) + 1)))
    return sheet_of("counts", title, columns, rows)


def training_table(
    reports: Iterable[RoundRecord],
    lacks: Mapping[int, Sequence[str]],
    *,
    epochs: int,
    names: Sequence[str] = (),
) -> Sheet:
    """Return a row per isolated model; `lacks` names the classes that each silo lacks."""
    rows = [
        (
            _id_or_name(report.silo, names),
            join_names(lacks[report.silo]) or "none",
            report.num_examples,
            math.nan if report.loss is None else report.loss,
            report.seconds,
        )
        for report in reports
    ]
    columns = ("silo", "lacks classes", "examples", "last training loss", "seconds")
    return sheet_of("training", f"Isolated models after epoch {epochs}", columns, rows)


def _id_or_name(silo: int, names: Sequence[str]) -> Value:
    return names[silo - 1] if names else silo


def _pivot(
    key: str, title: str, index: str, cells: Iterable[tuple[Value, str, float | None]]
) -> Sheet:
    """Return (row, column, share) cells as a table in percent, in order of appearance."""
    rows: dict[Value, dict[str, float]] = {}
    for row, column, share in cells:
        rows.setdefault(row, {})[column] = math.nan if share is None else 100 * share
    columns = tuple(dict.fromkeys(column for row in rows.values() for column in row))
    return sheet_of(
        key,
        title,
        (index, *columns),
        [(name, *(row.get(column, math.nan) for column in columns)) for name, row in rows.items()],
    )
