"""The answer to each question of each silo: federated minus isolated-equal, and how certain."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fedcompare.comparison.contrasts import Contrast, Weighting
from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.measures.catalog import Measure
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.gains import Gain, SeedGain
from fedcompare.findings.questions import Question, row_of
from fedcompare.names import Word
from fedcompare.regimes.catalog import COMPARED, Regime
from fedcompare.regimes.models import ModelId, models_of
from fedcompare.statistics.significance import decide, detectable_gain, holm, mcnemar_exact
from fedcompare.tasks import Task

ALPHA = 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """One question of one silo, and the models that answer it, by regime: a model's every seed."""

    silo: int
    question: Question
    weighting: Weighting
    answers: Mapping[Regime, Sequence[Answers]]

    def contrast(self, challenger: Regime, baseline: Regime) -> Contrast:
        """Return how much better one regime's model is than another's."""
        return self.weighting.contrast(self.answers[challenger], self.answers[baseline])


def find_gains(answers: Sequence[SeedAnswers], cases: Cases) -> tuple[Gain, ...]:
    """Return a gain per silo and question; a question without test examples is not asked."""
    seeds = [seed.seed for seed in answers]
    gains: list[Gain] = []
    for question in Question:
        asked = ask(question, answers, cases)
        gains += _correct_over_silos([_find(item, seeds, cases) for item in asked])
    return tuple(sorted(gains, key=lambda gain: gain.silo))


def ask(question: Question, answers: Sequence[SeedAnswers], cases: Cases) -> Iterator[Asked]:
    """Yield the question for every silo that has test examples for it."""
    row = row_of(question)
    for silo in cases.silos:
        test_set = row.test_set(silo)
        if row.is_asked(len(cases.learnable_classes(silo))) and cases.size(test_set):
            models = models_of(COMPARED, [silo])
            yield Asked(
                silo=silo,
                question=question,
                weighting=Weighting.of(cases, test_set, len(answers)),
                answers={model.regime: over_seeds(answers, model) for model in models},
            )


def over_seeds(answers: Sequence[SeedAnswers], model: ModelId) -> list[Answers]:
    """Return what a model answered in each seed."""
    return [seed.final[model] for seed in answers]


def _find(asked: Asked, seeds: Sequence[int], cases: Cases) -> Gain:
    contrast = asked.contrast(Regime.FEDERATED, Regime.ISOLATED_EQUAL)
    found = contrast.found
    isolated, centralized = (
        float(asked.weighting.means(asked.answers[regime]).mean())
        for regime in (Regime.ISOLATED, Regime.CENTRALIZED)
    )
    federated, equal = float(contrast.challenger.mean()), float(contrast.baseline.mean())
    unseen_part = _unseen_part(asked, cases)
    sign = cases.measure.sign
    return Gain(
        silo=asked.silo,
        question=asked.question,
        num_examples=contrast.num_examples,
        isolated_equal=equal,
        federated=federated,
        centralized=centralized,
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
        unequal_gain=sign * (federated - isolated),
        budget_part=sign * (equal - isolated),
        unseen_part=unseen_part,
        seen_part=None if unseen_part is None else found.gain - unseen_part,
        gap_closed=_gap_closed(asked, found.gain),
        seeds=tuple(_seed_gains(contrast, seeds, cases.measure)),
    )


def _unseen_part(asked: Asked, cases: Cases) -> float | None:
    """Return what classes that the silo never saw contribute; None without classes."""
    if cases.task is Task.REGRESSION:
        return None
    return asked.weighting.part(
        asked.answers[Regime.FEDERATED],
        asked.answers[Regime.ISOLATED_EQUAL],
        cases.unseen_classes(asked.silo),
    )


def _gap_closed(asked: Asked, gain: float) -> float | None:
    """Return the share of the gap to centralized that federating closes, if there surely is one."""
    gap = asked.contrast(Regime.CENTRALIZED, Regime.ISOLATED_EQUAL).found
    return gain / gap.gain if gap.low > 0 else None


def _seed_gains(contrast: Contrast, seeds: Sequence[int], measure: Measure) -> Iterator[SeedGain]:
    won = contrast.moments.won().sum(axis=0).tolist()
    lost = contrast.moments.lost().sum(axis=0).tolist()
    trials = np.transpose(contrast.moments.trials()).tolist()
    for index, seed in enumerate(seeds):
        alone, together = float(contrast.baseline[index]), float(contrast.challenger[index])
        test = mcnemar_exact(*trials[index]) if measure.is_share else None
        yield SeedGain(
            seed=seed,
            isolated_equal=alone,
            federated=together,
            gain=measure.sign * (together - alone),
            won=won[index] if measure.is_share else None,
            lost=lost[index] if measure.is_share else None,
            mcnemar=test,
            mcnemar_adjusted=test,
        )


def _correct_over_silos(gains: Sequence[Gain]) -> Iterable[Gain]:
    """Apply Holm's correction over the silos that ask the same question."""
    if not gains:
        return
    adjusted = holm([gain.p_value for gain in gains])
    every = zip(*(gain.seeds for gain in gains), strict=True)
    by_seed = [_holm_of_seed(seeds) for seeds in every]
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


def _holm_of_seed(seeds: Sequence[SeedGain]) -> Sequence[float | None]:
    """Return McNemar's p-values of one seed, corrected over the silos, where there are any."""
    tests = [seed.mcnemar for seed in seeds if seed.mcnemar is not None]
    return holm(tests) if tests else [None] * len(seeds)
