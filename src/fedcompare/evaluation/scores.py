"""Each model on each test set by each measure: the one evaluation of `evaluate` and `compare`."""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.measures.catalog import Measure
from fedcompare.evaluation.slicing import slice_of
from fedcompare.findings.test_sets import Kind, TestSet
from fedcompare.regimes.models import ModelId
from fedcompare.statistics.significance import wilson


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
    part = functools.cache(lambda test_set: slice_of(cases, test_set, seed_index))
    for model, own in answers.items():
        for measure in measures:
            numbers = measure.values(own.at(cases.ids))
            for test_set in test_sets(model):
                size = cases.size(test_set)
                value = measure.value(numbers, part(test_set)) if size else None
                low, high = None, None
                if value is not None and measure.is_share and test_set.kind is not Kind.OWN:
                    low, high = wilson(round(value * size), size)
                yield Score(
                    seed=seed,
                    model=model,
                    test_set=test_set,
                    measure=measure,
                    value=value,
                    low=low,
                    high=high,
                    num_examples=size,
                )
