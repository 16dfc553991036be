"""Means of strata that differ from seed to seed, and orders of pairs: as samples of differences."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fedcompare.statistics.moments import Moments
from fedcompare.statistics.samples import Sample, plain

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_THIN = 5  # examples of a stratum, with fewer of which it hardly shows its own spread


def stratified_values(
    differences: Floats, members: Ints, shares: Floats, *, times: int = 1
) -> Floats:
    """Return values whose plain mean and spread are those of a mean over strata, float [K, N].

    To each seed's mean, the sum over the strata of share times mean difference, this adds `times`
    its influence function: N share / n_c (difference - stratum's mean), times sqrt(n_c / (n_c - 1))
    since a stratum's deviations from its own mean are too small by that. A stratum of fewer than
    five examples hardly shows its own spread: its deviations are from the mean over all.

    Args:
        differences: Float [K seeds, N examples].
        members: Each example's stratum in a seed, int [K, N]; -1 for none.
        shares: Of the strata, float [K, C], rows that add up to 1.
        times: Of how many kinds strata are, in turn, each of which alone has the mean: it moves as
            all of them do. Two for AUROCs, which are the mean placement of either class.
    """
    rows = zip(differences, members, shares, strict=True)
    return np.stack([_values(*row, times=times) for row in rows])


def _values(differences: Floats, members: Ints, shares: Floats, *, times: int) -> Floats:
    counted = members >= 0
    own, strata = differences[counted], members[counted]
    counts = np.bincount(strata, minlength=len(shares))
    means = np.bincount(strata, own, minlength=len(shares)) / np.maximum(counts, 1)
    mean = float(shares @ means)
    is_thin = counts < _THIN
    centres = np.where(is_thin, mean, means)
    inflation = np.where(is_thin, 1.0, np.sqrt(counts / np.maximum(counts - 1, 1)))
    weights = times * len(differences) * shares / np.maximum(counts, 1) * inflation
    influence = weights[strata] * (own - centres[strata])
    values = np.full(len(differences), mean)
    values[counted] += influence - influence.mean()  # which thin strata move off 0
    return values


def stratified(
    moments: Moments, members: Ints, shares: Floats, groups: Ints | None, *, times: int = 1
) -> Sample:
    """Return the sample of `stratified_values`, whose moments are given; arguments as there.

    Its t has one degree of freedom fewer than its size, which is Kish's, of the seed that has the
    fewest examples; of two AUROCs that of the rarer class, so that they are min(n_1, n_0) - 1. Each
    stratum gets the two pseudo-examples of `paired_gain`; of AUROCs each class, in however many
    strata, as one of its size: to placements, which count twice and are `linear`, they are of a
    fourth of the weight. `groups`, int [N], number examples that belong together.
    """
    sizes = _sizes(members, shares.shape[1], groups)
    every = np.array(
        [_kish(times * shares[:, kind::times], sizes[:, kind::times]) for kind in range(times)]
    )
    has_share = shares.any(axis=0)
    return replace(
        plain(moments),
        shares=shares[:, has_share].mean(axis=0) if times == 1 else np.full(times, 1 / times),
        sizes=np.maximum(sizes[:, has_share].mean(axis=0), 1.0) if times == 1 else every,
        freedom=max(every.min() - 1, 1.0),
        linear=times > 1,
    )


def _kish(shares: Floats, sizes: Floats) -> float:
    """Return the effective number of examples of the seed that has the fewest."""
    return float((1 / (shares**2 / np.maximum(sizes, 1)).sum(axis=1)).min())


def _sizes(members: Ints, num_strata: int, groups: Ints | None) -> Floats:
    """Return how many independent examples each stratum has in each seed, float [K, C].

    Of groups it is n^2 over the sum of their squared sizes (Kish 1965, Survey Sampling).
    """
    found = np.zeros((len(members), num_strata))
    for row, own in zip(found, members, strict=True):
        counted = own >= 0
        if groups is None:
            row[:] = np.bincount(own[counted], minlength=num_strata)
            continue
        pairs = np.stack([own[counted], groups[counted]])
        (strata, _), sizes = np.unique(pairs, axis=1, return_counts=True)
        totals = np.bincount(strata, sizes, minlength=num_strata)
        squares = np.bincount(strata, sizes**2, minlength=num_strata)
        row[:] = totals**2 / np.maximum(squares, 1)
    return found
