"""The answer to each question of each silo: federated minus isolated-equal, and how certain."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fedcompare.evaluation.cases import Cases, Floats
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.gains import Gain, SeedGain
from fedcompare.findings.test_sets import ALL, own, unseen
from fedcompare.names import Question, Word
from fedcompare.regimes.catalog import COMPARED, Regime, Row
from fedcompare.regimes.models import model_key
from fedcompare.statistics import (
    Sample,
    decide,
    detectable_gain,
    holm,
    mcnemar_exact,
    paired_gain,
    standardise,
    unweighted,
)

ALPHA = 0.05
Correct = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """One question of one silo: `weights` float [K, N], and who was right, int8 [K, N]."""

    silo: int
    question: Question
    weights: Floats
    relevant: npt.NDArray[np.bool_]
    correct: Mapping[Regime, Correct]

    def accuracies(self, regime: Regime) -> Floats:
        """Return the accuracy of each seed, float [K]."""
        found: Floats = (self.weights * self.correct[regime]).sum(axis=1)
        return np.minimum(found, 1.0)  # weights add up to 1 but for rounding


def find_gains(answers: Sequence[SeedAnswers], cases: Cases) -> tuple[Gain, ...]:
    """Return a gain per silo and question; a question without test examples is not asked."""
    gains: list[Gain] = []
    for question in Question:
        asked = list(ask(question, answers, cases))
        gains += _correct_over_silos([_find(item, answers, cases) for item in asked])
    return tuple(sorted(gains, key=lambda gain: gain.silo))


def ask(question: Question, answers: Sequence[SeedAnswers], cases: Cases) -> Iterator[Asked]:
    """Yield the question for every silo that has test examples for it.

    Of never-seen cases none is asked where no other silo has such classes.
    """
    for silo in cases.silos:
        key = {Question.OWN: own(silo), Question.WHOLE: ALL, Question.UNSEEN: unseen(silo)}
        if question is Question.UNSEEN and not cases.learnable_classes(silo):
            continue
        weights = np.stack([cases.weights(key[question], k) for k in range(len(answers))])
        yield Asked(
            silo=silo,
            question=question,
            weights=weights,
            relevant=weights.sum(axis=0) > 0,
            correct={row.regime: _correct(answers, row, silo) for row in COMPARED},
        )


def _correct(answers: Sequence[SeedAnswers], row: Row, silo: int) -> Correct:
    (owner,) = row.owners([silo])
    key = model_key(row.regime, owner)
    found = [seed.predictions[key] for seed in answers]
    return np.stack([own.predicted == own.labels for own in found]).astype(np.int8)


def _find(asked: Asked, answers: Sequence[SeedAnswers], cases: Cases) -> Gain:
    federated, isolated = asked.correct[Regime.FEDERATED], asked.correct[Regime.ISOLATED_EQUAL]
    differences = (federated - isolated).astype(np.float64)
    found = paired_gain(for_interval(asked, differences, cases))
    accuracies = {regime: asked.accuracies(regime) for regime in asked.correct}
    means = {regime: float(values.mean()) for regime, values in accuracies.items()}
    unseen_mask = cases.mask(cases.unseen_classes(asked.silo))
    unseen_part = float((asked.weights * differences)[:, unseen_mask].sum(axis=1).mean())
    return Gain(
        silo=asked.silo,
        question=asked.question,
        num_examples=int(asked.relevant.sum()),
        isolated_equal=means[Regime.ISOLATED_EQUAL],
        federated=means[Regime.FEDERATED],
        centralized=means[Regime.CENTRALIZED],
        gain=found.gain,
        low=found.low,
        high=found.high,
        standard_error=found.standard_error,
        degrees_of_freedom=found.degrees_of_freedom,
        p_value=found.p_value,
        adjusted_p_value=found.p_value,
        word=Word.NO_EVIDENCE,
        detectable=detectable_gain(
            found.standard_error, found.degrees_of_freedom, alpha=ALPHA / len(cases.silos)
        ),
        unequal_gain=means[Regime.FEDERATED] - means[Regime.ISOLATED],
        budget_part=means[Regime.ISOLATED_EQUAL] - means[Regime.ISOLATED],
        unseen_part=unseen_part,
        seen_part=found.gain - unseen_part,
        gap_closed=_gap_closed(asked, cases, found.gain),
        seeds=tuple(_seed_gains(asked, answers, accuracies)),
    )


def for_interval(asked: Asked, differences: Floats, cases: Cases) -> Sample:
    """Return `differences`, float [K, N], as `paired_gain` takes them for this question."""
    if asked.question is Question.OWN:
        return standardise(differences, cases.labels, cases.class_shares[asked.silo - 1])
    return unweighted(differences[:, asked.relevant])


def _gap_closed(asked: Asked, cases: Cases, gain: float) -> float | None:
    """Return the share of the gap to centralized that federating closes, if there surely is one."""
    centralized, isolated = asked.correct[Regime.CENTRALIZED], asked.correct[Regime.ISOLATED_EQUAL]
    differences = (centralized - isolated).astype(np.float64)
    gap = paired_gain(for_interval(asked, differences, cases))
    return gain / gap.gain if gap.low > 0 else None


def _seed_gains(
    asked: Asked, answers: Sequence[SeedAnswers], accuracies: Mapping[Regime, Floats]
) -> Iterator[SeedGain]:
    federated, isolated = asked.correct[Regime.FEDERATED], asked.correct[Regime.ISOLATED_EQUAL]
    for index, seed in enumerate(answers):
        better = (federated[index] - isolated[index])[asked.relevant]
        won, lost = int((better > 0).sum()), int((better < 0).sum())
        test = mcnemar_exact(won, lost)
        alone, together = (
            float(accuracies[regime][index]) for regime in (Regime.ISOLATED_EQUAL, Regime.FEDERATED)
        )
        yield SeedGain(
            seed=seed.seed,
            isolated_equal=alone,
            federated=together,
            gain=together - alone,
            won=won,
            lost=lost,
            mcnemar=test,
            mcnemar_adjusted=test,
        )


def _correct_over_silos(gains: Sequence[Gain]) -> Iterable[Gain]:
    """Apply Holm's correction over the silos that ask the same question."""
    if not gains:
        return
    adjusted = holm([gain.p_value for gain in gains])
    every = zip(*(gain.seeds for gain in gains), strict=True)
    by_seed = [holm([seed.mcnemar for seed in seeds]) for seeds in every]
    for index, gain in enumerate(gains):
        yield replace(
            gain,
            adjusted_p_value=adjusted[index],
            word=decide(gain.gain, adjusted[index], alpha=ALPHA),
            seeds=tuple(
                replace(seed, mcnemar_adjusted=tests[index])
                for seed, tests in zip(gain.seeds, by_seed, strict=True)
            ),
        )
