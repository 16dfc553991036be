"""How good answers are, in numbers that add up over silos and test examples."""

from dataclasses import dataclass

from fedcompare.data.examples import Scale
from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.measures import classification, regression


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many answers there are, and of classes how many are right.

    Of numbers, `absolute_error` adds up how far answers are off. `loss` is the mean one, as in
    training; None without examples.
    """

    num_examples: int
    loss: float | None
    num_correct: int | None = None
    absolute_error: float | None = None

    @property
    def accuracy(self) -> float | None:
        """Return the share of right answers; None where there are none, or they are numbers."""
        return _mean(self.num_correct, self.num_examples)

    @property
    def mean_absolute_error(self) -> float | None:
        """Return how far answers are off; None where there are none, or they are classes."""
        return _mean(self.absolute_error, self.num_examples)


def count(answers: Answers, scale: Scale | None) -> Tally:
    """Return the tally of answers, whose labels are numbers where there is a `scale`."""
    if scale is None:
        return Tally(
            num_examples=len(answers.labels),
            loss=classification.loss(answers),
            num_correct=int(classification.correctness(answers).sum()),
        )
    return Tally(
        num_examples=len(answers.labels),
        loss=regression.loss(answers, scale.deviation),
        absolute_error=float(regression.absolute_errors(answers).sum()),
    )


def _mean(total: float | None, num_examples: int) -> float | None:
    return None if total is None or not num_examples else total / num_examples
