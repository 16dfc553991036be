"""How the numbers of examples become a measure: a mean, or what moves as one.

Each form gives numbers whose weighted mean is the measure, and whose deviations from it are its
influence function: by how much the measure moves with an example's weight.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from fedcompare.evaluation.measures.slices import Slice, Strata

Floats = npt.NDArray[np.float64]


class Form(Protocol):
    """How a measure is made of its examples' numbers."""

    @property
    def is_sum(self) -> bool:
        """Return whether the measure is a sum over the examples, of which each has its part."""
        ...

    def missing(self, part: Slice, least: int) -> str:
        """Return why a test set has no such measure, as a clause; empty where it has one.

        `least` is of how many examples there must be of what the measure compares.
        """
        ...

    def left_out(self, part: Slice) -> tuple[int, ...]:
        """Return the silos whose rows say nothing to the measure, though other silos' do."""
        ...

    def strata(self, part: Slice) -> Strata | None:
        """Return what the measure averages apart; None where examples weigh as the test set says.

        There must be nothing `missing`.
        """
        ...

    def linear(self, numbers: Floats, part: Slice) -> Floats:
        """Return the numbers whose mean, with these weights, is the measure, float [..., N]."""
        ...


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of the examples' numbers."""

    is_sum: bool = True

    def missing(self, part: Slice, least: int) -> str:
        """Return whether there are no examples at all."""
        return "" if part.counted.any() else "there is no test example of it"

    def left_out(self, part: Slice) -> tuple[int, ...]:
        """Return nobody."""
        return ()

    def strata(self, part: Slice) -> Strata | None:
        """Return none: examples weigh as the test set says."""
        return None

    def linear(self, numbers: Floats, part: Slice) -> Floats:
        """Return the numbers themselves."""
        return numbers


class RootOfMean(Mean):
    """The root r of the mean of the examples' numbers, squares: they count r + (x - r^2) / (2 r).

    That is the delta method's influence function of a root (Van der Vaart 1998, Asymptotic
    Statistics, ch. 3). Where all is 0, so is every influence.
    """

    def linear(self, numbers: Floats, part: Slice) -> Floats:
        """Return the root, plus what an example adds to it."""
        mean = (numbers @ part.weights)[..., None]
        root = np.sqrt(mean)
        found: Floats = root + (numbers - mean) / np.where(root > 0, 2 * root, 1.0)
        return found


class MeanOverClasses(Mean):
    """The mean of the classes' means: each class that has examples counts alike."""

    def strata(self, part: Slice) -> Strata | None:
        """Return the classes that count, each with the same share."""
        members = np.where(part.counted, part.classes, -1)
        sizes = np.bincount(part.classes[part.counted], minlength=len(part.class_names))
        return Strata(members=members, shares=(sizes > 0) / max((sizes > 0).sum(), 1))


MEAN, ROOT_OF_MEAN, MEAN_OVER_CLASSES = Mean(), RootOfMean(is_sum=False), MeanOverClasses()
