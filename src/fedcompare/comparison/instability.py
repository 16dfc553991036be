"""Seeds in which training failed: found in the values of all seeds, and what gains are without."""

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fedcompare.comparison.asking import over_seeds
from fedcompare.comparison.chance import one_answer
from fedcompare.comparison.contrasts import Weighting
from fedcompare.comparison.gains import find_gains
from fedcompare.comparison.rules import STANDARD, Rules
from fedcompare.evaluation.cases import Cases, Floats
from fedcompare.evaluation.scores import Score
from fedcompare.evaluation.slicing import why_not_measured
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.gains import Gain
from fedcompare.findings.test_sets import Kind, TestSet
from fedcompare.findings.training import FailedSeed, TrainingFacts
from fedcompare.regimes.catalog import Regime, row_of
from fedcompare.regimes.models import ModelId
from fedcompare.statistics.far_off import DEVIATIONS, MAD, far_off

FEWEST = 3
"""With fewer seeds nobody can say which one is the odd one."""
_SHARE = 0.05


def find_failed(
    singles: Sequence[Score], answers: Sequence[SeedAnswers], cases: Cases
) -> tuple[FailedSeed, ...]:
    """Return the seeds whose model is far worse than the same model of the other seeds.

    Looked at are all trained models, on the whole test set and on their silos' own cases, by the
    measure of the verdicts. `statistics.far_off` says what is far: among else 5 points, or for
    errors a twentieth of the error of one constant answer, and more than chance on the test cases
    gives.

    Args:
        singles: Every model's value in every seed, on every test set and by every measure.
        answers: Every seed's.
        cases: Of the comparison.
    """
    if len(answers) < FEWEST:
        return ()
    failed: dict[tuple[int, ModelId], FailedSeed] = {}
    for kind in (Kind.ALL, Kind.OWN):
        tables = [one for one in _tables(singles, answers, cases) if one.test_set.kind is kind]
        for table, index in _odd(tables, answers, cases):
            found = _failed(table, index, answers[index].seed, cases)
            failed.setdefault((index, table.model), found)
    order = list(Regime)
    return tuple(
        sorted(failed.values(), key=lambda o: (o.seed, order.index(o.regime), o.silo or 0))
    )


def gains_without(
    facts: TrainingFacts,
    answers: Sequence[SeedAnswers],
    cases: Cases,
    rules: Rules = STANDARD,
) -> tuple[Gain, ...]:
    """Return the gains of silos whose own or federated model failed, over all other seeds.

    They come from the same interval as those over all seeds; a silo is left out where fewer than
    two seeds remain.
    """
    found: dict[tuple[int, ...], tuple[Gain, ...]] = {}
    gains: list[Gain] = []
    for silo in cases.silos:
        seeds = {one.seed for one in facts.failed_of(silo)}
        kept = tuple(index for index, seed in enumerate(answers) if seed.seed not in seeds)
        if seeds and len(kept) > 1:
            if kept not in found:
                found[kept] = find_gains([answers[i] for i in kept], cases.of_seeds(kept), rules)
            gains += [gain for gain in found[kept] if gain.silo == silo]
    return tuple(gains)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Table:
    """One model's values on one test set, float [K], and how bad these are: the same, or minus."""

    model: ModelId
    test_set: TestSet
    values: Floats
    losses: Floats


def _tables(
    singles: Sequence[Score], answers: Sequence[SeedAnswers], cases: Cases
) -> Iterator[_Table]:
    values: dict[tuple[ModelId, TestSet], list[float]] = {}
    for one in singles:
        is_asked = one.test_set.kind is Kind.ALL or (
            one.test_set.kind is Kind.OWN and one.model.silo in (None, one.test_set.silo)
        )
        trained = row_of(one.model.regime).trained and one.measure is cases.measure
        if trained and is_asked and one.value is not None:
            values.setdefault((one.model, one.test_set), []).append(one.value)
    asked = functools.cache(lambda test_set: not why_not_measured(cases, test_set))
    for (model, test_set), own in values.items():
        if len(own) == len(answers) and asked(test_set):
            array = np.array(own)
            losses = -cases.measure.sign * array
            yield _Table(model=model, test_set=test_set, values=array, losses=losses)


def _odd(
    tables: Sequence[_Table], answers: Sequence[SeedAnswers], cases: Cases
) -> Iterator[tuple[_Table, int]]:
    """Yield models and seeds that are far worse than other seeds, and by no chance of the cases."""
    if not tables:
        return
    losses = np.stack([table.losses for table in tables])
    least = np.array([_SHARE * _range(table, cases) for table in tables])
    for place, index in np.argwhere(far_off(losses, [t.model.regime for t in tables], least)):
        table = tables[place]
        fall = table.losses[index] - np.median(np.delete(table.losses, index))
        if fall > DEVIATIONS * MAD * _error(table, int(index), answers, cases):
            yield table, int(index)


def _range(table: _Table, cases: Cases) -> float:
    """Return how far values can reasonably lie apart: 1, or the error of one constant answer."""
    if cases.measure.is_bounded:
        return 1.0
    constant = [one_answer(cases, cases.measure)] * len(table.values)
    weighting = Weighting.of(cases, table.test_set, len(constant))
    return float(weighting.means(constant).mean())


def _error(table: _Table, index: int, answers: Sequence[SeedAnswers], cases: Cases) -> float:
    """Return how surely the test cases alone tell a seed from the median one: a standard error.

    Both count twice, so that seeds have no spread.
    """
    losses = np.delete(table.losses, index)
    middle = int(np.argmin(np.abs(table.losses - np.median(losses))))
    twice = Weighting.of(cases.of_seeds([index, index]), table.test_set, 2)
    every = over_seeds(answers, table.model)
    contrast = twice.contrast([every[middle]] * 2, [every[index]] * 2)
    return contrast.found.standard_error


def _failed(table: _Table, index: int, seed: int, cases: Cases) -> FailedSeed:
    return FailedSeed(
        seed=seed,
        regime=table.model.regime,
        silo=table.model.silo,
        test_set=table.test_set.key,
        value=float(table.values[index]),
        usual=float(np.median(np.delete(table.values, index))),
    )
