"""What must be known of the differences: sums that add up."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fedcompare.statistics.grouped import GroupMoments

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moments:
    """Sums over the examples of each class (or other stratum): all that an interval needs.

    `counts`, int [C], are examples; `sums`, float [C, K], add up each seed's differences;
    `products`, float [C, K, K], add up the products of two seeds' differences. Moments of
    other examples, say of another silo's, are added with `+`: a commutative monoid, whose
    neutral element is the moments of no examples. Where differences are -1, 0 or 1 it is
    exact, in any order. `groups` are there where examples are not independent, but groups of
    them are.
    """

    counts: Ints
    sums: Floats
    products: Floats
    groups: GroupMoments | None = None

    @classmethod
    def of(cls, differences: Floats) -> "Moments":
        """Return the moments of one class of examples, float [K seeds, N examples]."""
        return cls(
            counts=np.array([differences.shape[1]]),
            sums=differences.sum(axis=1)[None],
            products=(differences @ differences.T)[None],
        )

    @classmethod
    def by_class(
        cls, differences: Floats, labels: Ints, num_classes: int, groups: Ints | None = None
    ) -> "Moments":
        """Return the moments of `differences`, float [K, N], of classes and `groups`, int [N] each.

        Raises:
            ValueError: A label is not one of 0 to `num_classes` - 1.
        """
        parts = [cls.of(differences[:, labels == label]) for label in range(num_classes)]
        counts = np.concatenate([part.counts for part in parts])
        if counts.sum() != len(labels):
            raise ValueError(f"a label is none of 0 to {num_classes - 1}")
        return cls(
            counts=counts,
            sums=np.concatenate([part.sums for part in parts]),
            products=np.concatenate([part.products for part in parts]),
            groups=None
            if groups is None
            else GroupMoments.of(differences, labels, groups, num_classes),
        )

    @classmethod
    def by_silo(cls, silos: "Sequence[Moments]") -> "Moments":
        """Return the moments of several silos' examples, in which a silo is what a class was.

        Raises:
            ValueError: Some silos have groups, and some do not.
        """
        pooled = [silo.pooled() for silo in silos]
        groups = [silo.groups for silo in pooled if silo.groups is not None]
        if len(groups) not in (0, len(pooled)):
            raise ValueError("moments with and without groups do not go together")
        return cls(
            counts=np.concatenate([silo.counts for silo in pooled]),
            sums=np.concatenate([silo.sums for silo in pooled]),
            products=np.concatenate([silo.products for silo in pooled]),
            groups=GroupMoments.side_by_side(groups) if groups else None,
        )

    def __add__(self, other: "Moments") -> "Moments":
        if self.sums.shape != other.sums.shape:
            raise ValueError("moments of other seeds or classes do not add up")
        if (self.groups is None) != (other.groups is None):
            raise ValueError("moments with and without groups do not add up")
        return Moments(
            counts=self.counts + other.counts,
            sums=self.sums + other.sums,
            products=self.products + other.products,
            groups=self.groups + other.groups if self.groups and other.groups else None,
        )

    def of_classes(self, classes: Sequence[int] | npt.NDArray[np.intp]) -> "Moments":
        """Return the moments of these classes only, in this order."""
        kept = np.asarray(classes, dtype=np.intp)
        return Moments(
            counts=self.counts[kept],
            sums=self.sums[kept],
            products=self.products[kept],
            groups=self.groups and self.groups.of_classes(kept),
        )

    def pooled(self) -> "Moments":
        """Return the moments of all examples as one class."""
        return Moments(
            counts=self.counts.sum(keepdims=True),
            sums=self.sums.sum(axis=0, keepdims=True),
            products=self.products.sum(axis=0, keepdims=True),
            groups=self.groups and self.groups.pooled(),
        )

    def means(self) -> Floats:
        """Return each class's mean difference by seed, float [C, K]; 0 without examples."""
        means: Floats = self.sums / np.maximum(self.counts, 1)[:, None]
        return means

    def scatter(self) -> Floats:
        """Return the sums of products of deviations from the class's means, float [C, K, K].

        Division comes last: before it, all is exact for differences of -1, 0 and 1 (of up to
        90 million examples).
        """
        counts = self.counts[:, None, None]
        squares = self.sums[:, :, None] * self.sums[:, None, :]
        scatter: Floats = (counts * self.products - squares) / np.maximum(counts, 1)
        return scatter

    def second(self, weights: Floats) -> Floats:
        """Return the sums of products of seeds' weighted differences, float [C, K, K].

        They are about 0, not about means; `weights`, float [C, K], are those of an example.
        """
        second: Floats = weights[:, :, None] * weights[:, None, :] * self.products
        return second

    def won(self) -> Ints:
        """Return how many differences of -1, 0 and 1 are 1, by class and seed, int [C, K]."""
        return self._discordant(1)

    def lost(self) -> Ints:
        """Return how many differences of -1, 0 and 1 are -1, by class and seed, int [C, K]."""
        return self._discordant(-1)

    def trials(self) -> tuple[Ints, Ints]:
        """Return how many independent ones are won and lost by seed, int [K]: examples or groups.

        A group is won or lost as its differences add up to more or less than 0.
        """
        if self.groups is not None:
            return self.groups.won, self.groups.lost
        return self.won().sum(axis=0), self.lost().sum(axis=0)

    def _discordant(self, sign: int) -> Ints:
        squares = self.products.diagonal(axis1=1, axis2=2)
        return ((squares + sign * self.sums) / 2).astype(np.int64)
