"""What is measured of answers that are numbers, in the labels' own unit."""

import numpy as np
import numpy.typing as npt

from fedcompare.evaluation.answers import Answers

Floats = npt.NDArray[np.float64]


def absolute_errors(answers: Answers) -> Floats:
    """Return by how much each answer misses its label, float64 [N]."""
    errors: Floats = np.abs(answers.predicted - answers.labels)
    return errors


def loss(answers: Answers, deviation: float) -> float | None:
    """Return the mean squared error of standardised labels, as in training; None without any."""
    if not len(answers.labels):
        return None
    return float(np.square((answers.predicted - answers.labels) / deviation).mean())


def squared_errors(answers: Answers) -> Floats:
    """Return the square of how much each answer misses its label, float64 [N]."""
    errors: Floats = np.square(answers.predicted - answers.labels)
    return errors


def r_squared(answers: Answers) -> float | None:
    """Return the share of the labels' variance that the answers explain, at most 1.

    It is below 0 for answers that are worse than the labels' mean, and None where all labels are
    alike.
    """
    spread = np.square(answers.labels - answers.labels.mean()).sum()
    if not spread:
        return None
    return float(1 - np.square(answers.predicted - answers.labels).sum() / spread)
