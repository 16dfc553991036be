"""A gain, and what is known of how it came about: all of it from moments."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fedcompare.statistics.grouped import GroupMoments
from fedcompare.statistics.moments import Moments

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# How much each of two pseudo-examples (one won, one lost) of each class weighs; docs/coverage.md.
PSEUDO_WEIGHT = 1 / 16
# Degrees of freedom that classes of a single example have all the same; docs/coverage.md.
FEWEST_FREEDOM = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanSquares:
    """A two-way crossed analysis of variance without replication: its three mean squares."""

    seed: float
    example: float
    residual: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """A gain, each seed's own, float [K], and what is known of how they came about.

    `shares` and `sizes`, float [C], are what each class weighs, and its number of examples;
    examples that weigh alike are of one class. `mean_square` is that of the differences.
    `at_no_gain` is the gain's variance over examples about 0 in place of about the classes' means,
    and `agreement`, in [1/K, 1], how much of that seeds have in common. `freedom` are the degrees
    of freedom of what varies over examples.

    `linear` says that rows are a value plus its influence function and not differences within
    [-1, 1], as those of AUROCs: then the interval is the t interval. `pseudo_weight` is that of
    each of the two pseudo-examples.

    Where groups of examples are independent, and not examples, a group is what is called an
    example here, and sizes are effective numbers of groups (`GroupMoments.sizes`); it is
    `grouped` then.
    """

    gain: float
    seed_gains: Floats
    squares: MeanSquares
    num_examples: int
    shares: Floats
    sizes: Floats
    mean_square: float
    at_no_gain: float
    agreement: float
    freedom: float
    grouped: bool = False
    linear: bool = False
    pseudo_weight: float = PSEUDO_WEIGHT

    @property
    def size(self) -> float:
        """Return Kish's effective number of examples (1965, Survey Sampling): N of one class."""
        return 1 / float((self.shares**2 / self.sizes).sum())

    @property
    def coarseness(self) -> float:
        """Return the variance that one more example of unit variance in each class would add."""
        return float(((self.shares / self.sizes) ** 2).sum())


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
    about_0 = pooled.second(np.full_like(means, 1 / count))[0]
    at_no_gain, agreement = _at_no_gain(about_0, 1 / count**2)
    return Sample(
        gain=float(pooled.sums.sum()) / pooled.sums.size / count,
        seed_gains=seed_gains,
        squares=mean_squares(seed_gains, pooled.scatter()[0], count),
        num_examples=count,
        shares=np.ones(1),
        sizes=np.array([float(count)]),
        mean_square=_mean_square(pooled),
        at_no_gain=at_no_gain,
        agreement=agreement,
        freedom=max(count - 1.0, 1.0),
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
    about_0 = groups.scatter(np.zeros_like(means), np.full_like(means, 1 / total))
    at_no_gain, agreement = _at_no_gain(about_0, 1 / size**2)
    return Sample(
        gain=float(pooled.sums.sum()) / pooled.sums.size / total,
        seed_gains=seed_gains,
        squares=mean_squares(seed_gains, groups.scatter(means, weights), num_groups),
        num_examples=num_groups,
        shares=np.ones(1),
        sizes=np.array([size]),
        mean_square=_mean_square(pooled),
        at_no_gain=at_no_gain,
        agreement=agreement,
        freedom=max(size - 1, 1.0),
        grouped=True,
    )


def _at_no_gain(second: Floats, coarseness: float) -> tuple[float, float]:
    """Return the mean's variance about 0, and how much of it seeds share, of [K, K] about 0.

    Few differences say little of how much seeds share: one more of each class, that they do, adds
    its `coarseness`.
    """
    num_seeds = len(second)
    variance = max(float(second.sum()), 0.0) / num_seeds**2
    agreement = (variance + coarseness) / (float(second.trace()) / num_seeds + coarseness)
    return variance, min(max(agreement, 1 / num_seeds), 1.0)


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
    seed_gains, of_one = (shares * means).sum(axis=0), shares / counts[:, None]
    if kept.groups is not None:
        sizes, units = kept.groups.sizes(counts), kept.groups.count
        inflation = np.array([_inflation(size) for size in sizes.tolist()])
        scatter = kept.groups.scatter(means, of_one * (units * inflation)[:, None])
        second = kept.groups.second(of_one)
        about_0 = kept.groups.scatter(np.zeros_like(means), of_one)
    else:
        sizes, units = counts.astype(np.float64), total
        inflation = np.sqrt(counts / np.maximum(counts - 1, 1))
        weights = of_one * (total * inflation)[:, None]
        scatter = (weights[:, :, None] * weights[:, None, :] * kept.scatter()).sum(axis=0)
        second = kept.second(of_one)
        about_0 = second.sum(axis=0)
    coarseness = (mean_shares / sizes) ** 2
    at_no_gain, agreement = _at_no_gain(about_0, float(coarseness.sum()))
    mean_square = _mean_square(kept.pooled())
    variances = second.sum(axis=(1, 2)) / shares.shape[1] ** 2
    pseudo = 2 * PSEUDO_WEIGHT * mean_square * coarseness
    return Sample(
        gain=float(seed_gains.mean()),
        seed_gains=seed_gains,
        squares=mean_squares(seed_gains, scatter, units),
        num_examples=units,
        shares=mean_shares,
        sizes=sizes,
        mean_square=mean_square,
        at_no_gain=at_no_gain,
        agreement=agreement,
        freedom=_freedom(variances + pseudo, mean_shares, sizes),
        grouped=kept.groups is not None,
    )


def _freedom(variances: Floats, shares: Floats, sizes: Floats) -> float:
    """Return the degrees of freedom of the sum of the classes' variances, float [C].

    They are Satterthwaite's (1946, Biometrics Bulletin 2:110-114), so that a rare class that has
    most of the variance has its say by its own few examples; one fewer, as N - 1 of one class.
    """
    if not variances.sum():
        variances = shares**2 / sizes
    freedom = float(variances.sum() ** 2 / (variances**2 / sizes).sum()) - 1
    return max(freedom, FEWEST_FREEDOM if len(sizes) > 1 else 1.0)


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
