"""What must be known of the differences: sums that add up, and the mean squares that follow."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanSquares:
    """A two-way crossed analysis of variance without replication: its three mean squares."""

    seed: float
    example: float
    residual: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """A gain, each seed's own, float [K], and what is known of how they came about.

    `size` is Kish's effective number of examples (1965, Survey Sampling): 1 over the sum of
    share^2 / count over the classes. `coarseness` is the sum of (share / count)^2, the
    variance that one more example of unit variance in each class adds. Examples that weigh
    alike are one class: N, and 1 / N^2. `mean_square` is that of the differences.

    Where groups of examples are independent, and not examples, a group is what is called an
    example here, and counts are effective numbers of groups (`GroupMoments.sizes`); it is
    `grouped` then.
    """

    gain: float
    seed_gains: Floats
    squares: MeanSquares
    num_examples: int
    size: float
    coarseness: float
    mean_square: float
    grouped: bool = False


def mean_squares(seed_gains: Floats, scatter: Floats, num_examples: int) -> MeanSquares:
    """Return the mean squares of differences [K seeds, N examples], from what adds up.

    Seeds are compared in pairs, so that seeds that agree differ by exactly 0. A single example
    has no scatter: only the seeds' mean square can be above 0.

    Args:
        seed_gains: Each seed's mean, float [K]; K >= 2.
        scatter: Sums of products of the examples' deviations from them, float [K, K].
        num_examples: N >= 1.
    """
    num_seeds = len(seed_gains)
    seed_freedom, example_freedom = num_seeds - 1, max(num_examples - 1, 1)
    squares = scatter.diagonal()
    between = num_examples * np.subtract.outer(seed_gains, seed_gains) ** 2
    within = np.add.outer(squares, squares) - 2 * scatter
    seed, residual = (float(pairs.sum()) / (2 * num_seeds) for pairs in (between, within))
    # Rounding may leave a sum of squares just below 0.
    return MeanSquares(
        seed=seed / seed_freedom,
        example=max(float(scatter.sum()), 0.0) / num_seeds / example_freedom,
        residual=max(residual, 0.0) / (seed_freedom * example_freedom),
    )


def plain(moments: Moments) -> Sample:
    """Return the sample of all examples, which weigh alike.

    Raises:
        ValueError: Fewer than two seeds, or no examples.
    """
    pooled = moments.pooled()
    count = int(pooled.counts[0])
    _check(pooled.sums.shape[1], count)
    (seed_gains,) = means = pooled.means()
    if pooled.groups is not None:
        return _plain_groups(pooled, pooled.groups, means)
    return Sample(
        gain=float(pooled.sums.sum()) / pooled.sums.size / count,
        seed_gains=seed_gains,
        squares=mean_squares(seed_gains, pooled.scatter()[0], count),
        num_examples=count,
        size=float(count),
        coarseness=1 / count**2,
        mean_square=_mean_square(pooled),
    )


def _plain_groups(pooled: Moments, groups: GroupMoments, means: Floats) -> Sample:
    """Return the sample of groups of examples, which weigh as they have examples.

    A group's value in a seed is the linearised ratio's (Cochran 1977, Sampling Techniques, ch. 6):
    the mean, plus G / N times the sum over its examples of their deviations from it. Groups of one
    size have their own means. Deviations of unequal groups from the common mean are too small by
    more than 1 / G, namely by 1 over the effective number of groups, which inflates them.
    """
    total, num_groups = int(pooled.counts[0]), groups.count
    (size,) = groups.sizes(pooled.counts).tolist()
    inflation = _inflation(size) / _inflation(num_groups)
    weights = np.full_like(means, num_groups / total * inflation)
    (seed_gains,) = means
    return Sample(
        gain=float(pooled.sums.sum()) / pooled.sums.size / total,
        seed_gains=seed_gains,
        squares=mean_squares(seed_gains, groups.scatter(means, weights), num_groups),
        num_examples=num_groups,
        size=size,
        coarseness=1 / size**2,
        mean_square=_mean_square(pooled),
        grouped=True,
    )


def _inflation(size: float) -> float:
    """Return by what deviations from the mean of so many independent ones are too small."""
    return float(np.sqrt(size / (size - 1))) if size > 1 else 1.0


def standardised(moments: Moments, class_shares: Floats) -> Sample:
    """Return the sample as it would be if the test set had each seed's class shares.

    Row k's mean is the post-stratified gain, sum over c of share[k, c] times the mean
    difference of class c. Deviations from it are the influence function share * N / n_c *
    (difference - class mean), times sqrt(n_c / (n_c - 1)), since a class's deviations from
    its own mean are too small by that. So `paired_gain` gives the gain's interval with the
    classes' shares held fixed. A class with a single example shows no spread but that of
    its pseudo-examples. With groups a group's deviations are added up, over classes too, with G
    for N where rows are counted, and n_c's effective number of groups in the inflation.

    Args:
        moments: By class, of C classes and K seeds; with groups, of no class without a share.
        class_shares: Float [K, C], rows that add up to 1.

    Returns:
        The sample of the examples whose class has a share in any seed: the others are
        neither noise nor sample size.

    Raises:
        ValueError: Fewer than two seeds, a class with a share has no test example, or a row
            does not add up to 1.
    """
    if not np.allclose(class_shares.sum(axis=1), 1.0):
        raise ValueError("the class shares of each seed must add up to 1")
    wanted = np.flatnonzero((class_shares > 0).any(axis=0))
    if (lacking := wanted[moments.counts[wanted] == 0]).size:
        raise ValueError(f"class {lacking[0]} has a share but no test example")
    kept = moments.of_classes(wanted)
    shares, counts, total = class_shares[:, wanted].T, kept.counts, int(kept.counts.sum())
    _check(shares.shape[1], total)
    means, mean_shares = kept.means(), shares.mean(axis=1)
    seed_gains = (shares * means).sum(axis=0)
    sizes: Floats | Ints
    if kept.groups is not None:
        sizes, units = kept.groups.sizes(counts), kept.groups.count
        inflation = np.array([_inflation(size) for size in sizes.tolist()])
        scatter = kept.groups.scatter(means, shares * (units / counts * inflation)[:, None])
    else:
        sizes, units = counts, total
        inflation = np.sqrt(counts / np.maximum(counts - 1, 1))
        weights = shares * (total / counts * inflation)[:, None]
        scatter = (weights[:, :, None] * weights[:, None, :] * kept.scatter()).sum(axis=0)
    return Sample(
        gain=float(seed_gains.mean()),
        seed_gains=seed_gains,
        squares=mean_squares(seed_gains, scatter, units),
        num_examples=units,
        size=1 / float((mean_shares**2 / sizes).sum()),
        coarseness=float(((mean_shares / sizes) ** 2).sum()),
        mean_square=_mean_square(kept.pooled()),
        grouped=kept.groups is not None,
    )


def pseudo_values(differences: Floats, weights: Floats) -> Floats:
    """Return what has, unweighted, the mean and the spread of differences that weigh unlike.

    To each seed's weighted mean, sum over i of w[i] d[i], this adds the mean's influence function,
    N w[i] (d[i] - mean). An example that does not count in a seed adds nothing there, so that
    seeds may have examples of their own, and those that some share are known to be the same.

    Args:
        differences: Float [K seeds, N examples].
        weights: Float [K, N], rows that add up to 1.
    """
    means = (weights * differences).sum(axis=1, keepdims=True)
    values: Floats = means + differences.shape[1] * weights * (differences - means)
    return values


def _mean_square(pooled: Moments) -> float:
    (products,) = pooled.products
    return float(products.trace()) / len(products) / int(pooled.counts[0])


def _check(num_seeds: int, num_examples: int) -> None:
    if num_seeds < 2:
        raise ValueError("one seed says nothing about other seeds: an interval needs two or more")
    if num_examples == 0:
        raise ValueError("there are no test examples")
