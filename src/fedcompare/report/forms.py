"""What the report says of forms: what each one gives a silo, and what it costs."""

from collections import Counter
from collections.abc import Iterable

from fedcompare.findings.findings import Findings
from fedcompare.findings.forms import Decision, FormGain
from fedcompare.findings.questions import QUESTIONS, Question
from fedcompare.names import Word, silo_name
from fedcompare.report.blocks import BEST, MANY, Block, Cell, Fold, Section, Sheet, Text
from fedcompare.report.references import reference_blocks
from fedcompare.report.wording import bounds, units
from fedcompare.text.wording import DASH, count, size


def forms_section(findings: Findings) -> Section:
    """Return every form against the silo's own model, the form to join in, and what forms cost."""
    text = (
        "A silo can join in several forms. Each is compared with its own model of the same budget "
        "(isolated-equal), and words are corrected over all forms and silos that ask a question, "
        "so they can be more careful than those of the verdict, which is about the federated model "
        f"alone. {BEST} marks the best form that surely gains, and those that gain and cannot be "
        "told from it."
    )
    table = _gains_sheet(findings)
    many = len(findings.silos) > MANY
    shown: tuple[Block, ...] = (
        (_counts_sheet(findings), Fold(title="The forms of every silo", blocks=(table,)))
        if many
        else (table,)
    )
    decisions = _decisions_sheet(findings)
    blocks: tuple[Block, ...] = (
        Text(text),
        *shown,
        Fold(title="The form for every silo", blocks=(decisions,)) if many else decisions,
        *reference_blocks(findings),
        _costs_sheet(findings),
    )
    return Section(key="forms", title="In which form to join", blocks=blocks)


def _gains_sheet(findings: Findings) -> Sheet:
    found = {(g.silo, g.regime, g.question): g for g in findings.forms.gains}
    asked = _asked(findings)
    pairs = dict.fromkeys((gain.silo, gain.regime) for gain in findings.forms.gains)
    return Sheet(
        key="forms-table",
        caption=f"Gain over isolated-equal{units(findings).of_gains} (interval)",
        columns=("silo", "form", *(question.value for question in asked)),
        rows=tuple(
            (
                Cell(silo_name(silo, findings.silo_names)),
                Cell(regime.value),
                *(_gain_cell(found.get((silo, regime, q)), findings) for q in asked),
            )
            for silo, regime in pairs
        ),
        heads=2,
    )


def _gain_cell(gain: FormGain | None, findings: Findings) -> Cell:
    if gain is None:
        return Cell(DASH)
    written = units(findings)
    digits = written.digits(gain.gain, gain.low, gain.high)
    return Cell(
        written.gain(gain.gain, digits),
        note=bounds(gain, written, digits),
        word=gain.word,
        best=gain.is_worth_it and gain.as_good,
    )


def _counts_sheet(findings: Findings) -> Sheet:
    """Return of how many silos each word is, by question and form."""
    words = [word for word in Word if any(g.word is word for g in findings.forms.gains)]
    pairs = dict.fromkeys(
        (question, gain.regime)
        for question in _asked(findings)
        for gain in findings.forms.gains
        if gain.question is question
    )
    counted = Counter((g.question, g.regime, g.word) for g in findings.forms.gains)
    best = Counter(
        (g.question, g.regime) for g in findings.forms.gains if g.is_worth_it and g.as_good
    )
    return Sheet(
        key="forms-counts",
        caption="Of how many silos which answer is, and which form is among the best",
        columns=("question", "form", *(word.value for word in words), "among the best"),
        rows=tuple(
            (
                Cell(question.value),
                Cell(regime.value),
                *(Cell(count(counted[question, regime, word])) for word in words),
                Cell(count(best[question, regime])),
            )
            for question, regime in pairs
        ),
        heads=2,
    )


def _decisions_sheet(findings: Findings) -> Sheet:
    return Sheet(
        key="decisions",
        caption="The form to join in",
        columns=("silo", "join as", "better than its own model on", "worse on", "never worse"),
        rows=tuple(_decision_row(decision, findings) for decision in findings.forms.decisions),
        words=frozenset({1, 2, 3, 4}),
        note=(
            "Several forms cannot be told apart; with a question in brackets, each is for that. "
            "Never worse are forms that gain on some question and surely lose on none, where the "
            "best ones do."
        ),
    )


def _decision_row(decision: Decision, findings: Findings) -> tuple[Cell, ...]:
    forms = ", ".join(decision.forms)
    if not forms and decision.choices:
        parts = (f"{', '.join(c.forms)} ({c.question.value})" for c in decision.choices)
        forms = ", ".join(parts)
    return (
        Cell(silo_name(decision.silo, findings.silo_names)),
        Cell(forms or "no form surely gains"),
        Cell(_listed(choice.question for choice in decision.choices)),
        Cell(_listed(decision.harmed)),
        Cell(", ".join(decision.spared) or DASH),
    )


def _listed(questions: Iterable[Question]) -> str:
    return ", ".join(question.value for question in questions) or DASH


def _costs_sheet(findings: Findings) -> Sheet:
    return Sheet(
        key="form-costs",
        caption="What a form costs a silo, mean over silos and seeds",
        columns=("form", "exchanges of weights", "sends", "receives", "passes over its examples"),
        rows=tuple(
            (
                Cell(cost.regime.value),
                Cell(count(cost.exchanges) if cost.exchanges else DASH),
                Cell(size(cost.bytes_up) if cost.bytes_up else DASH),
                Cell(size(cost.bytes_down) if cost.bytes_down else DASH),
                Cell(count(cost.epochs)),
            )
            for cost in findings.forms.costs
        ),
    )


def _asked(findings: Findings) -> list[Question]:
    """Return the questions that some silo asks, what matters to the most first."""
    asked = {gain.question for gain in findings.forms.gains}
    return [row.question for row in QUESTIONS if row.question in asked]
