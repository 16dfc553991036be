"""From rows to tables: pandas frames, and their Markdown, CSV, JSON and terminal forms."""

from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd
from rich.table import Table

from fedcompare.records import Measurement, Mistake, Regime


def measurements_json(measurements: Sequence[Measurement]) -> list[dict[str, object]]:
    """Return one plain object per number."""
    return [asdict(measurement) for measurement in measurements]


def accuracy_table(measurements: Sequence[Measurement]) -> pd.DataFrame:
    """Return accuracies in percent: a row per model, a column per part of the test set.

    Seen and unseen classes are relative to one silo and have their own table.
    """
    rows: dict[str, dict[str, float]] = {}
    for m in measurements:
        if ":" not in m.evaluated_on:
            rows.setdefault(_model(m), {})[m.evaluated_on] = 100 * m.accuracy
    return _frame(rows, index="model")


def seen_unseen_table(measurements: Sequence[Measurement]) -> pd.DataFrame:
    """Return accuracies in percent on the classes each silo has (seen) and lacks (unseen)."""
    columns = [f"{kind}, {regime}" for kind in ("seen", "unseen") for regime in Regime]
    rows: dict[str, dict[str, float]] = {}
    for m in measurements:
        kind, separator, silo = m.evaluated_on.partition(":")
        if separator:
            row = rows.setdefault(f"silo {silo}", dict.fromkeys(columns, float("nan")))
            row[f"{kind}, {m.regime}"] = 100 * m.accuracy
    return _frame(rows, index="silo").dropna(axis="columns", how="all")


def mistakes_table(mistakes: Sequence[Mistake]) -> pd.DataFrame:
    """Return what unseen classes are taken for: shares and confidences in percent."""
    return pd.DataFrame(
        {
            "model": f"isolated, silo {m.silo}",
            "unseen": m.unseen_class,
            "taken for": m.taken_for,
            "share %": 100 * m.share,
            "confidence %": 100 * m.confidence,
        }
        for m in mistakes
    )


def to_markdown(frame: pd.DataFrame) -> str:
    """Return a Markdown table with two decimals; the index becomes the first column."""
    rows = [_titles(frame), ["---"] * len(_titles(frame)), *_cells(frame)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def to_terminal(frame: pd.DataFrame, title: str) -> Table:
    """Return the frame as a Rich table, numbers to the right."""
    table = Table(title=title, title_justify="left", title_style="bold")
    kinds = [object] * bool(frame.index.name) + list(frame.dtypes)
    for name, kind in zip(_titles(frame), kinds, strict=True):
        table.add_column(name, justify="right" if kind == float else "left")  # noqa: E721
    for row in _cells(frame):
        table.add_row(*row)
    return table


def _model(measurement: Measurement) -> str:
    if measurement.silo is None:
        return measurement.regime.value
    return f"{measurement.regime}, silo {measurement.silo}"


def _frame(rows: dict[str, dict[str, float]], *, index: str) -> pd.DataFrame:
    frame = pd.DataFrame.from_dict(rows, orient="index", dtype=float)
    frame.index.name = index
    return frame


def _titles(frame: pd.DataFrame) -> list[str]:
    return [str(frame.index.name)] * bool(frame.index.name) + list(map(str, frame.columns))


def _cells(frame: pd.DataFrame) -> list[list[str]]:
    lead = [[str(label)] if frame.index.name else [] for label in frame.index]
    return [
        first + [_cell(value) for value in row]
        for first, row in zip(lead, frame.itertuples(index=False), strict=True)
    ]


def _cell(value: object) -> str:
    if isinstance(value, float):
        return "–" if value != value else f"{value:.2f}"
    return str(value)
