"""What the report says around the results: contributions, costs, method, origin."""

from collections.abc import Sequence

from fedcompare.findings.findings import Findings
from fedcompare.findings.gains import Contribution, Spread
from fedcompare.findings.ledger import Budget
from fedcompare.names import silo_name
from fedcompare.regimes.devices import CPU, repeatability
from fedcompare.report.blocks import Block, Cell, Code, Fold, Section, Sheet, Terms, Text
from fedcompare.report.gains import has_tests, seeds_sheet
from fedcompare.report.wording import said_of_unit, test_set_labels, units
from fedcompare.statistics.word_rules import RULES, SIDES, Correction
from fedcompare.tasks import CLASSES
from fedcompare.text.escaping import toml
from fedcompare.text.units import Units
from fedcompare.text.wording import DASH, count, duration, listing, plural, sentence, size


def contributions_section(findings: Findings) -> Section:
    """Return what each silo adds to the federation."""
    labels, written = test_set_labels(findings), units(findings)
    text = f"Left out is {_left_out(findings)}. {_shapley_said(findings)}"
    sheet = Sheet(
        key="contributions-table",
        caption=(
            f"What a silo adds{', points' if written.in_points else ''} (lowest to highest seed)"
        ),
        columns=("silo", "test set", "left out", "Shapley value"),
        rows=tuple(
            _contribution_row(c, labels, findings.silo_names, written)
            for c in findings.contributions
        ),
        heads=2,
        words=frozenset({1}),
    )
    return Section(key="contributions", title="Who contributes", blocks=(Text(text), sheet))


def _shapley_said(findings: Findings) -> str:
    if any(found.shapley for found in findings.contributions):
        return (
            "The Shapley value is what the silo adds to the silos before it, as the mean over all "
            "orders of joining; the values of all silos add up to what the federation gains over "
            "an untrained model."
        )
    return (
        "There is no Shapley value: of many silos it is dear, and of an untrained model no "
        "probabilities are stored."
    )


def _left_out(findings: Findings) -> str:
    measure = findings.measures[0]
    if measure.higher_is_better:
        return f"the federation's {measure.name} minus that of a federation without the silo"
    return f"by how much the federation's {measure.name} is lower than that of one without the silo"


def budget_section(findings: Findings) -> Section:
    """Return what each regime took, in human units."""
    text = (
        "For all silos together, as means over the seeds. Traffic is what the silos send (up) and "
        "receive (down): messages of federated training, one exchange of weights for the average "
        "and the ensemble, and the raw examples themselves for the centralized model. Wall time "
        "is that of the slowest silo or of the whole federation, measured while other regimes "
        "shared the CPUs."
    )
    return Section(key="budget", title="Budget", blocks=(Text(text), ledger_sheet(findings)))


def ledger_sheet(findings: Findings) -> Sheet:
    """Return the ledger: a row per regime, means over the seeds, for all silos together."""
    return Sheet(
        key="ledger",
        caption="What each regime's models took",
        columns=(
            "regime",
            "epochs",
            "local steps",
            "examples processed",
            "sent up",
            "sent down",
            "wall time",
            "CPU time",
        ),
        rows=tuple(_budget_row(budget) for budget in findings.budgets),
    )


def method_section(findings: Findings) -> Section:
    """Return how the numbers came about, in plain words, and every seed's own test."""
    correction = Correction(str(findings.config.get("correct", Correction.HOLM)))
    terms = (
        *([("Settings of training", findings.defaults)] if findings.defaults else []),
        (
            "Gain",
            f"{_gain_said(findings)} Both start from the same seed and answer the same test "
            "examples, so the comparison is paired by seed and by example.",
        ),
        (
            "Equal budget",
            "The isolated-equal model passes over its data as often as the silo does in federated "
            "training. What longer training alone would give is not counted as a gain. The "
            "isolated model has a budget of its own, isolated-epochs.",
        ),
        _cases(findings),
        (
            "Interval",
            "It covers both sources of chance: another seed (partition, first weights, order of "
            "the data) and other test examples of this silo's kind; the training rows stay as they "
            "are. At 95 %, 95 of 100 such intervals would contain the true gain if the whole "
            "comparison were repeated. Where several silos ask the same question, the level is the "
            f"one that {_CORRECTIONS[correction]} leaves each of them, so that a word and its "
            "interval never contradict each other.",
        ),
        ("Words", _words(findings)),
        *([_MCNEMAR] if has_tests(findings) else []),
        (
            "No selection",
            "Models are those of the last round. No model, round or setting was chosen by looking "
            "at the test set.",
        ),
        (
            "Seeds",
            f"{plural(len(findings.seeds), 'seed')}: {listing(findings.seeds)}. Means are over "
            "the seeds; ranges are from the lowest to the highest seed.",
        ),
    )
    blocks: tuple[Block, ...] = (
        Terms(terms),
        Fold(
            title="Exact McNemar test of every seed"
            if has_tests(findings)
            else "Every seed's numbers",
            blocks=(seeds_sheet(findings),),
        ),
    )
    return Section(key="method", title="How to read this", blocks=blocks)


def _cases(findings: Findings) -> tuple[str, str]:
    """Return which cases each question is about."""
    if findings.has_own_rows:
        return (
            "Own cases, other silos' cases, whole population",
            "The held-out rows that are the silo's own, those of all others, and all of them.",
        )
    return (
        "Own cases, whole population, never-seen cases",
        "The test set weighted as the classes in the silo's training data; all of the test "
        "set; and the test examples of classes that the silo never saw.",
    )


_MCNEMAR = (
    "McNemar's test",
    "For one seed, the exact test on the examples that only one of the two models got "
    "right. It covers the test examples, not the seeds, so it never decides a verdict.",
)


_CORRECTIONS = {
    Correction.HOLM: "Holm's method (at most 5 % of comparisons without any gain or loss say one)",
    Correction.BH: "Benjamini and Hochberg's method (at most 5 % of the gains and losses that are "
    "said are none, on average)",
}


def _words(findings: Findings) -> str:
    """Return the table of words and conditions as sentences; docs/report.md has it as a table."""
    rules = "; ".join(f"{rule.word.value}: {rule.when}" for rule in RULES)
    sides = "".join(f" It is said {side} where {when}." for side, when in SIDES)
    margin = findings.margin
    if margin is None:
        said = "No margin was given, so that nothing can be said to make no relevant difference."
    else:
        written = units(findings)
        said = f"The margin is {written.plotted(margin):.10g}{written.noun}.{sides}"
    return f"The first that holds: {rules}. {said} {_NO_EVIDENCE}"


_NO_EVIDENCE = (
    "No evidence either way does not mean that the models are equal; the detectable gain says how "
    "small a gain could have been found."
)


def _gain_said(findings: Findings) -> str:
    measure = findings.measures[0]
    name = sentence(measure.name)
    if measure.in_hundredths:
        return (
            f"{name} of the federated model minus {measure.name} of the silo's isolated-equal "
            "model, in points of 100."
        )
    unit = f", {said}" if (said := said_of_unit(measure)) else ""
    trained = (
        ""
        if findings.task in CLASSES
        else " Models are trained on the squared error of the standardised label."
    )
    return (
        f"By how much the {measure.name} of the federated model is lower than that of the silo's "
        f"isolated-equal model{unit}.{trained}"
    )


def reproduce_section(findings: Findings) -> Section:
    """Return the commands, the configuration as TOML, and the versions."""
    versions = Sheet(
        key="versions",
        caption="Versions and machine",
        columns=("what", "value"),
        rows=tuple((Cell(key), Cell(str(value))) for key, value in findings.environment.items()),
        words=frozenset({1}),
    )
    text = repeatability(str(findings.config.get("device", CPU)))
    blocks: tuple[Block, ...] = (
        Text(text),
        Code(title="Commands", language="sh", text="\n".join(findings.commands)),
        Code(title="Configuration", language="toml", text=toml(findings.config).rstrip("\n")),
        versions,
    )
    return Section(key="reproduce", title="Reproduce", blocks=blocks)


def _contribution_row(
    contribution: Contribution, labels: dict[str, str], names: Sequence[str], written: Units
) -> tuple[Cell, ...]:
    return (
        Cell(silo_name(contribution.silo, names)),
        Cell(labels.get(contribution.test_set, contribution.test_set)),
        _spread_cell(contribution.leave_one_out, written),
        _spread_cell(contribution.shapley, written) if contribution.shapley else Cell(DASH),
    )


def _spread_cell(spread: Spread, written: Units) -> Cell:
    digits = written.digits(spread.mean, spread.lowest, spread.highest)
    bounds = written.interval(spread.lowest, spread.highest, digits)
    return Cell(written.gain(spread.mean, digits), note=bounds)


def _budget_row(budget: Budget) -> tuple[Cell, ...]:
    return (
        Cell(budget.regime.value),
        Cell(count(budget.epochs)),
        Cell(count(budget.local_steps)),
        Cell(count(budget.examples)),
        Cell(size(budget.bytes_up) if budget.bytes_up else DASH),
        Cell(size(budget.bytes_down) if budget.bytes_down else DASH),
        Cell(duration(budget.seconds) if budget.seconds else DASH),
        Cell(duration(budget.cpu_seconds) if budget.cpu_seconds else DASH),
    )
