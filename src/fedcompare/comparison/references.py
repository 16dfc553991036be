"""Each form against the best that a silo's own rows give without a network, and the words on it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict

from fedcompare.comparison.advice import form_name
from fedcompare.comparison.asking import Asked, ask
from fedcompare.comparison.rules import STANDARD, Rules
from fedcompare.comparison.voice import Voice
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.forms import Choice, Decision
from fedcompare.findings.questions import Question, row_of
from fedcompare.findings.references import ReferenceGain
from fedcompare.regimes.catalog import CONVENTIONAL, FORMS, Regime
from fedcompare.regimes.models import models_of
from fedcompare.text.wording import plural

_NAMES = {
    Regime.CONSTANT: "one constant answer",
    Regime.REGULARISED_LINEAR: "a regularised linear model of its own rows",
    Regime.BOOSTED_TREES: "boosted trees of its own rows",
}
_NO_REASON = "a federation that beats only a weak network of the silo's own is no reason to join"
NO_REASON = (
    "Advice: this comparison gives no reason to join, since no form surely beats what its own rows "
    "give without a network."
)
_NONE: Mapping[int, Sequence[Regime]] = {}


def find_references(
    answers: Sequence[SeedAnswers],
    cases: Cases,
    rules: Rules = STANDARD,
    joined: Mapping[int, Sequence[Regime]] = _NONE,
) -> tuple[ReferenceGain, ...]:
    """Return, for each silo and question, how much better the federated model is than a reference.

    The reference is the silo's best conventional model by its mean over the seeds: chosen by
    looking, which makes it harder to beat and never easier. `joined` names, by silo, other forms
    that it might join in. Nothing where there are no conventional models.
    """
    if not set(models_of(CONVENTIONAL, cases.silos)) <= set(answers[0].final):
        return ()
    gains: list[ReferenceGain] = []
    for question in Question:
        pairs = [
            (asked, form, _best(asked, cases))
            for asked in ask(question, answers, cases, (*FORMS, *CONVENTIONAL))
            for form in dict.fromkeys((Regime.FEDERATED, *joined.get(asked.silo, ())))
        ]
        contrasts = [asked.contrast(form, reference) for asked, form, reference in pairs]
        decided = rules.decide([contrast.found for contrast in contrasts])
        for (asked, form, reference), contrast, words in zip(
            pairs, contrasts, decided, strict=True
        ):
            gains.append(
                ReferenceGain(
                    silo=asked.silo,
                    question=question,
                    regime=form,
                    reference=reference,
                    value=float(contrast.challenger.mean()),
                    reference_value=float(contrast.baseline.mean()),
                    gain=contrast.found.gain,
                    **asdict(words),
                )
            )
    return tuple(sorted(gains, key=lambda gain: gain.silo))


def _best(asked: Asked, cases: Cases) -> Regime:
    """Return the conventional model of a silo that is best on the cases of a question."""
    return max(
        (row.regime for row in CONVENTIONAL),
        key=lambda regime: (
            cases.measure.sign * float(asked.weighting.means(asked.answers[regime]).mean())
        ),
    )


def told_references(
    decision: Decision, references: Sequence[ReferenceGain], voice: Voice
) -> Iterator[str]:
    """Yield, for each question on which a form is worth it, that it beats no silo's reference.

    `references` are of the decision's silo; nothing is said where one of the forms beats them.
    """
    for choice in decision.choices:
        asked = _of(choice, references)
        if not asked or any(gain.is_beaten for gain in asked):
            continue
        best = max(asked, key=lambda gain: gain.gain)
        yield (
            f"On {row_of(choice.question).of_silo} {_NAMES[best.reference]}, without any network, "
            f"comes to {voice.reference(best.reference_value)}, and {form_name(best.regime)} does "
            f"not surely beat that ({voice.reference(best.value)}; {voice.difference(best)}): "
            f"{_NO_REASON}."
        )


def is_no_reason(decision: Decision, references: Sequence[ReferenceGain]) -> bool:
    """Return whether all that speaks for joining is that it beats the silo's own network."""
    every = [_of(choice, references) for choice in decision.choices]
    return bool(every) and all(own and not any(g.is_beaten for g in own) for own in every)


def told_no_reason(
    decisions: Iterable[Decision], references: Sequence[ReferenceGain], num_silos: int
) -> str | None:
    """Return of how many silos no form beats the reference though some beats their own network."""
    count = 0
    for decision in decisions:
        own = [gain for gain in references if gain.silo == decision.silo]
        count += is_no_reason(decision, own)
    if not count:
        return None
    return (
        f"For {count} of {plural(num_silos, 'silo')} joining beats only a weak network of the "
        "silo's own: no form surely beats what scikit-learn makes of the same rows without one."
    )


def _of(choice: Choice, references: Sequence[ReferenceGain]) -> list[ReferenceGain]:
    return [
        gain
        for gain in references
        if gain.question is choice.question and gain.regime in choice.forms
    ]
