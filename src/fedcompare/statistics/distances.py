"""How far each silo's data lie from those of all other silos together.

Nothing but counts, means and sums of squares of each silo goes in, which silos can share without a
row. Every silo is held against the others together, not against all: so two silos lie equally far
apart, and a silo that has most of the rows does not hide behind its own weight.

Small silos differ much by chance alone. So a distance is called one of chance unless it lies above
what one in 100 data sets whose rows are dealt to such silos at random has anywhere among all that
is compared (Bonferroni).
"""

import math

import numpy as np
import numpy.typing as npt
from scipy import special

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

FURTHEST = 99.0  # deviations; so far apart lie different values that do not vary within a silo
_LEVEL = 0.01
_NO_SPREAD = 1e-12  # of the variance of all; less is rounding
_ROUNDING = 1e-24  # of the squares of all


def jensen_shannon(counts: Floats) -> Floats:
    """Return the Jensen-Shannon distance of shares, float64 [S], by counts [S, C]; 0 to 1.

    The square root of half of D(p|m) + D(q|m) in bits, m = (p + q) / 2, as
    scipy.spatial.distance.jensenshannon with base 2; a metric (Endres and Schindelin, A new metric
    for probability distributions, 2003). NaN where a silo, or all others, have nothing.
    """
    own, others = _shares(counts)
    middle = (own + others) / 2
    divergence = (special.rel_entr(own, middle) + special.rel_entr(others, middle)).sum(axis=1)
    found: Floats = np.sqrt(np.maximum(divergence, 0) / (2 * math.log(2)))
    return found


def hellinger(counts: Floats) -> Floats:
    """Return the Hellinger distance of shares, float64 [S], by counts [S, C]; 0 to 1.

    The square root of 1 - sum of sqrt(p q) (van der Vaart, Asymptotic Statistics, 1998, section
    14.5). NaN where a silo, or all others, have nothing.
    """
    own, others = _shares(counts)
    found: Floats = np.sqrt(np.square(np.sqrt(own) - np.sqrt(others)).sum(axis=1) / 2)
    return found


def is_chance_of_shares(counts: Floats, comparisons: int) -> Mask:
    """Return whether shares differ no more than by chance, bool [S], by counts [S, C].

    8 ln 2 times the squared Jensen-Shannon distance is nearly the chi-square distance of p and q to
    m, and so has nearly the chi-square distribution; of few rows or rare categories too, where that
    of Pearson's statistic is far off.
    """
    sizes, rest = _sizes(counts)
    freedom = max(1, np.count_nonzero(counts.sum(axis=0)) - 1)
    bound = special.chdtri(freedom, _LEVEL / comparisons) / (8 * math.log(2))
    with np.errstate(divide="ignore"):
        chance: Mask = ~(jensen_shannon(counts) ** 2 > bound * (1 / sizes + 1 / rest))
    return chance


def mean_differences(counts: Floats, means: Floats, scatters: Floats) -> Floats:
    """Return the standardised differences of means, float64 [S]; positive where a silo lies above.

    The mean minus that of the others, by the pooled deviation (Cohen, Statistical Power Analysis
    for the Behavioral Sciences, 1988, section 2.5; between groups of patients: Austin, Statistics
    in Medicine, 2009). It is pooled by degrees of freedom, so a silo with one row has one too.
    `scatters` are the sums of squared distances from a silo's own mean. NaN where a silo, or all
    others, have nothing, or there is no freedom.
    """
    rest, freedom = counts.sum() - counts, _freedom(counts)
    means = np.where(counts > 0, means, 0)
    away = means - (counts * means).sum() / max(counts.sum(), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = away * (1 + counts / rest)
        total = (scatters + counts * np.square(away)).sum()
        within = total - np.square(apart) * counts * rest / (counts + rest)
        spread = np.sqrt(np.maximum(within, 0) / freedom)
        ratio = np.clip(apart / spread, -FURTHEST, FURTHEST)
    still = within <= _NO_SPREAD * total
    known = (counts > 0) & (rest > 0) & (freedom > 0)
    found: Floats = np.where(still, FURTHEST * np.sign(apart), ratio)
    varies = total > _ROUNDING * (counts * np.square(means)).sum()
    return np.where(known, found if varies else 0.0, np.nan)


def is_chance_of_means(differences: Floats, counts: Floats, comparisons: int) -> Mask:
    """Return whether means differ no more than by chance, bool [S], by `mean_differences`.

    By Student's t test, which numbers with long tails in small silos pass more often than said.
    """
    rest = counts.sum() - counts
    bound = special.stdtrit(max(_freedom(counts), 1), 1 - _LEVEL / comparisons / 2)
    with np.errstate(divide="ignore"):
        chance: Mask = ~(np.abs(differences) > bound * np.sqrt(1 / counts + 1 / rest))
    return chance


def _freedom(counts: Floats) -> float:
    return float(counts.sum()) - 2


def _sizes(counts: Floats) -> tuple[Floats, Floats]:
    """Return how many each silo has, and all others."""
    sizes = counts.sum(axis=1)
    return sizes, sizes.sum() - sizes


def _shares(counts: Floats) -> tuple[Floats, Floats]:
    """Return each silo's shares and those of all others together; NaN where there is nothing."""
    sizes, rest = _sizes(counts)
    with np.errstate(invalid="ignore"):
        return counts / sizes[:, None], (counts.sum(axis=0) - counts) / rest[:, None]
