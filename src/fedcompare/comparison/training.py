"""What is odd about training, found and in sentences."""

from collections.abc import Iterator, Sequence

from fedcompare.comparison.endings import Losses, find_unfinished
from fedcompare.comparison.instability import find_failed, gains_without
from fedcompare.comparison.rules import STANDARD, Rules
from fedcompare.comparison.voice import Voice
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.scores import Score
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.gains import Gain
from fedcompare.findings.questions import QUESTIONS, row_of
from fedcompare.findings.test_sets import ALL
from fedcompare.findings.training import FailedSeed, TrainingFacts
from fedcompare.names import Word, silo_name, silo_names
from fedcompare.regimes.models import ModelId
from fedcompare.text.wording import listing, percent, plural

_MOST = 6


def find_training(
    losses: Sequence[Losses],
    answers: Sequence[SeedAnswers],
    singles: Sequence[Score],
    cases: Cases,
    rules: Rules = STANDARD,
) -> TrainingFacts:
    """Return all that is odd about training: `losses` are of every run, `singles` all scores."""
    failed = find_failed(singles, answers, cases)
    return TrainingFacts(
        failed=failed,
        without=gains_without(TrainingFacts(failed=failed), answers, cases, rules),
        unfinished=find_unfinished(losses, answers, cases),
    )


def told_failed(
    facts: TrainingFacts, num_seeds: int, voice: Voice, names: Sequence[str] = ()
) -> str | None:
    """Return which models failed in which seeds, which comes before any gain; None if none did."""
    if not facts.failed:
        return None
    said = [_failure(one, voice, names) for one in facts.failed[:_MOST]]
    more = len(facts.failed) - len(said)
    said += [f"{more} more"] if more else []
    seeds = {one.seed for one in facts.failed}
    return f"Unstable training: {_count(len(seeds), num_seeds)} failed: {'; '.join(said)}."


def told_without(facts: TrainingFacts, silo: int, num_seeds: int, voice: Voice) -> Iterator[str]:
    """Yield that a silo's gains, which follow, suffer from failed seeds, and what they are without.

    Nothing where its own model and the federated one failed in no seed.
    """
    failed = facts.failed_of(silo)
    if not failed:
        return
    seeds = sorted({one.seed for one in failed})
    models = list(dict.fromkeys(_model(one) for one in failed))
    yield (
        f"Unstable training: {_count(len(seeds), num_seeds)} failed "
        f"({'seeds' if len(seeds) > 1 else 'seed'} {listing(seeds)}, {' and '.join(models)})."
    )
    own = [gain for gain in facts.without if gain.silo == silo]
    without = [gain for row in QUESTIONS for gain in own if gain.question is row.question]
    them = "them" if len(seeds) > 1 else "it"
    if without:
        said = "; ".join(_said(gain, voice) for gain in without)
        yield f"Without {them}: {said}. With {them}, as follows."
    else:
        yield f"Without {them} too few seeds remain to say anything."


def told_unfinished(facts: TrainingFacts, voice: Voice, names: Sequence[str] = ()) -> Iterator[str]:
    """Yield a sentence on each regime whose models would be others with another budget."""
    for one in facts.unfinished:
        reasons = []
        if one.silos:
            reasons.append(
                f"in the last tenth of training the loss{_whose(one.silos, names)} still falls by "
                f"{percent(one.fall)} % of the highest on record"
            )
        if one.best is not None and one.last is not None:
            reasons.append(
                f"after round {one.best_round} a model{_whose(one.overtrained[:1], names)} was "
                f"better ({voice.reference(one.best)}) than after the last one "
                f"({voice.reference(one.last)})"
            )
        yield f"The budget decides how good {one.regime} training is: {', and '.join(reasons)}."


def _failure(one: FailedSeed, voice: Voice, names: Sequence[str]) -> str:
    model = ModelId(one.regime, one.silo).called(names)
    where = "" if one.test_set == ALL.key else " on its own cases"
    return (
        f"seed {one.seed}, {model} ({voice.reference(one.value)}{where}; "
        f"in the median of the other seeds {voice.reference(one.usual)})"
    )


def _count(failed: int, of: int) -> str:
    return f"{failed} of {plural(of, 'seed')}"


def _model(one: FailedSeed) -> str:
    return "the federated model" if one.silo is None else "its own model"


def _said(gain: Gain, voice: Voice) -> str:
    on = f"on {row_of(gain.question).of_silo}"
    if gain.word in (Word.GAINS, Word.LOSES):
        return f"{on} it {voice.change(gain)}"
    return f"{on} {voice.difference(gain)}"


def _whose(silos: Sequence[int | None], names: Sequence[str]) -> str:
    """Return whose models are meant: nothing for those that silos share."""
    own = [silo for silo in silos if silo is not None]
    if not own:
        return ""
    if len(own) > _MOST:
        return f" of {len(own)} silos"
    return f" of {silo_name(own[0], names) if len(own) == 1 else silo_names(own, names)}"
