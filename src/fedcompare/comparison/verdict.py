"""The verdict in plain sentences: what a board reads, made from the gains alone."""

from collections.abc import Iterator, Mapping, Sequence

from fedcompare.classes import listed, no_silo_has
from fedcompare.evaluation.measures.catalog import ACCURACY
from fedcompare.findings.gains import Gain, Verdict
from fedcompare.findings.questions import QUESTIONS, Question, row_of
from fedcompare.findings.scores import Score, SiloFacts
from fedcompare.findings.test_sets import ALL, own, unseen
from fedcompare.names import Word, silo_name, silo_title
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import ModelId
from fedcompare.text.wording import count, gain_digits, interval, percent, plural, points

_HARDLY_ANY = 0.01
_SHARED = (Regime.ENSEMBLE, Regime.AVERAGE, Regime.FEDERATED)
_NO_ADVICE = "Advice: decide nothing from this comparison, since nothing was learnt."
_ORDER = tuple(row.question for row in QUESTIONS)


def find_verdicts(
    gains: Sequence[Gain],
    silos: Sequence[SiloFacts],
    scores: Sequence[Score],
    *,
    learnt: bool = True,
) -> tuple[Verdict, ...]:
    """Return a verdict per silo; the advice follows from the words of its gains.

    Where nothing was `learnt` it is to decide nothing.
    """
    means = _accuracies(scores)
    return tuple(
        _verdict(
            facts,
            {gain.question: gain for gain in gains if gain.silo == facts.silo},
            means,
            learnt=learnt,
        )
        for facts in silos
    )


def summarise(
    gains: Sequence[Gain],
    scores: Sequence[Score],
    *,
    num_silos: int,
    num_seeds: int,
    epochs: int,
    unknown: Sequence[str] = (),
    warning: str | None = None,
    hint: str | None = None,
) -> str:
    """Return the whole comparison in a few sentences; a `warning` comes before any gain.

    `unknown` names classes that no silo has; a `hint` on the budget follows it.
    """
    means = _accuracies(scores)
    lines = [warning] if warning else []
    for question in _ORDER:
        asked = [gain for gain in gains if gain.question is question]
        if asked:
            lines.append(f"On {row_of(question).of_silos}, {_tally(asked)}.")
    if unknown:
        lines.append(no_silo_has(unknown))
    whole = {row: means[ModelId(row).key, ALL.key] for row in _SHARED}
    lines.append(
        "Two alternatives need one exchange of weights only: on the whole population the ensemble "
        f"of the isolated-equal models gets {percent(whole[Regime.ENSEMBLE])} % right and "
        f"their average {percent(whole[Regime.AVERAGE])} %, the federated model "
        f"{percent(whole[Regime.FEDERATED])} %."
    )
    budget = "one pass" if epochs == 1 else f"{count(epochs)} passes"
    lines.append(
        f"Compared over {plural(num_seeds, 'seed')} and {plural(num_silos, 'silo')}, with the "
        f"same budget for isolated-equal, federated and centralized training: {budget} over each "
        "training example. A silo's own model is its isolated-equal one."
    )
    lines += [hint] if hint else []
    return " ".join(lines)


def _tally(gains: Sequence[Gain]) -> str:
    parts = []
    for word in Word:
        count = sum(gain.word is word for gain in gains)
        if count:
            verb = {
                Word.GAINS: "gain" if count > 1 else "gains",
                Word.LOSES: "lose" if count > 1 else "loses",
                Word.NO_EVIDENCE: "show no evidence either way"
                if count > 1
                else "shows no evidence either way",
            }[word]
            parts.append(f"{count} of {plural(len(gains), 'silo')} {verb}")
    return ", ".join(parts)


def _verdict(
    facts: SiloFacts,
    gains: dict[Question, Gain],
    means: Mapping[tuple[str, str], float],
    *,
    learnt: bool,
) -> Verdict:
    whole, own_cases = gains[Question.WHOLE], gains[Question.OWN]
    unseen_cases = gains.get(Question.UNSEEN)
    sentences = [_gain_sentence(whole), *_composition(whole)]
    if unseen_cases:
        sentences += _unseen_sentences(unseen_cases, facts)
    sentences += _unanswered(facts)
    sentences += [_gain_sentence(own_cases), *_fine_tuned(facts, means), *_gap(whole)]
    sentences += [_advice(gains, facts) if learnt else _NO_ADVICE]
    return Verdict(silo=facts.silo, headline=_headline(facts, gains), sentences=tuple(sentences))


def _headline(facts: SiloFacts, gains: dict[Question, Gain]) -> str:
    parts = []
    for word in Word:
        questions = [
            f"on {row_of(q).of_silo}" for q in _ORDER if q in gains and gains[q].word is word
        ]
        if questions:
            says = "there is no evidence either way" if word is Word.NO_EVIDENCE else word.value
            parts.append(f"{says} {' and '.join(questions)}")
    name = facts.name or silo_name(facts.silo)
    title = facts.name or silo_title(facts.silo)
    lead = f"For {name}, " if parts[0].startswith("there") else f"{title} "
    return lead + "; ".join(parts) + "."


def _gain_sentence(gain: Gain) -> str:
    digits = gain_digits(gain.gain)
    models = (
        f"its own model gets {percent(gain.isolated_equal)} % right, "
        f"the federated one {percent(gain.federated)} %"
    )
    certain = f"95 % interval {interval(gain.low, gain.high, digits)}"
    if gain.word is Word.NO_EVIDENCE:
        return (
            f"On {row_of(gain.question).of_silo} there is no evidence either way: {models}, a "
            f"difference of {points(gain.gain)} points ({certain}). {_detectable(gain)}"
        )
    amount = percent(abs(gain.gain), digits)
    return (
        f"On {row_of(gain.question).of_silo} it {gain.word.value} {amount} points ({certain}): "
        f"{models}."
    )


def _detectable(gain: Gain) -> str:
    if gain.detectable >= 1:
        return (
            "With these few seeds and test examples, not even the largest gain would surely have "
            "been found."
        )
    amount = percent(gain.detectable, gain_digits(gain.detectable))
    return f"A true gain or loss of {amount} points or more would probably have been found."


def _composition(whole: Gain) -> Iterator[str]:
    """Say how much of a gain on everything is nothing but classes that were never seen."""
    if whole.word is Word.GAINS and whole.unseen_part > whole.gain / 2:
        yield (
            f"Of this, {points(whole.unseen_part)} points come from the classes it never saw and "
            f"{points(whole.seen_part)} from those it has: a wider range of cases, "
            f"{'not a better' if whole.seen_part < _HARDLY_ANY else 'and a better'} "
            "judgement of the cases it knows."
        )


def _unseen_sentences(gain: Gain, facts: SiloFacts) -> Iterator[str]:
    yield _gain_sentence(gain)
    if gain.word is Word.GAINS and gain.isolated_equal < _HARDLY_ANY:
        yield (
            f"It has no training example of {listed(facts.learnable)}, so its own model cannot "
            "name them: this gain is exactly those classes, learnt from the other silos."
        )


def _unanswered(facts: SiloFacts) -> Iterator[str]:
    """Say which of the classes it never saw no federation can teach, or no test example is of."""
    if unknown := [name for name in facts.unknown if name not in facts.untested]:
        yield no_silo_has(unknown)
    if facts.untested:
        yield (
            f"Of {listed(facts.untested)} it has no training example and the test set has no "
            "example either, so no number says anything of such cases."
        )


def _fine_tuned(facts: SiloFacts, means: Mapping[tuple[str, str], float]) -> Iterator[str]:
    model = ModelId(Regime.FINE_TUNED, facts.silo)
    own_share, unseen_share = (
        means.get((model.key, test_set.key)) for test_set in (own(facts.silo), unseen(facts.silo))
    )
    if own_share is not None:
        also = (
            ""
            if unseen_share is None
            else (f", and {percent(unseen_share)} % of those of classes it never saw")
        )
        yield (
            "The federated model, fine-tuned on its own data, gets "
            f"{percent(own_share)} % of its own cases right{also}."
        )


def _gap(whole: Gain) -> Iterator[str]:
    if whole.gap_closed is not None and whole.gap_closed > 0:
        yield (
            f"Federating closes {percent(whole.gap_closed, 0)} % of the gap between its own model "
            f"and the centralized one, trained on everybody's data ({percent(whole.centralized)} "
            "%), on the whole population."
        )


def _advice(gains: Mapping[Question, Gain], facts: SiloFacts) -> str:
    better, worse = (
        [f"on {row_of(q).of_silo}" for q in _ORDER if q in gains and gains[q].word is word]
        for word in (Word.GAINS, Word.LOSES)
    )
    if better and not worse:
        return f"Advice: join; the federated model is better {' and '.join(better)}."
    if worse and not better:
        return "Advice: do not use the federated model; nothing makes up for the loss."
    if not better:
        return "Advice: this comparison gives no reason to join, and none against it."
    new = gains.get(Question.UNSEEN)
    if new and new.word is Word.GAINS:
        when = f"if it will meet cases of {listed(facts.learnable)}"
    else:
        when = f"for what it gains {' and '.join(better)}"
    return (
        f"Advice: join {when}; {' and '.join(worse)} its own model serves it better than the "
        "federated one."
    )


def _accuracies(scores: Sequence[Score]) -> dict[tuple[str, str], float]:
    """Return the mean accuracy by the keys of model and test set."""
    return {(s.model, s.test_set): s.mean for s in scores if s.measure == ACCURACY.name}
