"""Models that are made of others, without training: each way of making answers has its function."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.evaluator import Evaluator
from fedcompare.learning.weights import State, weighted_mean
from fedcompare.regimes.catalog import Way


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Made:
    """Trained models of all silos, in silo order: weights, answers, and training examples."""

    states: Sequence[State]
    answers: Sequence[Answers]
    num_examples: Sequence[int]


def ensemble(made: Made, evaluator: Evaluator, source: str) -> Answers:
    """Return the mean of the models' probabilities, or of the numbers that they answered."""
    first = made.answers[0]
    stacked = np.stack([model.outputs for model in made.answers])
    mean = stacked.mean(axis=0, dtype=np.float64).astype(first.outputs.dtype)
    return Answers.of(np.asarray(mean), ids=first.ids, labels=first.labels)


def average(made: Made, evaluator: Evaluator, source: str) -> Answers:
    """Return the answers of the mean of the weights: FedAvg's aggregation, once.

    Raises:
        DivergedError: they are not finite; `source` is named.
    """
    return evaluator.predict(weighted_mean(made.states, made.num_examples), source=source)


DERIVED: dict[Way, Callable[[Made, Evaluator, str], Answers]] = {
    Way.AVERAGE: average,
    Way.ENSEMBLE: ensemble,
}
