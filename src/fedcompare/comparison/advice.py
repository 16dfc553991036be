"""The advice of a verdict: in which form to join, from the decision and the words behind it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from fedcompare.classes import listed
from fedcompare.comparison.phrases import THERE
from fedcompare.comparison.voice import Voice
from fedcompare.findings.forms import Decision, FormCost, FormGain
from fedcompare.findings.questions import QUESTIONS, Question, row_of
from fedcompare.findings.scores import SiloFacts
from fedcompare.names import Word
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.catalog import row_of as _row
from fedcompare.text.wording import enumerated, plural

_MOST_TOLD = 3


def form_name(regime: Regime) -> str:
    """Return what sentences call a form."""
    return f"the {regime} model" if _row(regime).trained else f"the {regime}"


def tally_forms(decisions: Sequence[Decision]) -> str:
    """Return for how many silos which form is the best supported one; empty without decisions.

    Forms that cannot be told apart go together; those that few silos have are counted as others.
    """
    found = Counter(tuple(sorted(decision.forms)) for decision in decisions if decision.forms)
    parts = [
        f"{_either(forms)} for {number} of {plural(len(decisions), 'silo')}"
        for forms, number in found.most_common(_MOST_TOLD)
    ]
    if not parts:
        return ""
    others = sum(found.values()) - sum(number for _, number in found.most_common(_MOST_TOLD))
    parts += [f"others for {others}"] if others else []
    mixed = sum(bool(one.choices) and not one.forms for one in decisions)
    parts += [f"one for each question for {mixed}"] if mixed else []
    return f"The best supported form of joining is {', '.join(parts)}."


def told_best(decision: Decision, gains: Sequence[FormGain], voice: Voice) -> Iterator[str]:
    """Yield what the best form gives on each question, where that is not the federated model."""
    if not decision.forms or decision.forms[0] is Regime.FEDERATED:
        return
    best = decision.forms[0]
    by_question = {gain.question: gain for gain in gains if gain.regime is best}
    parts = [
        f"on {row.of_silo} {_told(by_question[row.question], voice)}"
        for row in QUESTIONS
        if row.question in by_question
    ]
    own = "" if _row(best).trained else " of all silos' own models"
    yield f"With {form_name(best)}{own} instead: {'; '.join(parts)}."


def advise(
    decision: Decision,
    gains: Sequence[FormGain],
    facts: SiloFacts,
    costs: Sequence[FormCost],
    *,
    gaining: bool = False,
) -> str:
    """Return the advice, which follows from the words of all forms.

    `gaining` says that the federated model alone gains, before it is one form among several.
    """
    if not decision.choices:
        return f"Advice: {_without_gain(gains, gaining=gaining)}"
    if not decision.forms:
        parts = [f"{_on([c.question])} {_either(c.forms)}" for c in decision.choices]
        advice = f"Advice: join in the form that its cases ask for: {', '.join(parts)}"
    else:
        meets = decision.harmed and any(c.question is Question.UNSEEN for c in decision.choices)
        when = f" if it will meet cases of {listed(facts.learnable)}," if meets else ""
        advice = (
            f"Advice: join{when}{_best(decision, {cost.regime: cost.exchanges for cost in costs})}"
        )
    if decision.harmed:
        advice += (
            f"; {_on(decision.harmed)} its own model serves it better than "
            f"{form_name(decision.forms[0])}"
        )
    return f"{advice}.{_spared(decision, gains)}"


def _best(decision: Decision, exchanges: Mapping[Regime, int]) -> str:
    where = _on([choice.question for choice in decision.choices])
    best, *others = decision.forms
    if not others:
        rivals = "".join(
            f"; {_on([choice.question])} {_either(also)} cannot be told from it"
            for choice in decision.choices
            if (also := [form for form in choice.forms if form is not best])
        )
        return f" with {form_name(best)}: it is the best supported form {where}{rivals}"
    paid = {form: exchanges[form] for form in decision.forms if form in exchanges}
    takes = [
        f"{form_name(form)} takes {plural(number, 'exchange')} of weights"
        for form, number in paid.items()
    ]
    differ = len(set(paid.values())) > 1
    return (
        f" with {_either(decision.forms)}: {'both' if len(others) == 1 else 'all'} are better than "
        f"its own model {where}, and cannot be told apart"
        f"{' (' + ', '.join(takes) + ')' if differ else ''}"
    )


def _spared(decision: Decision, gains: Sequence[FormGain]) -> str:
    """Say which form gains somewhere and loses nowhere, where the best one does not."""
    others = [form for form in decision.spared if form not in decision.forms]
    if not others:
        return ""
    parts = []
    for form in others:
        worth = [gain.question for gain in gains if gain.regime is form and gain.is_worth_it]
        parts.append(f"{form_name(form)} gains {_on(worth)}")
    text = ", and ".join(parts)
    loses = "loses" if len(others) == 1 else "lose"
    return f" {text[0].upper()}{text[1:]}, and {loses} nowhere for sure."


def _without_gain(gains: Sequence[FormGain], *, gaining: bool) -> str:
    """Return the advice where no form is worth it on any question."""
    words = {gain.word for gain in gains}
    relevant = [gain for gain in gains if gain.is_harm]
    if words == {Word.NO_WORD}:
        return "numbers without a word carry no decision."
    if relevant:
        losers = list(dict.fromkeys(gain.regime for gain in relevant))
        federated = Regime.FEDERATED if Regime.FEDERATED in losers else losers[0]
        where = _on([gain.question for gain in relevant if gain.regime is federated])
        return (
            f"do not use {form_name(federated)}, which loses {where}; no other form makes up for "
            "it, since none gains."
        )
    if words and all(g.within_margin or g.word is Word.NO_DIFFERENCE for g in gains):
        return "do as you like; no form makes a relevant difference."
    if gaining:
        return (
            "wait for more seeds or more cases; the federated model alone gains, but corrected for "
            "choosing among several forms, no form surely does."
        )
    return "this comparison gives no reason to join, and none against it."


def _told(gain: FormGain, voice: Voice) -> str:
    if gain.word in THERE:
        return f"{THERE[gain.word]}, {voice.difference(gain)}"
    return f"it {voice.change(gain)}"


def _on(questions: Sequence[Question]) -> str:
    """Return where something holds, in the order of sentences: "on its own cases and on ..."."""
    ordered = [row.question for row in QUESTIONS if row.question in questions]
    return enumerated([f"on {row_of(question).of_silo}" for question in ordered])


def _either(forms: Sequence[Regime]) -> str:
    return " or ".join(map(form_name, forms))
