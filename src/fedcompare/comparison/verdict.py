"""The verdict in plain sentences: what a board reads, made from the gains alone."""

from collections.abc import Iterator, Mapping, Sequence

from fedcompare.classes import listed, no_silo_has
from fedcompare.comparison.voice import RightAnswers, Voice
from fedcompare.findings.gains import Gain, Verdict
from fedcompare.findings.questions import QUESTIONS, Question, row_of
from fedcompare.findings.scores import Score, SiloFacts
from fedcompare.findings.test_sets import ALL, own, unseen
from fedcompare.names import Word, silo_name, silo_title
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import ModelId
from fedcompare.text.wording import count, percent, plural, points

_HARDLY_ANY = 0.01
_SHARED = (Regime.ENSEMBLE, Regime.AVERAGE, Regime.FEDERATED)
RIGHT_ANSWERS = RightAnswers()
_NO_OWN_CASES = (
    "No test example is its own, so no number says anything of its own cases: hold out more rows."
)
_NO_ADVICE = "Advice: decide nothing from this comparison, since nothing was learnt."
_ORDER = tuple(row.question for row in QUESTIONS)


def find_verdicts(
    gains: Sequence[Gain],
    silos: Sequence[SiloFacts],
    scores: Sequence[Score],
    *,
    voice: Voice = RIGHT_ANSWERS,
    learnt: bool = True,
) -> tuple[Verdict, ...]:
    """Return a verdict per silo; the advice follows from the words of its gains.

    `voice` speaks of the first of the scores' measures. Where nothing was `learnt` the advice is to
    decide nothing.
    """
    means = _means(scores)
    return tuple(
        _verdict(
            facts,
            {gain.question: gain for gain in gains if gain.silo == facts.silo},
            means,
            voice=voice,
            learnt=learnt,
        )
        for facts in silos
    )


def summarise(
    gains: Sequence[Gain],
    scores: Sequence[Score],
    *,
    voice: Voice = RIGHT_ANSWERS,
    num_silos: int,
    num_seeds: int,
    epochs: int,
    unknown: Sequence[str] = (),
    warning: str | None = None,
    hint: str | None = None,
) -> str:
    """Return the whole comparison in a few sentences; a `warning` comes before any gain.

    `unknown` names classes that no silo has; a `hint` on how models were trained comes last.
    """
    means = _means(scores)
    lines = [warning] if warning else []
    for question in _ORDER:
        asked = [gain for gain in gains if gain.question is question]
        if asked:
            lines.append(f"On {row_of(question).of_silos}, {_tally(asked)}.")
    if unknown:
        lines.append(no_silo_has(unknown))
    whole = voice.alternatives(*(means[ModelId(row).key, ALL.key] for row in _SHARED))
    lines.append(
        "Two alternatives need one exchange of weights only: on the whole population " + whole + "."
    )
    lines += filter(None, [voice.preamble()])
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
    voice: Voice,
    learnt: bool,
) -> Verdict:
    whole, own_cases = gains[Question.WHOLE], gains.get(Question.OWN)
    unseen_cases = gains.get(Question.UNSEEN)
    sentences = [_gain_sentence(whole, voice), *_composition(whole)]
    if unseen_cases:
        sentences += _unseen_sentences(unseen_cases, facts, voice)
    sentences += _unanswered(facts)
    sentences += [_gain_sentence(own_cases, voice) if own_cases else _NO_OWN_CASES]
    sentences += [*_fine_tuned(facts, means, voice), *_gap(whole, voice)]
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


def _gain_sentence(gain: Gain, voice: Voice) -> str:
    models = voice.models(gain)
    if gain.word is Word.NO_EVIDENCE:
        return (
            f"On {row_of(gain.question).of_silo} there is no evidence either way: {models}, "
            f"{voice.difference(gain)}. {voice.detectable(gain)}"
        )
    return f"On {row_of(gain.question).of_silo} it {voice.change(gain)}: {models}."


def _composition(whole: Gain) -> Iterator[str]:
    """Say how much of a gain on everything is nothing but classes that were never seen."""
    unseen_part, seen_part = whole.unseen_part, whole.seen_part
    if unseen_part is None or seen_part is None:
        return
    if whole.word is Word.GAINS and unseen_part > whole.gain / 2:
        yield (
            f"Of this, {points(unseen_part)} points come from the classes it never saw and "
            f"{points(seen_part)} from those it has: a wider range of cases, "
            f"{'not a better' if seen_part < _HARDLY_ANY else 'and a better'} "
            "judgement of the cases it knows."
        )


def _unseen_sentences(gain: Gain, facts: SiloFacts, voice: Voice) -> Iterator[str]:
    yield _gain_sentence(gain, voice)
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


def _fine_tuned(
    facts: SiloFacts, means: Mapping[tuple[str, str], float], voice: Voice
) -> Iterator[str]:
    model = ModelId(Regime.FINE_TUNED, facts.silo)
    of_own, of_unseen = (
        means.get((model.key, test_set.key)) for test_set in (own(facts.silo), unseen(facts.silo))
    )
    if of_own is not None:
        yield (
            "The federated model, fine-tuned on its own data, "
            f"{voice.fine_tuned(of_own, of_unseen)}."
        )


def _gap(whole: Gain, voice: Voice) -> Iterator[str]:
    if whole.gap_closed is not None and whole.gap_closed > 0:
        yield (
            f"Federating closes {percent(whole.gap_closed, 0)} % of the gap between its own model "
            "and the centralized one, trained on everybody's data "
            f"({voice.reference(whole.centralized)}), on the whole population."
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


def _means(scores: Sequence[Score]) -> dict[tuple[str, str], float]:
    """Return the first measure's means by the keys of model and test set."""
    return {(s.model, s.test_set): s.mean for s in scores if s.measure == scores[0].measure}
