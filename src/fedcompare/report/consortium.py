"""What the report says of all silos together."""

from fedcompare.findings.consortium import Consortium, JointGain
from fedcompare.findings.findings import Findings
from fedcompare.report.blocks import Block, Card, Cell, Section, Sheet, Text
from fedcompare.report.wording import answer_cell, bounds, units
from fedcompare.text.wording import DASH


def leading_cards(findings: Findings) -> tuple[Card, ...]:
    """Return what is known of all silos together, where that is the first thing to know."""
    return tuple(
        Card(
            owner=f"All silos together: {found.question.value}",
            headline=found.sentences[0],
            sentences=found.sentences[1:],
            answers=tuple(
                (gain.estimand.value, answer_cell(gain, _gain(gain, findings)))
                for gain in found.gains
            ),
        )
        for found in findings.consortium
        if found.leads
    )


def consortium_section(findings: Findings) -> Section:
    """Return the mean gains of all silos, each with what it is about."""
    text = (
        "Three questions that are never mixed. Do these very silos gain on average, each silo "
        "alike, or each of their rows alike? Would other silos like these? The first two are about "
        "new seeds and new cases of these silos; the third is about other silos too, so it is less "
        "sure, and so is what a single new one may expect, which decides nothing."
    )
    blocks: tuple[Block, ...] = (
        Text(text),
        Sheet(
            key="consortium",
            caption=f"Mean gain{units(findings).of_gains} (interval)",
            columns=("question", "whose mean", "silos", "gain", "answer"),
            rows=tuple(row for found in findings.consortium for row in _rows(found, findings)),
            heads=2,
            words=frozenset({1, 4}),
        ),
        *(Text(" ".join(found.sentences)) for found in findings.consortium),
    )
    return Section(key="together", title="All silos together", blocks=blocks)


def _rows(found: Consortium, findings: Findings) -> list[tuple[Cell, ...]]:
    head = (Cell(found.question.value),)
    count = Cell(str(found.num_silos))
    rows: list[tuple[Cell, ...]] = [
        (*head, Cell(gain.estimand.value), count, _gain_cell(gain, findings), answer_cell(gain))
        for gain in found.gains
    ]
    if found.prospect:
        written, prospect = units(findings), found.prospect
        digits = written.digits(prospect.gain, prospect.low, prospect.high)
        expected = Cell(
            written.gain(prospect.gain, digits),
            note=written.interval(prospect.low, prospect.high, digits),
        )
        rows.append((*head, Cell("one new silo"), count, expected, Cell(DASH)))
    return rows


def _gain_cell(gain: JointGain, findings: Findings) -> Cell:
    written = units(findings)
    digits = written.digits(gain.gain, gain.low, gain.high)
    return Cell(written.gain(gain.gain, digits), note=bounds(gain, written, digits))


def _gain(gain: JointGain, findings: Findings) -> str:
    written = units(findings)
    return f"{written.gain(gain.gain)}{written.noun}"
