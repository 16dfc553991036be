"""The answer to each question of each silo: federated minus isolated-equal, and how certain."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace

import numpy as np

from fedcompare.comparison.asking import Asked, ask
from fedcompare.comparison.contrasts import Contrast
from fedcompare.comparison.rules import STANDARD, Rules
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.measures.catalog import Measure
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.gains import Gain, SeedGain
from fedcompare.findings.questions import Question
from fedcompare.names import Word
from fedcompare.regimes.catalog import Regime
from fedcompare.statistics.intervals import PairedGain
from fedcompare.statistics.significance import holm, mcnemar_exact
from fedcompare.statistics.words import Decided
from fedcompare.tasks import Task


def find_gains(
    answers: Sequence[SeedAnswers], cases: Cases, rules: Rules = STANDARD
) -> tuple[Gain, ...]:
    """Return a gain for each silo and question that can be asked of it."""
    seeds = [seed.seed for seed in answers]
    gains: list[Gain] = []
    for question in Question:
        found = [_find(item, seeds, cases) for item in ask(question, answers, cases)]
        words = rules.decide([contrast for _, contrast in found])
        level = rules.alpha / max(len(found), 1)
        gains += _correct_mcnemar(
            [
                _worded(gain, contrast, decided, level)
                for (gain, contrast), decided in zip(found, words, strict=True)
            ]
        )
    return tuple(sorted(gains, key=lambda gain: gain.silo))


def _find(asked: Asked, seeds: Sequence[int], cases: Cases) -> tuple[Gain, PairedGain]:
    """Return a gain that has no word yet, and what decides it together with the other silos'."""
    contrast = asked.contrast(Regime.FEDERATED, Regime.ISOLATED_EQUAL)
    found = contrast.found
    isolated, centralized = (
        float(asked.weighting.means(asked.answers[regime]).mean())
        for regime in (Regime.ISOLATED, Regime.CENTRALIZED)
    )
    federated, equal = float(contrast.challenger.mean()), float(contrast.baseline.mean())
    unseen_part = _unseen_part(asked, cases)
    sign = cases.measure.sign
    gain = Gain(
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
        word=Word.NO_WORD,
        lack=found.lack,
        detectable=math.nan,
        unequal_gain=sign * (federated - isolated),
        budget_part=sign * (equal - isolated),
        unseen_part=unseen_part,
        seen_part=None if unseen_part is None else found.gain - unseen_part,
        gap_closed=_gap_closed(asked, found.gain),
        seeds=tuple(_seed_gains(contrast, seeds, cases.measure)),
    )
    return gain, found


def _worded(gain: Gain, found: PairedGain, decided: Decided, level: float) -> Gain:
    """Return the gain with its word; `level` is what the correction leaves the least clear one."""
    return replace(
        gain,
        **asdict(decided),
        detectable=found.detectable(alpha=level),
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


def _correct_mcnemar(gains: Sequence[Gain]) -> Iterable[Gain]:
    """Correct each seed's own test over the silos that ask the same question."""
    every = zip(*(gain.seeds for gain in gains), strict=True)
    by_seed = [_holm_of_seed(seeds) for seeds in every]
    for index, gain in enumerate(gains):
        tests = [adjusted[index] for adjusted in by_seed]
        pairs = zip(gain.seeds, tests, strict=True)
        yield replace(gain, seeds=tuple(replace(s, mcnemar_adjusted=test) for s, test in pairs))


def _holm_of_seed(seeds: Sequence[SeedGain]) -> Sequence[float | None]:
    """Return McNemar's p-values of one seed, corrected over the silos, where there are any."""
    tests = [seed.mcnemar for seed in seeds if seed.mcnemar is not None]
    return holm(tests) if tests else [None] * len(seeds)
