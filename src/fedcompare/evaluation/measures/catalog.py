"""The measures there are: a row each."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.measures import classification

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measure that is a weighted mean over examples, so that models are compared by pairs.

    `values` gives each example's number, float64 [N]; these lie within `bounds`. Where they are
    0 or 1, `is_share`, the measure is a share of the examples.
    """

    name: str
    values: Callable[[Answers], Floats]
    higher_is_better: bool = True
    bounds: tuple[float, float] = (0.0, 1.0)
    is_share: bool = False

    def mean(self, values: Floats, weights: Floats) -> float:
        """Return the measure of examples with these values and weights, which add up to 1."""
        kept = weights > 0
        if np.ptp(weights[kept]) == 0:  # one by one, without the rounding of weights
            return float(values[kept].mean())
        low, high = self.bounds
        return min(max(float(values @ weights), low), high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A number on all answers of a model together: shown, never tested."""

    name: str
    value: Callable[[Answers], float]


ACCURACY = Measure(name="accuracy", values=classification.correctness, is_share=True)
MEASURES = (ACCURACY,)
SUMMARIES = (
    Summary(name="macro_f1", value=classification.macro_f1),
    Summary(name="calibration_error", value=classification.calibration_error),
)
