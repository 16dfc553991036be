"""What the report says of gains: verdicts, intervals, and how much is a larger budget."""

from collections.abc import Iterator

from fedcompare.classes import listed
from fedcompare.findings.findings import Findings
from fedcompare.findings.gains import Gain, SeedGain
from fedcompare.findings.questions import Question, row_of
from fedcompare.findings.scores import MeasureFacts
from fedcompare.names import silo_name, silo_title
from fedcompare.regimes.catalog import Regime
from fedcompare.report.blocks import (
    MANY,
    Block,
    Card,
    Cell,
    Figure,
    Fold,
    Grid,
    Search,
    Section,
    Sheet,
    Text,
    folded,
)
from fedcompare.report.class_gains import class_gain_blocks
from fedcompare.report.consortium import leading_cards
from fedcompare.report.figures import forest
from fedcompare.report.many import crowd_blocks, sure_sheet
from fedcompare.report.wording import answer_cell, bounds, said_of_unit, units
from fedcompare.tasks import CLASSES
from fedcompare.text.units import Unit, Units
from fedcompare.text.wording import DASH, number, p_value, percent, sentence, several


def verdict_section(findings: Findings) -> Section:
    """Return each silo's verdict as a card, and all gains in one compact table.

    What is known of all silos together comes first where that is the first thing to know. Where
    silos are many, those who surely gain or lose are named, and all else is a click away.
    """
    cards, together = Grid(blocks=tuple(_cards(findings))), leading_cards(findings)
    first: tuple[Block, ...] = (Grid(blocks=together),) if together else ()
    blocks: tuple[Block, ...] = (*first, cards, gains_sheet(findings))
    if len(findings.silos) > MANY:
        blocks = (
            *first,
            sure_sheet(findings),
            Search(),
            Fold(title="The verdict of every silo", blocks=(cards,)),
            Fold(title="The gains of every silo", blocks=(gains_sheet(findings),)),
        )
    return Section(key="verdict", title="Verdict", blocks=blocks)


def gains_section(findings: Findings) -> Section:
    """Return the gains with their intervals, a panel per question, and all their numbers."""
    text = (
        "A point is the mean gain of federating over training alone, with the same budget; "
        "the line is the interval that its word comes from. Right of zero, federating is better. "
        f"Each panel has its own scale. {_ABOUT}"
    )
    held_out = (Text(findings.held_out),) if findings.held_out else ()
    many = len(findings.silos) > MANY
    blocks: tuple[Block, ...] = (
        Text(text),
        *held_out,
        *(crowd_blocks(findings) if many else (Grid(blocks=_panels(findings)),)),
        Fold(title="All numbers behind the gains", blocks=(_numbers(findings), _parts(findings))),
        *class_gain_blocks(findings),
    )
    return Section(key="gains", title="Gains", blocks=blocks)


_ABOUT = (
    "An interval is about new seeds and new cases of a silo's kind, with the training rows as they "
    "are: what another collection of data would give is not in it."
)


def _panels(findings: Findings) -> tuple[Figure, ...]:
    return tuple(
        forest(
            f"gain-{index}", row_of(question).on, own, findings.silo_names, units=units(findings)
        )
        for index, question in enumerate(Question)
        if (own := [gain for gain in findings.gains if gain.question is question])
    )


def split_section(findings: Findings) -> Section:
    """Return how much of the gain over the isolated models is only a larger budget."""
    text = (
        f"Federated training passes over each training example {_epochs(findings)} in all; an "
        f"isolated model does so {_epochs(findings, Regime.ISOLATED)}. Part of the gain over that "
        "model is therefore only the longer training. The rest, the gain over the isolated-equal "
        "model, is what federating itself gives, and it is the gain that all verdicts use."
    )
    sheet = Sheet(
        key="budget-parts",
        caption=f"The gain over the isolated model{_unit_of_gains(findings)}",
        columns=(
            "silo",
            "question",
            "gain at unequal budget",
            "part of the larger budget",
            "part of federating",
            "budget's share, %",
        ),
        rows=tuple(_split_row(gain, findings) for gain in findings.gains),
        heads=2,
        words=frozenset({1}),
        note=f"The share is {DASH} where there is no gain to share, or a part is negative.",
    )
    shown = folded("The parts of every silo's gain", sheet, len(findings.silos))
    return Section(key="equal-budget", title="Equal and unequal budget", blocks=(Text(text), shown))


def seeds_sheet(findings: Findings) -> Sheet:
    """Return every seed's paired comparison, of right and wrong answers with McNemar's test."""
    written = units(findings)
    rows = tuple(
        (
            Cell(silo_name(gain.silo, findings.silo_names)),
            Cell(gain.question.value),
            Cell(str(seed.seed)),
            Cell(written.value(seed.isolated_equal, digits)),
            Cell(written.value(seed.federated, digits)),
            Cell(written.gain(seed.gain, digits)),
            *_mcnemar_cells(seed),
        )
        for gain in findings.gains
        for seed in gain.seeds
        for digits in [_digits(gain, written)]
    )
    tests = ("only federated right", "only isolated-equal right", "McNemar p", "p after Holm")
    return Sheet(
        key="seeds",
        caption="Each seed's paired comparison on the same test examples",
        columns=(
            "silo",
            "question",
            "seed",
            f"isolated-equal{written.of_values}",
            f"federated{written.of_values}",
            f"gain{written.of_gains}",
            *(tests if has_tests(findings) else ()),
        ),
        rows=rows,
        heads=3,
        words=frozenset({1}),
    )


def has_tests(findings: Findings) -> bool:
    """Return whether answers are just right or wrong, so that each seed has McNemar's test."""
    return any(seed.mcnemar is not None for gain in findings.gains for seed in gain.seeds)


def _mcnemar_cells(seed: SeedGain) -> Iterator[Cell]:
    if seed.mcnemar is not None and seed.mcnemar_adjusted is not None:
        yield from (Cell(str(seed.won)), Cell(str(seed.lost)))
        yield from (Cell(p_value(seed.mcnemar)), Cell(p_value(seed.mcnemar_adjusted)))


def _digits(gain: Gain, written: Units) -> int:
    """Return how many decimals a gain and what it is a difference of need."""
    return written.digits(gain.gain, gain.low, gain.high)


def _unit_of_gains(findings: Findings) -> str:
    """Return what follows the title of a table of gains."""
    measure = findings.measures[0]
    if measure.in_hundredths:
        return ", points"
    return f": by how much its {measure.name} is lower"


def _cards(findings: Findings) -> list[Card]:
    written = units(findings)
    lacks, names = {facts.silo: facts.unseen for facts in findings.silos}, findings.silo_names
    return [
        Card(
            owner=f"{silo_title(verdict.silo, names)}: {_missing(lacks, verdict.silo)}"
            if findings.task in CLASSES
            else silo_title(verdict.silo, names),
            headline=verdict.headline,
            sentences=verdict.sentences,
            silo=silo_name(verdict.silo, names) if len(findings.silos) > MANY else "",
            answers=tuple(
                (
                    gain.question.value,
                    answer_cell(gain, f"{written.gain(gain.gain)}{written.noun}"),
                )
                for gain in findings.gains
                if gain.silo == verdict.silo
            ),
        )
        for verdict in findings.verdicts
    ]


def _missing(lacks: dict[int, tuple[str, ...]], silo: int) -> str:
    names = lacks.get(silo, ())
    noun = "class" if len(names) == 1 else "classes"
    return f"no training data of {noun} {listed(names)}" if names else "has all classes"


def gains_sheet(findings: Findings) -> Sheet:
    """Return the verdict's numbers: a row per silo and question."""
    written, measure = units(findings), findings.measures[0]
    return Sheet(
        key="gains-table",
        caption="Federated against isolated-equal",
        columns=(
            "silo",
            "question",
            f"isolated-equal{written.of_values}",
            f"federated{written.of_values}",
            f"gain{written.of_gains} (interval)",
            "answer",
            f"detectable{written.of_gains}",
        ),
        rows=tuple(_gain_row(gain, findings) for gain in findings.gains),
        heads=2,
        words=frozenset({1, 5}),
        note=(
            f"{_said_of_gains(measure)} An interval is the one that its answer comes from: at "
            "95 %, or at the level beside it, which the correction over the silos leaves. "
            "Detectable is the smallest true gain that this test set and these seeds would have "
            "found with a chance of 80 %."
        ),
    )


def _said_of_gains(measure: MeasureFacts) -> str:
    if measure.unit == Unit.PERCENT:
        return "Points are percentage points."
    if measure.in_hundredths:
        return f"{sentence(measure.name)} is in points of 100."
    unit = f" {said}" if (said := said_of_unit(measure)) else ""
    return (
        f"Numbers are {several(measure.name)}{unit}. A gain is by how much the federated model's "
        "is lower."
    )


def _gain_row(gain: Gain, findings: Findings) -> tuple[Cell, ...]:
    written = units(findings)
    digits = _digits(gain, written)
    return (
        Cell(silo_name(gain.silo, findings.silo_names)),
        Cell(gain.question.value),
        Cell(written.value(gain.isolated_equal, digits)),
        Cell(written.value(gain.federated, digits)),
        Cell(written.gain(gain.gain, digits), note=bounds(gain, written, digits)),
        answer_cell(gain),
        Cell(written.value(gain.detectable, written.digits(gain.detectable))),
    )


def _numbers(findings: Findings) -> Sheet:
    written = units(findings)
    rows = tuple(
        (
            Cell(silo_name(gain.silo, findings.silo_names)),
            Cell(gain.question.value),
            Cell(f"{gain.num_examples:,}"),
            Cell(written.gain(gain.gain, digits), note=bounds(gain, written, digits)),
            Cell(written.value(gain.standard_error, max(2, digits))),
            Cell(number(gain.degrees_of_freedom, 1)),
            Cell(p_value(gain.p_value)),
            Cell(p_value(gain.adjusted_p_value)),
        )
        for gain in findings.gains
        for digits in [written.digits(gain.gain, gain.low, gain.high)]
    )
    return Sheet(
        key="gains-numbers",
        caption="Uncertainty of each gain",
        columns=(
            "silo",
            "question",
            "test examples",
            f"gain{written.of_gains} (interval)",
            f"standard error{written.of_gains}",
            "degrees of freedom",
            "p",
            "adjusted p",
        ),
        rows=rows,
        heads=2,
        words=frozenset({1}),
    )


def _parts(findings: Findings) -> Sheet:
    written = units(findings)
    has_parts = any(gain.unseen_part is not None for gain in findings.gains)
    rows = tuple(
        (
            Cell(silo_name(gain.silo, findings.silo_names)),
            Cell(gain.question.value),
            Cell(written.gain(gain.gain, digits)),
            *(
                Cell(written.gain(part, digits))
                for part in (gain.unseen_part, gain.seen_part)
                if part is not None
            ),
            Cell(written.value(gain.centralized, digits)),
            Cell(percent(gain.gap_closed)),
        )
        for gain in findings.gains
        for digits in [_digits(gain, written)]
    )
    return Sheet(
        key="gains-parts",
        caption=(
            f"{'Where each gain comes from, and how' if has_parts else 'How'} near it gets to a "
            "centralized model"
        ),
        columns=(
            "silo",
            "question",
            f"gain{written.of_gains}",
            *(("from classes it never saw", "from classes it has") if has_parts else ()),
            f"centralized{written.of_values}",
            "gap closed, %",
        ),
        rows=rows,
        heads=2,
        words=frozenset({1}),
        note=(
            "Gap closed is the share of the way from isolated-equal to centralized; "
            f"{DASH} where that way may be none: its own interval includes 0."
        ),
    )


def _split_row(gain: Gain, findings: Findings) -> tuple[Cell, ...]:
    written = units(findings)
    digits = written.digits(gain.unequal_gain, gain.gain)
    whole = gain.unequal_gain
    shared = whole > 0 and gain.budget_part >= 0 and gain.gain >= 0
    return (
        Cell(silo_name(gain.silo, findings.silo_names)),
        Cell(gain.question.value),
        Cell(written.gain(whole, digits)),
        Cell(written.gain(gain.budget_part, digits)),
        Cell(written.gain(gain.gain, digits)),
        Cell(percent(gain.budget_part / whole if shared else None)),
    )


def _epochs(findings: Findings, regime: Regime = Regime.FEDERATED) -> str:
    found = next((m.epochs for m in findings.models if m.regime is regime), None)
    if found is None:
        return "more often" if regime is Regime.FEDERATED else "less often"
    return "once" if found == 1 else f"{found} times"
