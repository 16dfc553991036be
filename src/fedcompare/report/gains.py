"""What the report says of gains: verdicts, intervals, and how much is a larger budget."""

from fedcompare.classes import listed
from fedcompare.findings.findings import Findings
from fedcompare.findings.gains import Gain
from fedcompare.findings.questions import Question, row_of
from fedcompare.names import silo_name, silo_title
from fedcompare.regimes.catalog import Regime
from fedcompare.report.blocks import Block, Card, Cell, Fold, Grid, Section, Sheet, Text
from fedcompare.report.figures import forest
from fedcompare.text.wording import DASH, gain_digits, interval, number, p_value, percent, points


def verdict_section(findings: Findings) -> Section:
    """Return each silo's verdict as a card, and all gains in one compact table."""
    return Section(
        key="verdict",
        title="Verdict",
        blocks=(
            Grid(blocks=tuple(_cards(findings))),
            gains_sheet(findings),
        ),
    )


def gains_section(findings: Findings) -> Section:
    """Return the gains with their intervals, a panel per question, and all their numbers."""
    panels = tuple(
        forest(f"gain-{index}", row_of(question).on, own, findings.silo_names)
        for index, question in enumerate(Question)
        if (own := [gain for gain in findings.gains if gain.question is question])
    )
    text = (
        "A point is the mean gain of federating over training alone, with the same budget; "
        "the line is its 95 % interval. Right of zero, federating is better. "
        "Each panel has its own scale."
    )
    blocks: tuple[Block, ...] = (
        Text(text),
        Grid(blocks=panels),
        Fold(title="All numbers behind the gains", blocks=(_numbers(findings), _parts(findings))),
    )
    return Section(key="gains", title="Gains", blocks=blocks)


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
        caption="The gain over the isolated model, percentage points",
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
    return Section(key="equal-budget", title="Equal and unequal budget", blocks=(Text(text), sheet))


def seeds_sheet(findings: Findings) -> Sheet:
    """Return every seed's paired comparison, with McNemar's test."""
    rows = tuple(
        (
            Cell(silo_name(gain.silo, findings.silo_names)),
            Cell(gain.question.value),
            Cell(str(seed.seed)),
            Cell(percent(seed.isolated_equal, digits)),
            Cell(percent(seed.federated, digits)),
            Cell(points(seed.gain, digits)),
            Cell(str(seed.won)),
            Cell(str(seed.lost)),
            Cell(p_value(seed.mcnemar)),
            Cell(p_value(seed.mcnemar_adjusted)),
        )
        for gain in findings.gains
        for seed in gain.seeds
        for digits in [gain_digits(gain.gain)]
    )
    return Sheet(
        key="seeds",
        caption="Each seed's paired comparison on the same test examples",
        columns=(
            "silo",
            "question",
            "seed",
            "isolated-equal, %",
            "federated, %",
            "gain, points",
            "only federated right",
            "only isolated-equal right",
            "McNemar p",
            "p after Holm",
        ),
        rows=rows,
        heads=3,
        words=frozenset({1}),
    )


def _cards(findings: Findings) -> list[Card]:
    lacks, names = {facts.silo: facts.unseen for facts in findings.silos}, findings.silo_names
    return [
        Card(
            owner=f"{silo_title(verdict.silo, names)}: {_missing(lacks, verdict.silo)}",
            headline=verdict.headline,
            sentences=verdict.sentences,
            answers=tuple(
                (
                    gain.question.value,
                    Cell(gain.word.value, note=f"{points(gain.gain)} points", word=gain.word),
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
    return Sheet(
        key="gains-table",
        caption="Federated against isolated-equal",
        columns=(
            "silo",
            "question",
            "isolated-equal, %",
            "federated, %",
            "gain, points (95 % interval)",
            "answer",
            "detectable, points",
        ),
        rows=tuple(_gain_row(gain, findings) for gain in findings.gains),
        heads=2,
        words=frozenset({1, 5}),
        note=(
            "Points are percentage points. Detectable is the smallest true gain that this test "
            "set and these seeds would have found with a chance of 80 %."
        ),
    )


def _gain_row(gain: Gain, findings: Findings) -> tuple[Cell, ...]:
    digits = gain_digits(gain.gain)
    return (
        Cell(silo_name(gain.silo, findings.silo_names)),
        Cell(gain.question.value),
        Cell(percent(gain.isolated_equal, digits)),
        Cell(percent(gain.federated, digits)),
        Cell(points(gain.gain, digits), note=interval(gain.low, gain.high, digits)),
        Cell(gain.word.value, word=gain.word),
        Cell(percent(gain.detectable, gain_digits(gain.detectable))),
    )


def _numbers(findings: Findings) -> Sheet:
    rows = tuple(
        (
            Cell(silo_name(gain.silo, findings.silo_names)),
            Cell(gain.question.value),
            Cell(f"{gain.num_examples:,}"),
            Cell(points(gain.gain), note=interval(gain.low, gain.high, gain_digits(gain.gain))),
            Cell(percent(gain.standard_error, 2)),
            Cell(number(gain.degrees_of_freedom, 1)),
            Cell(p_value(gain.p_value)),
            Cell(p_value(gain.adjusted_p_value)),
        )
        for gain in findings.gains
    )
    return Sheet(
        key="gains-numbers",
        caption="Uncertainty of each gain",
        columns=(
            "silo",
            "question",
            "test examples",
            "gain, points (95 % interval)",
            "standard error, points",
            "degrees of freedom",
            "p",
            "p after Holm",
        ),
        rows=rows,
        heads=2,
        words=frozenset({1}),
    )


def _parts(findings: Findings) -> Sheet:
    rows = tuple(
        (
            Cell(silo_name(gain.silo, findings.silo_names)),
            Cell(gain.question.value),
            Cell(points(gain.gain)),
            Cell(points(gain.unseen_part, gain_digits(gain.gain))),
            Cell(points(gain.seen_part, gain_digits(gain.gain))),
            Cell(percent(gain.centralized, gain_digits(gain.gain))),
            Cell(percent(gain.gap_closed)),
        )
        for gain in findings.gains
    )
    return Sheet(
        key="gains-parts",
        caption="Where each gain comes from, and how near it gets to a centralized model",
        columns=(
            "silo",
            "question",
            "gain, points",
            "from classes it never saw",
            "from classes it has",
            "centralized, %",
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
    digits = gain_digits(gain.unequal_gain)
    whole = gain.unequal_gain
    shared = whole > 0 and gain.budget_part >= 0 and gain.gain >= 0
    return (
        Cell(silo_name(gain.silo, findings.silo_names)),
        Cell(gain.question.value),
        Cell(points(whole, digits)),
        Cell(points(gain.budget_part, digits)),
        Cell(points(gain.gain, digits)),
        Cell(percent(gain.budget_part / whole if shared else None)),
    )


def _epochs(findings: Findings, regime: Regime = Regime.FEDERATED) -> str:
    found = next((m.epochs for m in findings.models if m.regime is regime), None)
    if found is None:
        return "more often" if regime is Regime.FEDERATED else "less often"
    return "once" if found == 1 else f"{found} times"
