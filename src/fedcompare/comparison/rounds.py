"""What happens from round to round, over the seeds; all from stored answers."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from fedcompare.comparison.spread import spread
from fedcompare.evaluation.cases import Cases, Floats
from fedcompare.evaluation.deciding import followed
from fedcompare.evaluation.slicing import slice_of
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.rounds import Curve, Forgetting, Point
from fedcompare.findings.scores import Shares
from fedcompare.findings.test_sets import ALL, TestSet, own
from fedcompare.regimes.catalog import FOLLOWED, Regime
from fedcompare.regimes.models import ModelId, models_of
from fedcompare.tasks import Task


def curves(answers: Sequence[SeedAnswers], cases: Cases) -> Iterator[Curve]:
    """Yield how good all that has rounds is after each of them, over the seeds.

    Shared models on the whole test set and every silo's own cases, others on the
    whole test set and their own silo's, by the measure that is `followed`.
    """
    for model in models_of(FOLLOWED, cases.silos):
        numbers = sorted(number for key, number in answers[0].rounds if key == model)
        silos = cases.silos if model.silo is None else [model.silo]
        for test_set in filter(cases.size, (ALL, *map(own, silos))):
            points = tuple(_point(answers, cases, model, number, test_set) for number in numbers)
            yield Curve(model=model.key, test_set=test_set.key, points=points)


def _point(
    answers: Sequence[SeedAnswers], cases: Cases, model: ModelId, number: int, test_set: TestSet
) -> Point:
    measure = followed(cases)
    values = [
        measure.value(
            measure.values(cases.answered(seed.rounds[model, number])),
            slice_of(cases, test_set, index),
        )
        for index, seed in enumerate(answers)
    ]
    found = spread([value for value in values if value is not None])
    return Point(round=number, mean=found.mean, lowest=found.lowest, highest=found.highest)


def forgetting(answers: Sequence[SeedAnswers], cases: Cases) -> Iterator[Forgetting]:
    """Yield per-class accuracy around each silo's local training, as means over the seeds.

    Numbers have no classes that could be forgotten.
    """
    if cases.task is Task.REGRESSION:
        return
    shared = ModelId(Regime.FEDERATED)
    last = max(number for model, number in answers[0].rounds if model == shared)
    for number in range(1, last + 1):
        for silo in cases.silos:
            yield Forgetting(
                round=number,
                silo=silo,
                before=_recall(answers, cases, shared, number - 1),
                local=_recall(answers, cases, ModelId(Regime.FEDERATED, silo), number),
                after=_recall(answers, cases, shared, number),
            )


def _recall(answers: Sequence[SeedAnswers], cases: Cases, model: ModelId, number: int) -> Shares:
    sizes = cases.sizes
    nowhere = np.full(len(sizes), np.nan)
    rows = []
    for seed in answers:
        right = cases.strata[seed.rounds[model, number] == cases.strata]
        counts = np.bincount(right, minlength=len(sizes))
        rows.append(np.divide(counts, sizes, out=nowhere.copy(), where=sizes > 0))
    return class_means(rows)


def class_means(rows: Sequence[Sequence[float] | Floats]) -> Shares:
    """Return the mean over the seeds [K] of each class's share [C]; None for NaN."""
    means = np.mean(np.asarray(rows), axis=0).tolist()
    return tuple(None if math.isnan(mean) else mean for mean in means)
