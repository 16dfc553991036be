"""The measures there are: a row each, in the order of tables."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.measures import classification, regression
from fedcompare.tasks import CLASSES, NUMBERS, Task

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measure that is a weighted mean over examples, so that models are compared by pairs.

    `values` gives each example's number, float64 [N]; these lie within `bounds`. Where they are
    0 or 1, `is_share`, the measure is a share of the examples; else it is in the label's unit.
    """

    name: str
    values: Callable[[Answers], Floats]
    tasks: frozenset[Task] = CLASSES
    higher_is_better: bool = True
    bounds: tuple[float, float] = (0.0, 1.0)
    is_share: bool = False

    @property
    def key(self) -> str:
        """Return its name as files and programs have it."""
        return self.name.replace(" ", "_")

    @property
    def is_bounded(self) -> bool:
        """Return whether no value is beyond some number."""
        return math.isfinite(self.bounds[1] - self.bounds[0])

    @property
    def sign(self) -> float:
        """Return what a difference of values is multiplied by, so that better is positive."""
        return 1.0 if self.higher_is_better else -1.0

    def mean(self, values: Floats, weights: Floats) -> float:
        """Return the measure of examples with these values and weights, which add up to 1."""
        kept = weights > 0
        if np.ptp(weights[kept]) == 0:  # one by one, without the rounding of weights
            return float(values[kept].mean())
        low, high = self.bounds
        return min(max(float(values @ weights), low), high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A number on all answers of a model together: shown, never tested; None if it has no sense."""

    name: str
    value: Callable[[Answers], float | None]
    tasks: frozenset[Task] = CLASSES


ACCURACY = Measure(name="accuracy", values=classification.correctness, is_share=True)
ABSOLUTE_ERROR = Measure(
    name="mean absolute error",
    values=regression.absolute_errors,
    tasks=NUMBERS,
    higher_is_better=False,
    bounds=(0.0, math.inf),
)
MEASURES = (ACCURACY, ABSOLUTE_ERROR)
SUMMARIES = (
    Summary(name="macro_f1", value=classification.macro_f1),
    Summary(name="calibration_error", value=classification.calibration_error),
    Summary(
        name="root_mean_squared_error", value=regression.root_mean_squared_error, tasks=NUMBERS
    ),
    Summary(name="r_squared", value=regression.r_squared, tasks=NUMBERS),
)


def measures_of(task: Task) -> tuple[Measure, ...]:
    """Return the measures of a task; the first one is what its verdicts are about."""
    return tuple(row for row in MEASURES if task in row.tasks)


def verdict_measure(task: Task) -> Measure:
    """Return what the verdicts of a task are about."""
    return measures_of(task)[0]


def summaries_of(task: Task) -> tuple[Summary, ...]:
    """Return the summaries of a task."""
    return tuple(row for row in SUMMARIES if task in row.tasks)
