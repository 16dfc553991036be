"""Each model on each test set by each measure: the one evaluation of `evaluate` and `compare`."""

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.measures.catalog import Measure
from fedcompare.evaluation.measures.slices import Slice
from fedcompare.evaluation.slicing import slice_of
from fedcompare.findings.test_sets import TestSet
from fedcompare.regimes.models import ModelId
from fedcompare.statistics.significance import wilson

_NO_BOUNDS: tuple[None, None] | tuple[float, float] = (None, None)
_MOST_NUMBERS = 4_000_000  # of all models that are measured at a time


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One model of one seed on one test set; the value is None where there is none.

    `low` and `high` are Wilson's 95 % interval; None where the value is no plain share.
    """

    seed: int
    model: ModelId
    test_set: TestSet
    measure: Measure
    value: float | None
    low: float | None
    high: float | None
    num_examples: int


def find_scores(
    answers: Mapping[ModelId, Answers],
    cases: Cases,
    test_sets: Callable[[ModelId], Iterable[TestSet]],
    *,
    measures: Sequence[Measure],
    seed: int,
    seed_index: int = 0,
) -> Iterator[Score]:
    """Yield the scores of one seed's models, each on what `test_sets` gives for it.

    Raises:
        ResultsError: a model did not answer all examples of the cases.
    """
    interval = functools.cache(wilson)
    for models in _batches(list(answers), len(cases.ids)):
        wanted = {model: tuple(test_sets(model)) for model in models}
        every = dict.fromkeys(itertools.chain.from_iterable(wanted.values()))
        sizes = {key: cases.size(key) for key in every}
        parts = {key: slice_of(cases, key, seed_index) for key, size in sizes.items() if size}
        given = [answers[model].at(cases.ids) for model in models]
        values = {measure.name: _values(measure, given, parts, models) for measure in measures}
        for model in models:
            for measure in measures:
                for test_set in wanted[model]:
                    value = values[measure.name].get((test_set, model))
                    size, bounds = sizes[test_set], _NO_BOUNDS
                    if value is not None and measure.is_share and not cases.is_weighted(test_set):
                        bounds = interval(round(value * size), size)
                    yield Score(
                        seed=seed,
                        model=model,
                        test_set=test_set,
                        measure=measure,
                        value=value,
                        low=bounds[0],
                        high=bounds[1],
                        num_examples=size,
                    )


def _values(
    measure: Measure,
    given: Sequence[Answers],
    parts: Mapping[TestSet, Slice],
    models: Sequence[ModelId],
) -> dict[tuple[TestSet, ModelId], float | None]:
    """Return the measure of what each model answered, on each of these parts."""
    numbers = np.stack([measure.values(own) for own in given])
    return {
        (test_set, model): value
        for test_set, part in parts.items()
        for model, value in zip(models, measure.each(numbers, part), strict=True)
    }


def _batches(models: Sequence[ModelId], size: int) -> Iterator[Sequence[ModelId]]:
    """Yield the models, as many at a time as have no more numbers than memory has room for."""
    count = max(1, _MOST_NUMBERS // max(size, 1))
    for start in range(0, len(models), count):
        yield models[start : start + count]
