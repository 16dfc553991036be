"""What a measure is told of the examples of a test set."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slice:
    """The examples of a test set in one seed, [N] each.

    `weights` add up to 1, and are 0 where an example does not count; `classes` are labels, all 0
    where labels are numbers; `silos` say whose row each example is, 0 for nobody's, and all 0 where
    all rows are everybody's; `folds`, from 0 on, which models answered it, those of one fold.
    `class_names` are what people call the classes, `num_silos` and `num_folds` of how many silos
    and folds there are rows.
    """

    weights: Floats
    classes: Ints
    silos: Ints
    folds: Ints
    class_names: tuple[str, ...]
    num_silos: int = 0
    num_folds: int = 1

    @property
    def blocks(self) -> Ints:
        """Return a number for each silo's rows that the same models answered, int [N]."""
        return self.silos * self.num_folds + self.folds

    @property
    def num_blocks(self) -> int:
        """Return how many such numbers there are, with those of nobody's rows."""
        return (self.num_silos + 1) * self.num_folds

    @property
    def counted(self) -> npt.NDArray[np.bool_]:
        """Return which examples count, bool [N]."""
        return self.weights > 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strata:
    """Examples that are averaged apart: the stratum of each, and what it counts.

    `members`, int [N], are -1 for those that are in none; `shares`, float [C], add up to 1. Strata
    are of so many kinds, in turn, each of which alone has the measure as its mean (`times`).
    """

    members: Ints
    shares: Floats
    times: int = 1

    @property
    def counts(self) -> Ints:
        """Return the number of examples of each stratum, int [C]."""
        return np.bincount(self.members[self.members >= 0], minlength=len(self.shares))

    @property
    def weights(self) -> Floats:
        """Return each example's weight, float [N]: its stratum's share by the stratum's size."""
        each = self.shares / np.maximum(self.counts, 1)
        return np.where(self.members >= 0, each[self.members], 0.0)
