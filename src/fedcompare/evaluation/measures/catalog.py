"""The measures there are: a row each, in the order of tables."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf

import numpy as np
import numpy.typing as npt

from fedcompare.config.listed import Listed
from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.measures import classification, regression
from fedcompare.evaluation.measures.forms import MEAN, MEAN_OVER_CLASSES, ROOT_OF_MEAN, Form
from fedcompare.evaluation.measures.ordering import ORDERED_PAIRS
from fedcompare.evaluation.measures.slices import Slice
from fedcompare.tasks import CLASSES, NUMBERS, Task
from fedcompare.text.units import Unit

Floats = npt.NDArray[np.float64]
FEWEST = 5
"""How many examples of what a measure compares are the least for an interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measure that verdicts can be about: models are compared by it in pairs.

    `values` gives each example's number, float64 [N]; `form` is how these become the measure, which
    lies within `bounds`. Where they are 0 or 1, and the measure is their mean, it `is_share` of the
    examples. `needs_probabilities` says that predicted classes are not enough; `also` is what
    people call it in short, and `line` says what it is.
    """

    name: str
    line: str
    also: tuple[str, ...] = ()
    values: Callable[[Answers], Floats]
    unit: Unit = Unit.PERCENT
    tasks: frozenset[Task] = CLASSES
    higher_is_better: bool = True
    bounds: tuple[float, float] = (0.0, 1.0)
    form: Form = MEAN
    is_share: bool = False
    needs_probabilities: bool = False

    @property
    def key(self) -> str:
        """Return its name as files and programs have it."""
        return self.name.lower().replace(" ", "_")

    @property
    def is_bounded(self) -> bool:
        """Return whether it is written in hundredths: differences lie in [-1, 1], in points."""
        return self.unit.in_hundredths

    @property
    def sign(self) -> float:
        """Return what a difference of values is multiplied by, so that better is positive."""
        return 1.0 if self.higher_is_better else -1.0

    def missing(self, part: Slice, least: int = FEWEST) -> str:
        """Return why nothing can be said of a test set, as a clause; empty where it can."""
        return self.form.missing(part, least)

    def weights(self, part: Slice) -> Floats:
        """Return what each example weighs, float [N]; there must be nothing `missing`."""
        strata = self.form.strata(part)
        return part.weights if strata is None else strata.weights

    def value(self, numbers: Floats, part: Slice) -> float | None:
        """Return the measure of a slice's `values`; None where it has none."""
        (found,) = self.each(numbers[None], part)
        return found

    def each(self, numbers: Floats, part: Slice) -> list[float | None]:
        """Return the measure of each of several models' `values` of a slice, float [M, N]."""
        if self.missing(part, 1):
            return [None] * len(numbers)
        return list(self._means(self.form.linear(numbers, part), self.weights(part)))

    def mean(self, values: Floats, weights: Floats) -> float:
        """Return the measure of examples with these values and weights, which add up to 1."""
        (found,) = self._means(values[None], weights)
        return found

    def _means(self, rows: Floats, weights: Floats) -> Iterator[float]:
        kept, (low, high) = weights > 0, self.bounds
        is_plain = np.ptp(weights[kept]) == 0
        for row in rows:
            # One by one, without the rounding of weights, where these are alike.
            plain = row[kept].mean() if is_plain else min(max(row @ weights, low), high)
            yield float(plain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A number on all answers of a model together: shown, never tested; None if it has no sense."""

    name: str
    value: Callable[[Answers], float | None]
    tasks: frozenset[Task] = CLASSES


ACCURACY = Measure(
    name="accuracy",
    line="the share of right answers",
    values=classification.correctness,
    is_share=True,
)
BALANCED_ACCURACY = Measure(
    name="balanced accuracy",
    line="the mean over the classes of the share of right answers, so that each class counts alike",
    values=classification.correctness,
    form=MEAN_OVER_CLASSES,
)
AUROC = Measure(
    name="AUROC",
    also=("AUC", "ROC AUC"),
    line="how often a case of the second class gets a higher score than one of the first, of 100",
    values=classification.positive_scores,
    unit=Unit.POINTS,
    tasks=frozenset({Task.BINARY}),
    form=ORDERED_PAIRS,
    needs_probabilities=True,
)
LOG_LOSS = Measure(
    name="log loss",
    line="the mean of -log of the probability of the true class",
    values=classification.log_losses,
    unit=Unit.NATS,
    higher_is_better=False,
    bounds=(0.0, inf),
    needs_probabilities=True,
)
BRIER_SCORE = Measure(
    name="Brier score",
    also=("Brier",),
    line="the mean squared error of probabilities: of two classes the second's, of more their sum",
    values=classification.squared_misses,
    unit=Unit.NONE,
    higher_is_better=False,
    bounds=(0.0, 2.0),
    needs_probabilities=True,
)
ABSOLUTE_ERROR = Measure(
    name="mean absolute error",
    also=("MAE",),
    line="the mean of how far answers are off",
    values=regression.absolute_errors,
    unit=Unit.LABEL,
    tasks=NUMBERS,
    higher_is_better=False,
    bounds=(0.0, inf),
)
ROOT_MEAN_SQUARED_ERROR = Measure(
    name="root mean squared error",
    also=("RMSE",),
    line="the root of the mean square of how far answers are off, which few large errors decide",
    values=regression.squared_errors,
    unit=Unit.LABEL,
    tasks=NUMBERS,
    higher_is_better=False,
    bounds=(0.0, inf),
    form=ROOT_OF_MEAN,
)
MEASURES = (
    *(ACCURACY, BALANCED_ACCURACY, AUROC, LOG_LOSS, BRIER_SCORE),
    *(ABSOLUTE_ERROR, ROOT_MEAN_SQUARED_ERROR),
)
SUMMARIES = (
    Summary(name="macro_f1", value=classification.macro_f1),
    Summary(name="calibration_error", value=classification.calibration_error),
    Summary(
        name="average_precision",
        value=classification.average_precision,
        tasks=frozenset({Task.BINARY}),
    ),
    Summary(name="r_squared", value=regression.r_squared, tasks=NUMBERS),
)


def measures_of(task: Task) -> tuple[Measure, ...]:
    """Return the measures of a task; the first one is what its verdicts are about by default."""
    return tuple(row for row in MEASURES if task in row.tasks)


def verdict_measure(task: Task) -> Measure:
    """Return what the verdicts of a task are about, unless data or users say otherwise."""
    return measures_of(task)[0]


def summaries_of(task: Task) -> tuple[Summary, ...]:
    """Return the summaries of a task."""
    return tuple(row for row in SUMMARIES if task in row.tasks)


def list_measures() -> Iterator[Listed]:
    """Yield what verdicts can be about, for people who look for it."""
    for row in MEASURES:
        tasks = ", ".join(task.value for task in Task if task in row.tasks)
        better = "higher" if row.higher_is_better else "lower"
        also = f"; also {' or '.join(row.also)}" if row.also else ""
        yield Listed(name=row.name, line=f"{row.line}; {better} is better; {tasks}{also}")
