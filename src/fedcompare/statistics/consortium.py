"""What is known of all silos together: three questions, which have three answers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import special

from fedcompare.statistics.combined import squared_t
from fedcompare.statistics.intervals import PairedGain, paired_gain
from fedcompare.statistics.moments import Moments
from fedcompare.statistics.samples import plain, standardised

Floats = npt.NDArray[np.float64]

FEWEST_SILOS = 3
"""From so many silos on something is said of silos like these."""
FEWEST_FOR_A_NEW_ONE = 5
"""From so many silos on something is said of what a new one may expect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a new silo may gain: `low` to `high` at the confidence asked for; it gives no word.

    `spread` is the standard deviation of the silos' own gains, with the noise of each.
    """

    mean: float
    low: float
    high: float
    spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Heterogeneity:
    """How much silos' true gains differ: `spread` is their standard deviation, without noise.

    It is the root of DerSimonian and Laird's tau^2 (1986, Controlled Clinical Trials 7:177-188).
    `statistic` is Cochran's Q, `p_value` its test that all silos gain the same. Both take a row to
    be as uncertain in one silo as in another.
    """

    spread: float
    statistic: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Consortium:
    """What is known of all silos together, never to be mixed.

    `of_silos`: do these silos gain, on average, each silo alike? `of_rows`: each row alike? Both
    are about new seeds and new cases of these very silos. `of_such_silos`: would silos like these
    gain, on average? It is about other silos, too, and None of fewer than three. The three are
    gains as any other: `words.decide` has their words. `of_a_new_silo`: what may one more expect?
    None of fewer than five. `differences` is None where nothing varies at all.
    """

    num_silos: int
    of_silos: PairedGain
    of_rows: PairedGain
    of_such_silos: PairedGain | None
    of_a_new_silo: Expectation | None
    differences: Heterogeneity | None


def find_consortium(
    silos: Sequence[Moments],
    *,
    bounded: bool = True,
    linear: bool = False,
    folds: int = 1,
    confidence: float = 0.95,
) -> Consortium:
    """Return what is known of all silos together, from what each of them sends.

    Args:
        silos: The moments of each silo's own cases, `Contrast.moments`: rows of one silo are no
            rows of another. Where silos answer the same cases, take the mean of their differences
            instead: it is one matrix, and `plain(Moments.of(matrix))` one sample.
        bounded: As for `paired_gain`.
        linear: As `Sample.linear`.
        folds: As for `paired_gain`.
        confidence: Of `Expectation`, and of each gain's `low` and `high`.

    Raises:
        ValueError: Fewer than two silos, or a silo without examples.
    """
    if len(silos) < 2:
        raise ValueError("a consortium has two silos or more")
    moments = Moments.by_silo(silos)
    num_seeds = moments.sums.shape[1]

    def weighted(shares: Floats) -> PairedGain:
        sample = standardised(moments, np.tile(shares, (num_seeds, 1)))
        sample = replace(sample, linear=linear)
        return paired_gain(sample, confidence=confidence, bounded=bounded, folds=folds)

    means = moments.means().T
    such = such_silos(means, confidence)
    return Consortium(
        num_silos=len(silos),
        of_silos=weighted(np.full(len(silos), 1 / len(silos))),
        of_rows=weighted(moments.counts / moments.counts.sum()),
        of_such_silos=such,
        of_a_new_silo=new_silo(means, confidence),
        differences=_heterogeneity(silos, bounded=bounded, linear=linear, folds=folds),
    )


def such_silos(
    means: Floats, confidence: float = 0.95, *, of_cases: float = 0.0
) -> PairedGain | None:
    """Return the gain of silos' means, float [K, S], in which a silo is what an example was.

    None of fewer than three silos. Where silos answer the same cases, their means vary together
    with these: `of_cases` is that variance, which does not show between silos.
    """
    num_seeds, num_silos = means.shape
    if num_silos < FEWEST_SILOS:
        return None
    sample = replace(plain(Moments.of(means)), linear=True, pseudo_weight=0.0)
    example = sample.squares.example + num_seeds * num_silos * of_cases
    sample = replace(sample, squares=replace(sample.squares, example=example))
    return paired_gain(sample, confidence=confidence, bounded=False)


def new_silo(
    means: Floats, confidence: float = 0.95, *, of_cases: float = 0.0
) -> Expectation | None:
    """Return Higgins, Thompson and Spiegelhalter's prediction interval, with the observed spread.

    It is their mean plus or minus t(S - 1) sqrt(spread^2 + error^2) (2009, J. Royal Statistical
    Society A 172:137-159). With an estimate of tau^2 in place of the observed spread it is too
    narrow for few silos (Partlett and Riley 2017, Statistics in Medicine 36:301-317). `means` are
    the silos' own gains in each seed, float [K, S]; None of fewer than five silos. `of_cases` is
    that of `such_silos`.
    """
    gains, such = means.mean(axis=0), such_silos(means, confidence, of_cases=of_cases)
    if such is None or len(gains) < FEWEST_FOR_A_NEW_ONE:
        return None
    spread, freedom = float(gains.std(ddof=1)), len(gains) - 1.0
    square, _ = squared_t(1 - confidence, (freedom, freedom))
    half_width = math.sqrt(square * (spread**2 + such.standard_error**2))
    return Expectation(
        mean=such.gain, low=such.gain - half_width, high=such.gain + half_width, spread=spread
    )


def _heterogeneity(
    silos: Sequence[Moments], *, bounded: bool, linear: bool, folds: int
) -> Heterogeneity | None:
    """Return how much silos differ, whose variances go by their sizes.

    A silo's own variance, of few seeds and rows, is too uncertain to weigh it by.
    """
    samples = [replace(plain(silo), linear=linear) for silo in silos]
    found = [paired_gain(sample, bounded=bounded, folds=folds) for sample in samples]
    sizes = np.array([sample.size for sample in samples])
    of_one = float((sizes * np.array([gain.standard_error**2 for gain in found])).mean())
    if not of_one:
        return None
    gains, weights = np.array([gain.gain for gain in found]), sizes / of_one
    total, freedom = float(weights.sum()), len(gains) - 1
    statistic = float((weights * (gains - weights @ gains / total) ** 2).sum())
    variance = (statistic - freedom) / (total - float((weights**2).sum()) / total)
    return Heterogeneity(
        spread=math.sqrt(max(variance, 0.0)),
        statistic=statistic,
        p_value=float(special.chdtrc(freedom, statistic)),
    )
