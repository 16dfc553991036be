"""What the report shows first where silos are many: who surely gains or loses, and the rest."""

from collections.abc import Iterable, Sequence

from fedcompare.classes import listed
from fedcompare.findings.findings import Findings
from fedcompare.findings.gains import Gain
from fedcompare.findings.questions import QUESTIONS, row_of
from fedcompare.names import Word, silo_name
from fedcompare.report.blocks import ICONS, Block, Cell, Fold, Grid, Sheet, Text
from fedcompare.report.crowds import distribution, intervals
from fedcompare.report.wording import units

_SURE = (Word.GAINS, Word.LOSES)
_MOST_NAMED = 12


def sure_sheet(findings: Findings) -> Sheet:
    """Return who surely gains and who surely loses by name, and how many silos the others are."""
    words = [w for w in Word if w in _SURE or any(gain.word is w for gain in findings.gains)]
    asked = [row.question for row in QUESTIONS if any(_of(findings, row.question))]
    return Sheet(
        key="sure",
        caption="Of how many silos which answer is",
        columns=("question", "silos", *(word.value for word in words)),
        rows=tuple(
            (
                Cell(question.value),
                Cell(str(len(own))),
                *(_counted(own, word, findings) for word in words),
            )
            for question in asked
            for own in [_of(findings, question)]
        ),
        words=frozenset(range(2, 2 + len(words))),
        note=(
            "Words are corrected for asking so many silos at once. A silo without a word may gain "
            "or lose as much as its interval says; how many estimates lie below zero is no count "
            "of losers."
        ),
    )


def sure_lines(findings: Findings) -> list[str]:
    """Return the same names as lines: "▲ gains on own cases (2 of 60 silos): north, south"."""
    lines = []
    for row in QUESTIONS:
        asked = _of(findings, row.question)
        for word in _SURE:
            if own := [gain for gain in asked if gain.word is word]:
                count = f"{len(own)} of {len(asked)} silos"
                lines.append(
                    f"{ICONS[word]} {word.value} {row.on} ({count}): {_named(own, findings)}"
                )
    return lines


def crowd_blocks(findings: Findings) -> tuple[Block, ...]:
    """Return the distribution of gains, and all intervals in order, closed."""
    written, names = units(findings), findings.silo_names
    asked = [(row.question, _of(findings, row.question)) for row in QUESTIONS]
    asked = [(question, own) for question, own in asked if own]
    shapes = tuple(
        distribution(f"shape-{index}", row_of(question).on, own, units=written)
        for index, (question, own) in enumerate(asked)
    )
    lines = tuple(
        intervals(f"gain-{index}", row_of(question).on, own, names, units=written)
        for index, (question, own) in enumerate(asked)
    )
    order = (
        "Silos stand in the order of shrunken estimates: a gain is drawn towards the mean of all "
        "by as much as it is uncertain. That orders the lines and decides nothing; these are the "
        "intervals that words come from."
    )
    return (
        Text(
            "The height of a bar is how many silos have an estimate of that size, noise included; "
            "its colour is their word."
        ),
        Grid(blocks=shapes),
        Fold(title="The interval of every silo", blocks=(Text(order), Grid(blocks=lines))),
    )


def _of(findings: Findings, question: str) -> list[Gain]:
    return [gain for gain in findings.gains if gain.question == question]


def _counted(gains: Iterable[Gain], word: Word, findings: Findings) -> Cell:
    """Return how many gains have a word, with the silos' names where that is sure."""
    own = [gain for gain in gains if gain.word is word]
    if not own:
        return Cell("0")
    if word not in _SURE:
        return Cell(str(len(own)), word=word)
    return Cell(str(len(own)), note=_named(own, findings), word=word)


def _named(gains: Sequence[Gain], findings: Findings) -> str:
    names = [silo_name(gain.silo, findings.silo_names) for gain in gains]
    rest = len(names) - _MOST_NAMED
    return listed(names[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")
