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
from fedcompare.report.blocks import Cell, Sheet, Value, sheet_of
from fedcompare.text.units import PERCENT, PLAIN, Units, units_in
from fedcompare.text.wording import sentence

if TYPE_CHECKING:
    from fedcompare.evaluation.measures.catalog import Measure
    from fedcompare.evaluation.scores import Score

_MOST_SILO_COLUMNS = 8


def whole_table(scores: "Sequence[Score]", names: Sequence[str] = ()) -> Sheet:
    """Return how good models are: a row per model, a column per part of the test set.

    Accuracies are in percent, errors in the label's unit. What is relative to one silo has its own
    table. `names` are the silos' own, here and below.
    """
    cells = (
        (score.model.called(names), score.test_set.key, score.value)
        for score in scores
        if score.test_set.silo is None
    )
    measure = scores[0].measure
    title = f"{sentence(measure.name)} on the test set{_written(measure).of_values}"
    return _pivot(measure.key, title, "model", cells, _written(measure))


def of_silos_table(scores: "Sequence[Score]", names: Sequence[str] = ()) -> Sheet:
    """Return how good models are on what is relative to one silo.

    That are the classes that it has (seen) and lacks (unseen), or its own held-out rows.
    """
    shares = {(s.test_set.kind, s.test_set.silo, s.model.regime): s.value for s in scores}
    silos = sorted({silo for _, silo, _ in shares if silo is not None})
    cells = (
        (_id_or_name(silo, names), f"{kind}, {row.regime}", shares[kind, silo, row.regime])
        for silo in silos
        for kind in (Kind.OWN, Kind.SEEN, Kind.UNSEEN)
        for row in ROWS
        if (kind, silo, row.regime) in shares
    )
    measure = scores[0].measure
    if measure.is_share:
        title = "Accuracy on the classes each silo has (seen) and lacks (unseen), %"
        return _pivot("seen-unseen", title, "silo", cells, PERCENT)
    title = f"{sentence(measure.name)} on each silo's own held-out rows"
    return _pivot("own", title, "silo", cells, _written(measure))


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
    """Return the global model's accuracy in percent, or its error: a row per round."""
    title = "The global model after each round:"
    if any(record.mean_absolute_error is not None for record in records):
        errors = ((r.round, r.evaluated_on, r.mean_absolute_error) for r in records)
        return _pivot("rounds", f"{title} mean absolute error", "round", errors, PLAIN)
    cells = ((r.round, r.evaluated_on, r.accuracy) for r in records)
    return _pivot("rounds", f"{title} accuracy, %", "round", cells, PERCENT)


def counts_table(
    counts: Sequence[Sequence[int]], class_names: Sequence[str], names: Sequence[str] = ()
) -> Sheet:
    """Return the training examples of each class: a row per class, a column per silo.

    Many silos are the rows, unless there are still more classes. Without classes, as of labels
    that are numbers, a silo has one count.
    """
    if not class_names:
        sizes: list[tuple[Value, ...]] = [
            (_id_or_name(silo, names), *own) for silo, own in enumerate(counts, start=1)
        ]
        sizes.append(("all", sum(map(sum, counts))))
        return sheet_of("counts", "Training examples", ("silo", "training examples"), sizes)
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
    lacks: Mapping[int, Sequence[str]] | None,
    *,
    epochs: int,
    names: Sequence[str] = (),
) -> Sheet:
    """Return a row per isolated model; `lacks` names the classes that each silo lacks, if any."""
    rows = [
        (
            _id_or_name(report.silo, names),
            *(() if lacks is None else (join_names(lacks[report.silo]) or "none",)),
            report.num_examples,
            math.nan if report.loss is None else report.loss,
            report.seconds,
        )
        for report in reports
    ]
    classes = () if lacks is None else ("lacks classes",)
    columns = ("silo", *classes, "examples", "last training loss", "seconds")
    return sheet_of("training", f"Isolated models after epoch {epochs}", columns, rows)


def _id_or_name(silo: int, names: Sequence[str]) -> Value:
    return names[silo - 1] if names else silo


def _written(measure: "Measure") -> Units:
    return units_in(measure.unit)


def _pivot(
    key: str,
    title: str,
    index: str,
    cells: Iterable[tuple[Value, str, float | None]],
    written: Units,
) -> Sheet:
    """Return (row, column, value) cells as a table, in order of appearance."""
    rows: dict[Value, dict[str, float | None]] = {}
    for row, column, value in cells:
        rows.setdefault(row, {})[column] = value
    columns = tuple(dict.fromkeys(column for row in rows.values() for column in row))
    digits = 2 if written.in_points else None
    return Sheet(
        key=key,
        caption=title,
        columns=(index, *columns),
        rows=tuple(
            (
                Cell(str(name)),
                *(Cell(written.value(row.get(column), digits)) for column in columns),
            )
            for name, row in rows.items()
        ),
        heads=0,
        words=frozenset(range(any(isinstance(name, str) for name in rows))),
    )
