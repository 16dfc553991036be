"""The verdict in plain sentences: what a board reads, made from the gains alone."""

from collections.abc import Iterator, Mapping, Sequence

from fedcompare.classes import listed, no_silo_has
from fedcompare.comparison.advice import advise, tally_forms, told_best
from fedcompare.comparison.phrases import THERE
from fedcompare.comparison.references import NO_REASON, is_no_reason, told_references
from fedcompare.comparison.training import told_without
from fedcompare.comparison.voice import RightAnswers, Voice
from fedcompare.findings.consortium import Consortium
from fedcompare.findings.forms import NO_FORMS, Forms
from fedcompare.findings.gains import Gain, Unasked, Verdict
from fedcompare.findings.questions import QUESTIONS, Question, row_of
from fedcompare.findings.references import ReferenceGain
from fedcompare.findings.scores import Score, SiloFacts
from fedcompare.findings.test_sets import ALL, own, unseen
from fedcompare.findings.training import NOTHING_ODD, TrainingFacts
from fedcompare.names import Lack, Word, silo_name, silo_title
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import ModelId
from fedcompare.text.wording import count, enumerated, percent, plural

_HARDLY_ANY = 0.01
_SHARED = (Regime.ENSEMBLE, Regime.AVERAGE, Regime.FEDERATED)
RIGHT_ANSWERS = RightAnswers()
_NO_ADVICE = (
    "Advice: decide nothing from this comparison, since no model surely beats one constant answer."
)
_ORDER = tuple(row.question for row in QUESTIONS)
_LACKS = {
    Lack.SEEDS: "Two seeds cannot carry a verdict; compare over three or more.",
    Lack.GROUPS: "These cases are of too few groups to carry a verdict; it takes ten or more.",
}
# Of several silos, of one, and what a sentence says where it is not the silo that does it.
_VERBS = {
    Word.GAINS: ("gain", "gains"),
    Word.LOSES: ("lose", "loses"),
    Word.NO_DIFFERENCE: ("show no relevant difference", "shows no relevant difference"),
    Word.NO_EVIDENCE: ("show no evidence either way", "shows no evidence either way"),
    Word.NO_WORD: ("have numbers only", "has numbers only"),
}


def find_verdicts(
    gains: Sequence[Gain],
    silos: Sequence[SiloFacts],
    scores: Sequence[Score],
    *,
    unasked: Sequence[Unasked] = (),
    forms: Forms = NO_FORMS,
    references: Sequence[ReferenceGain] = (),
    training: TrainingFacts = NOTHING_ODD,
    voice: Voice = RIGHT_ANSWERS,
    learnt: bool = True,
) -> tuple[Verdict, ...]:
    """Return a verdict per silo; the advice follows from the words of all forms.

    `voice` speaks of the first of the scores' measures. Where nothing was `learnt` the advice is to
    decide nothing, and to stay where no form beats the silo's `references`. Seeds that failed in
    `training` are told before any gain.
    """
    means = _means(scores)
    return tuple(
        _verdict(
            facts,
            {gain.question: gain for gain in gains if gain.silo == facts.silo},
            {item.question: item.reason for item in unasked if item.silo == facts.silo},
            means,
            forms=forms,
            references=[gain for gain in references if gain.silo == facts.silo],
            training=training,
            voice=voice,
            learnt=learnt,
        )
        for facts in silos
    )


def summarise(
    gains: Sequence[Gain],
    scores: Sequence[Score],
    *,
    together: Sequence[Consortium] = (),
    forms: Forms = NO_FORMS,
    voice: Voice = RIGHT_ANSWERS,
    num_silos: int,
    num_seeds: int,
    epochs: int,
    unknown: Sequence[str] = (),
    no_reason: str | None = None,
    unstable: str | None = None,
    warning: str | None = None,
    hint: str | None = None,
) -> str:
    """Return the whole comparison in a few sentences; what warns comes before any gain.

    First of all which training was `unstable`, then a `warning` on what the models learnt, and
    what is known of all silos `together` where that is the first thing to know; after the gains,
    which of the `forms` is best for how many silos, and for how many that is `no_reason` to join.
    `unknown` names classes that no silo has; a `hint` on how models were trained comes last.
    """
    means = _means(scores)
    lines = [text for text in (unstable, warning) if text]
    lines += [found.sentences[0] for found in together if found.leads]
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
    lines += filter(None, [tally_forms(forms.decisions), no_reason, voice.preamble()])
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
            several, one = _VERBS[word]
            verb = several if count > 1 else one
            parts.append(f"{count} of {plural(len(gains), 'silo')} {verb}")
    return ", ".join(parts)


def _verdict(
    facts: SiloFacts,
    gains: Mapping[Question, Gain],
    unasked: Mapping[Question, str],
    means: Mapping[tuple[str, str], float],
    *,
    forms: Forms,
    references: Sequence[ReferenceGain],
    training: TrainingFacts,
    voice: Voice,
    learnt: bool,
) -> Verdict:
    num_seeds = max((len(gain.seeds) for gain in gains.values()), default=0)
    sentences = list(told_without(training, facts.silo, num_seeds, voice))
    for question in _ORDER:
        if gain := gains.get(question):
            sentences += [_gain_sentence(gain, voice), *_composition(gain, voice)]
            sentences += _learnt(gain, facts)
        elif question in unasked:
            sentences.append(
                f"On {row_of(question).of_silo} there is no answer: {unasked[question]}."
            )
    sentences += [*_unanswered(facts), *_fine_tuned(facts, means, voice), *_gap(gains, voice)]
    decision, found = forms.of_silo(facts.silo)
    if not learnt:
        sentences.append(_NO_ADVICE)
    else:
        sentences += told_best(decision, found, voice)
        sentences += told_references(decision, references, voice)
        no_reason = is_no_reason(decision, references)
        gaining = any(one.is_worth_it for one in gains.values())
        sentences.append(
            NO_REASON if no_reason else advise(decision, found, facts, forms.costs, gaining=gaining)
        )
    return Verdict(silo=facts.silo, headline=_headline(facts, gains), sentences=tuple(sentences))


def _headline(facts: SiloFacts, gains: Mapping[Question, Gain]) -> str:
    parts = []
    for word in Word:
        questions = [
            f"on {row_of(q).of_silo}" for q in _ORDER if q in gains and gains[q].word is word
        ]
        if questions:
            parts.append(f"{THERE.get(word, word.value)} {enumerated(questions)}")
    if not parts:
        parts = ["there is no question that could be asked"]
    name = facts.name or silo_name(facts.silo)
    title = facts.name or silo_title(facts.silo)
    lead = f"For {name}, " if parts[0].startswith("there") else f"{title} "
    return lead + "; ".join(parts) + "."


def _gain_sentence(gain: Gain, voice: Voice) -> str:
    models, cases = voice.models(gain), row_of(gain.question).of_silo
    if gain.word not in THERE:
        return f"On {cases} it {voice.change(gain)}: {models}."
    sentence = f"On {cases} {THERE[gain.word]}: {models}, {voice.difference(gain)}."
    if gain.word is Word.NO_EVIDENCE:
        return f"{sentence} {voice.detectable(gain)}"
    return f"{sentence} {_LACKS[gain.lack]}" if gain.lack else sentence


def _composition(whole: Gain, voice: Voice) -> Iterator[str]:
    """Say how much of a gain on everything is nothing but classes that were never seen."""
    unseen_part, seen_part = whole.unseen_part, whole.seen_part
    if whole.question is not Question.WHOLE or unseen_part is None or seen_part is None:
        return
    if whole.word is Word.GAINS and unseen_part > whole.gain / 2:
        yield (
            f"Of this, {voice.parts(unseen_part, seen_part)}: a wider range of cases, "
            f"{'not a better' if seen_part < _HARDLY_ANY else 'and a better'} "
            "judgement of the cases it knows."
        )


def _learnt(gain: Gain, facts: SiloFacts) -> Iterator[str]:
    """Say that a gain is all of classes that the silo's own model cannot name."""
    if gain.question is not Question.UNSEEN:
        return
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


def _gap(gains: Mapping[Question, Gain], voice: Voice) -> Iterator[str]:
    whole = gains.get(Question.WHOLE)
    if whole and whole.gap_closed is not None and whole.gap_closed > 0:
        yield (
            f"Federating closes {percent(whole.gap_closed, 0)} % of the gap between its own model "
            "and the centralized one, trained on everybody's data "
            f"({voice.reference(whole.centralized)}), on the whole population."
        )


def _means(scores: Sequence[Score]) -> dict[tuple[str, str], float]:
    """Return the first measure's means by the keys of model and test set."""
    return {(s.model, s.test_set): s.mean for s in scores if s.measure == scores[0].measure}
