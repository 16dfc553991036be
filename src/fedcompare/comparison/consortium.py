"""What is known of all silos together, where single ones are too small to tell, or too many."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fedcompare.comparison.asking import Asked, ask
from fedcompare.comparison.contrasts import Contrast, mean_gain
from fedcompare.comparison.phrases import THERE
from fedcompare.comparison.rules import STANDARD, Rules
from fedcompare.comparison.voice import Voice
from fedcompare.evaluation.cases import Cases, Floats
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.consortium import Consortium, Estimand, JointGain, Prospect
from fedcompare.findings.gains import Gain
from fedcompare.findings.questions import Question, row_of
from fedcompare.names import Word
from fedcompare.regimes.catalog import Regime
from fedcompare.statistics import consortium
from fedcompare.statistics.consortium import Expectation, Heterogeneity
from fedcompare.statistics.intervals import PairedGain
from fedcompare.text.units import PERCENT, PLAIN

# Up to so many silos each one's own verdict comes first, unless none says anything.
FEW_SILOS = 8
_ASKED = (Question.OWN, Question.WHOLE)
_SILENT = (Word.NO_EVIDENCE, Word.NO_WORD)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The joint gains of one question, by estimand, and what else is known."""

    gains: dict[Estimand, PairedGain]
    expected: Expectation | None
    differences: Heterogeneity | None = None


def find_consortium(
    answers: Sequence[SeedAnswers],
    cases: Cases,
    gains: Sequence[Gain],
    voice: Voice,
    rules: Rules = STANDARD,
) -> tuple[Consortium, ...]:
    """Return what is known of all silos together on own cases and on the whole population.

    Three estimands have a gain each, as far as they make sense: of own rows there are all three;
    where all silos answer the same cases, no row is one silo's alone, and that of rows is left out.
    `gains` are the silos' own.
    """
    found = []
    for question in _ASKED:
        asked = _Asked.of(ask(question, answers, cases))
        if len(asked.contrasts) < 2:
            continue
        if question is Question.OWN and cases.owners is not None:
            known = _of_own_rows(asked, cases)
        elif question is Question.OWN and asked.has_strata:
            known = _as_units(asked, cases)
        else:
            known = _of_shared_cases(ask(question, answers, cases), asked, cases)
        if known.gains:
            own = [gain for gain in gains if gain.question is question]
            num_silos = len(asked.contrasts)
            found.append(_said(question, num_silos, known, own, cases, voice, rules))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is kept of a question of every silo, whose weights are large: not these.

    `is_plain`: each example weighs alike, for every silo; `has_strata`: the measure averages parts
    of some silo's examples apart.
    """

    contrasts: Sequence[Contrast]
    is_plain: bool
    has_strata: bool

    @classmethod
    def of(cls, every: Iterable[Asked]) -> "_Asked":
        """Return what is kept of these."""
        contrasts, plain, strata = [], True, False
        for item in every:
            contrasts.append(item.contrast(Regime.FEDERATED, Regime.ISOLATED_EQUAL))
            plain, strata = (
                plain and item.weighting.is_plain,
                strata or item.weighting.has_strata,
            )
        return cls(contrasts=contrasts, is_plain=plain, has_strata=strata)


def _of_own_rows(asked: _Asked, cases: Cases) -> _Known:
    """Return what is known where each silo has rows of its own."""
    grouped = {contrast.moments.groups is not None for contrast in asked.contrasts}
    if len(grouped) > 1 or not asked.is_plain:
        return _as_units(asked, cases)
    found = consortium.find_consortium(
        [contrast.moments for contrast in asked.contrasts],
        bounded=cases.measure.is_bounded,
        folds=cases.folds,
    )
    gains = {Estimand.SILOS: found.of_silos, Estimand.ROWS: found.of_rows}
    if found.of_such_silos:
        gains[Estimand.SUCH] = found.of_such_silos
    return _Known(gains=gains, expected=found.of_a_new_silo, differences=found.differences)


def _of_shared_cases(every: Iterable[Asked], asked: _Asked, cases: Cases) -> _Known:
    """Return what is known where all silos answer the same cases."""
    units = _as_units(asked, cases)
    mean = mean_gain(
        (item.weighting, item.answers[Regime.FEDERATED], item.answers[Regime.ISOLATED_EQUAL])
        for item in every
    )
    return _Known(gains={Estimand.SILOS: mean, **units.gains}, expected=units.expected)


def _as_units(asked: _Asked, cases: Cases) -> _Known:
    """Return what follows from the silos' gains alone: a silo is what an example is elsewhere.

    Silos may answer the same cases, with which their gains vary together: by no more than one
    silo's own gain varies over cases.
    """
    gains = [cases.measure.sign * (one.challenger - one.baseline) for one in asked.contrasts]
    means: Floats = np.stack(gains, axis=1)
    of_cases = float(np.mean([one.found.uncertainty.of_examples for one in asked.contrasts]))
    such = consortium.such_silos(means, of_cases=of_cases)
    return _Known(
        gains={Estimand.SUCH: such} if such else {},
        expected=consortium.new_silo(means, of_cases=of_cases),
    )


def _said(
    question: Question,
    num_silos: int,
    known: _Known,
    own: Sequence[Gain],
    cases: Cases,
    voice: Voice,
    rules: Rules,
) -> Consortium:
    joint = tuple(_joint(estimand, gain, rules) for estimand, gain in known.gains.items())
    expected, differences = known.expected, known.differences
    differ = None if differences is None else differences.p_value <= rules.alpha
    spread = differences.spread if differences else None
    prospect = (
        Prospect(gain=expected.mean, low=expected.low, high=expected.high) if expected else None
    )
    sentences = [
        *(_gain_sentence(question, num_silos, gain, voice) for gain in joint),
        *_differ(differ, spread, bounded=cases.measure.is_bounded),
        *_prospect(prospect, bounded=cases.measure.is_bounded),
    ]
    return Consortium(
        question=question,
        num_silos=num_silos,
        gains=joint,
        prospect=prospect,
        spread=spread,
        differ=differ,
        leads=num_silos > FEW_SILOS or _says_more(joint, own),
        sentences=tuple(sentences),
    )


def _says_more(joint: Sequence[JointGain], own: Sequence[Gain]) -> bool:
    """Return whether no silo's own gain says anything, and something can be said of all."""
    has_words = any(gain.word is not Word.NO_WORD for gain in joint)
    return has_words and all(gain.word in _SILENT for gain in own)


def _joint(estimand: Estimand, found: PairedGain, rules: Rules) -> JointGain:
    """Return a mean gain with its word: each estimand is a question of its own."""
    (decided,) = rules.decide([found])
    return JointGain(
        estimand=estimand,
        gain=found.gain,
        low=decided.low,
        high=decided.high,
        confidence=decided.confidence,
        p_value=found.p_value,
        word=decided.word,
        beyond_margin=decided.beyond_margin,
        within_margin=decided.within_margin,
        lack=found.lack,
    )


def _gain_sentence(question: Question, num_silos: int, gain: JointGain, voice: Voice) -> str:
    if gain.word in THERE:
        says = f"{THERE[gain.word]}, {voice.difference(gain)}"
    else:
        says = f"a silo {voice.change(gain)}"
    cases = row_of(question).of_silos
    match gain.estimand:
        case Estimand.SILOS:
            return f"On {cases} {says}, on average over {num_silos} silos, each alike."
        case Estimand.ROWS:
            return f"Each of their rows alike, {says}."
        case Estimand.SUCH:
            return f"Over other silos like these, {says}, on average on {cases}."


def _differ(differ: bool | None, spread: float | None, *, bounded: bool) -> Iterator[str]:
    """Say how much silos differ in what they gain."""
    if differ is None or spread is None:
        return
    if differ:
        written = PERCENT if bounded else PLAIN
        amount = f"{written.value(spread)}{written.noun}"
        yield f"Silos differ in what they gain, with a standard deviation of {amount}."
    else:
        yield "There is no evidence that silos differ in what they gain."


def _prospect(prospect: Prospect | None, *, bounded: bool) -> Iterator[str]:
    """Say what a new silo may expect."""
    if prospect:
        written = PERCENT if bounded else PLAIN
        digits = written.digits(prospect.gain, prospect.low, prospect.high)
        bounds = written.interval(prospect.low, prospect.high, digits)
        yield (
            f"A new silo of their kind may expect {bounds}{written.noun} "
            "(95\u00a0% prediction interval, which decides nothing)."
        )
