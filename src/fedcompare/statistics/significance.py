"""Tests, and corrections for many of them."""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

Floats = npt.NDArray[np.float64]


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return `p_values` adjusted by Holm's step-down method (1979), in their own order.

    Statsmodels' own collects garbage at each call: a quarter of a second in our process.
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.maximum.accumulate(np.asarray(p_values, dtype=np.float64)[order] * factors)
    return tuple(np.minimum(adjusted, 1.0).tolist())


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return `p_values` adjusted by Benjamini and Hochberg's method (1995), in their own order."""
    count = len(p_values)
    order = np.argsort(p_values, kind="stable")[::-1]
    factors = count / np.arange(count, 0, -1)
    adjusted = np.empty(count)
    adjusted[order] = np.minimum.accumulate(np.asarray(p_values, dtype=np.float64)[order] * factors)
    return tuple(np.minimum(adjusted, 1.0).tolist())


def mcnemar_exact(won: int, lost: int) -> float:
    """Return the exact McNemar test's two-sided p-value; 1 where no pair is discordant."""
    from statsmodels.stats.contingency_tables import mcnemar

    if won == lost == 0:
        return 1.0
    return float(mcnemar([[0, won], [lost, 0]], exact=True).pvalue)


def wilson(correct: int, count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's score interval (1927) for `correct` of `count`, in [0, 1].

    Raises:
        ValueError: `count` is 0.
    """
    from statsmodels.stats.proportion import proportion_confint

    if count == 0:
        raise ValueError("no examples have no accuracy")
    low, high = proportion_confint(correct, count, alpha=1 - confidence, method="wilson")
    return float(low), float(high)


def mean_interval(values: Floats, confidence: float = 0.95) -> tuple[float, float]:
    """Return Student's t interval for the mean of values [N]; endless for a single one."""
    count = len(values)
    if count < 2:
        return -math.inf, math.inf
    half_width = float(
        -special.stdtrit(count - 1, (1 - confidence) / 2) * values.std(ddof=1) / math.sqrt(count)
    )
    mean = float(values.mean())
    return mean - half_width, mean + half_width


def detectable_gain(
    standard_error: float, degrees_of_freedom: float, *, alpha: float, power: float = 0.8
) -> float:
    """Return the smallest true gain that a two-sided t test at `alpha` finds with `power`.

    Solves the noncentral t distribution for its noncentrality, times the standard error; the
    chance of a finding in the wrong direction is left out. Units are those of the error.

    Raises:
        ValueError: `alpha` or `power` is not inside (0, 1), or power is at most alpha / 2.
    """
    if not (0 < alpha < 1 and alpha / 2 < power < 1):
        raise ValueError("alpha must be inside (0, 1), and power between alpha / 2 and 1")
    critical = float(special.stdtrit(degrees_of_freedom, 1 - alpha / 2))

    def excess(noncentrality: float) -> float:
        found = stats.nct.sf(critical, degrees_of_freedom, noncentrality)
        return float(found) - power

    upper = critical + 1.0
    while excess(upper) < 0:
        upper *= 2
    return float(optimize.brentq(excess, 0.0, upper)) * standard_error
