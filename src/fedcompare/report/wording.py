"""How reports name what the findings hold."""

import math
from collections.abc import Iterable

from fedcompare.findings.findings import Findings
from fedcompare.findings.forms import Worded
from fedcompare.findings.scores import MeasureFacts, SiloFacts
from fedcompare.names import answer
from fedcompare.report.blocks import Cell
from fedcompare.text.units import PERCENT, PLAIN, POINTS, Unit, Units
from fedcompare.text.wording import level


def mean(shares: Iterable[float | None]) -> float:
    """Return the mean of the shares that are known, NaN where there are none."""
    values = [share for share in shares if share is not None]
    return sum(values) / len(values) if values else math.nan


def units_of(measure: MeasureFacts) -> Units:
    """Return how the values of a measure are written."""
    if not measure.in_hundredths:
        return PLAIN
    return PERCENT if measure.unit == Unit.PERCENT else POINTS


def said_of_unit(measure: MeasureFacts) -> str:
    """Return in what a measure is that is not written in hundredths: "in nats"; or nothing."""
    if measure.unit in (Unit.NATS, Unit.NONE):
        return f"in {measure.unit}" if measure.unit else ""
    return f"in the unit of {measure.unit}"


def units(findings: Findings) -> Units:
    """Return how gains, and what they are differences of, are written."""
    return units_of(findings.measures[0])


def bounds(found: Worded, written: Units, digits: int) -> str:
    """Return the interval that a word comes from, with its level where that is not 95 %."""
    text = written.interval(found.low, found.high, digits)
    return text if f"{found.confidence:.3f}" == "0.950" else f"{text}, {level(found.confidence)}"


def answer_cell(found: Worded, note: str = "") -> Cell:
    """Return the word, with the side of the margin that it is on."""
    said = answer(found.word, beyond_margin=found.beyond_margin, within_margin=found.within_margin)
    return Cell(said, note=note, word=found.word)


def model_labels(findings: Findings) -> dict[str, str]:
    """Return what people call each model, by its key."""
    return {model.key: model.label for model in findings.models}


def test_set_labels(findings: Findings) -> dict[str, str]:
    """Return what people call each test set, by its key."""
    return {test_set.key: test_set.label for test_set in findings.test_sets}


def class_rows(findings: Findings, silo: SiloFacts) -> tuple[list[int], list[int]]:
    """Return the positions of the classes that a silo has, and of those it lacks."""
    names = list(enumerate(findings.class_names))
    seen = [position for position, name in names if name in silo.seen]
    return seen, [position for position, name in names if name in silo.unseen]
