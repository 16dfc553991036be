"""What each silo has, and how much silos differ in it."""

from collections.abc import Iterator

from fedcompare.classes import listed
from fedcompare.findings.findings import Findings
from fedcompare.findings.scores import SiloFacts
from fedcompare.names import silo_name
from fedcompare.report.blocks import Block, Cell, Section, Sheet, Text, folded
from fedcompare.report.skew import distance_cell, distance_note, sentences, skew_sheet
from fedcompare.tasks import CLASSES
from fedcompare.text.wording import DASH, count, percent

_MOST_NAMED = 12  # classes that a silo lacks


def silos_section(findings: Findings) -> Section:
    """Return each silo's training examples per class, and what is to be known of the data."""
    notes = tuple(Text(f"Of the data: {note}") for note in findings.notes)
    sheet = _classes_sheet(findings) if findings.task in CLASSES else _sizes_sheet(findings)
    columns = (_columns_sheet(findings),) if findings.columns else ()
    shown = folded("The training examples of every silo", sheet, len(findings.silos))
    blocks = (*notes, shown, *_skew_blocks(findings), *columns)
    return Section(key="silos", title="What each silo has", blocks=blocks)


def _skew_blocks(findings: Findings) -> Iterator[Block]:
    """Yield how much silos differ: in sizes, labels and features."""
    names, sizes = findings.silo_names, [sum(facts.label_counts) for facts in findings.silos]
    yield from map(Text, sentences(sizes, findings.skew, names))
    if sheet := skew_sheet(findings.skew, names):
        yield sheet


def _sized(findings: Findings) -> Iterator[tuple[Cell, ...]]:
    """Yield for each silo its training examples, their share, and how far its labels lie out."""
    total = sum(sum(facts.label_counts) for facts in findings.silos)
    distances = {one.silo: distance_cell(one) for one in findings.skew.labels}
    for facts in findings.silos:
        size = sum(facts.label_counts)
        distance = (distances.get(facts.silo, Cell(DASH)),) if distances else ()
        yield Cell(count(size)), Cell(percent(size / total)), *distance


def _sized_columns(findings: Findings, size: str) -> tuple[str, ...]:
    return (size, "%", "label distance") if findings.skew.labels else (size, "%")


def _sizes_sheet(findings: Findings) -> Sheet:
    return Sheet(
        key="labels",
        caption="Training examples, mean over the seeds",
        columns=("silo", *_sized_columns(findings, "training examples")),
        rows=tuple(
            (Cell(silo_name(facts.silo, findings.silo_names)), *sizes)
            for facts, sizes in zip(findings.silos, _sized(findings), strict=True)
        ),
        note=distance_note(findings.skew),
    )


def _classes_sheet(findings: Findings) -> Sheet:
    most = max((n for facts in findings.silos for n in facts.label_counts), default=0) or 1
    columns = ("silo", *_sized_columns(findings, "all"), *findings.class_names, "lacks")
    return Sheet(
        key="labels",
        caption="Training examples of each class, mean over the seeds",
        columns=columns,
        rows=tuple(
            (
                Cell(silo_name(facts.silo, findings.silo_names)),
                *sizes,
                *(Cell(count(n) if n else "0", shade=n / most) for n in facts.label_counts),
                Cell(_lacking(facts, len(findings.class_names))),
            )
            for facts, sizes in zip(findings.silos, _sized(findings), strict=True)
        ),
        words=frozenset({len(columns) - 1}),
        note=distance_note(findings.skew),
        dense=True,
    )


def _lacking(facts: SiloFacts, classes: int) -> str:
    """Return which classes a silo lacks, or how many where they are many."""
    many = len(facts.unseen) > _MOST_NAMED
    return f"{len(facts.unseen)} of {classes}" if many else listed(facts.unseen)


def _columns_sheet(findings: Findings) -> Sheet:
    """Return what became of each column of a table."""
    return Sheet(
        key="columns",
        caption="Columns, and what became of them",
        columns=("column", "kind", "treatment"),
        rows=tuple((Cell(c.name), Cell(c.kind), Cell(c.treatment)) for c in findings.columns),
        words=frozenset({1, 2}),
        note="Alike in all silos and regimes; it follows from the silos' training rows alone"
        + (", here from those of the first fold." if findings.held_out else "."),
    )
