"""How sure a comparison is: intervals, tests, corrections and credit, from paired answers.

Nothing here knows models or files: `differences[k, i]` is 1 where only the federated model
of seed k got test example i right, -1 where only the isolated one did, and 0 otherwise.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

from fedcompare.names import Word

Floats = npt.NDArray[np.float64]

# How much each of the two pseudo-examples (one won, one lost) weighs; docs/coverage.md.
PSEUDO_WEIGHT = 1 / 16


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sample:
    """Differences float [K seeds, N examples], whose mean is the gain, and their classes' weight.

    `size` is Kish's effective number of examples (1965, Survey Sampling): 1 over the sum of
    share^2 / count over the classes. `coarseness` is the sum of (share / count)^2, the
    variance that one more example of unit variance in each class adds. Examples that weigh
    alike are one class: N, and 1 / N^2.
    """

    differences: Floats
    size: float
    coarseness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedGain:
    """A gain in [-1, 1] with its interval, and the two-sided p-value against no gain."""

    gain: float
    low: float
    high: float
    standard_error: float
    degrees_of_freedom: float
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanSquares:
    """A two-way crossed analysis of variance without replication: its three mean squares."""

    seed: float
    example: float
    residual: float


def mean_squares(differences: Floats) -> MeanSquares:
    """Return the mean squares of `differences`, float [K seeds, N examples]; K, N >= 2."""
    num_seeds, num_examples = differences.shape
    mean = differences.mean()
    by_seed = differences.mean(axis=1, keepdims=True) - mean
    by_example = differences.mean(axis=0, keepdims=True) - mean
    residual = differences - mean - by_seed - by_example
    seed = num_examples * float((by_seed**2).sum()) / (num_seeds - 1)
    example = num_seeds * float((by_example**2).sum()) / (num_examples - 1)
    rest = float((residual**2).sum()) / ((num_seeds - 1) * (num_examples - 1))
    return MeanSquares(seed=seed, example=example, residual=rest)


def paired_gain(sample: Sample, *, confidence: float = 0.95) -> PairedGain:
    """Return the mean of the differences with an interval for new seeds and new examples.

    Seeds and examples are crossed random effects, as readers and cases are in multi-reader
    studies (Hillis 2007, Statistics in Medicine 26:596-619): the mean's variance is
    [MS_seed + max(MS_example - MS_residual, 0)] / (K N). Three things differ from Hillis:

    - Each of the two terms has its own Student's t, for K-1 and for N-1 degrees of freedom
      (N: the sample's effective size), and their half-widths add in quadrature (Howe 1974,
      JASA 69:789-794). With Hillis's degrees of freedom and three seeds, coverage falls to
      92 %, since few seeds that agree by chance shrink the error and raise them at once.
    - Two pseudo-examples of each class, one won and one lost in every seed, as in Bonett and
      Price (2012, J. Educational and Behavioral Statistics 37:479-488), but of weight 1/16,
      keep the width above zero.
    - The interval is a score interval: it holds the gains g that lie at most the
      critical value's number of standard errors off, where the error is the one at g
      (`Uncertainty`). Without a spread over seeds it is Wilson's for an effective sample size
      (Korn and Graubard 1998, Survey Methodology 24:193-201), applied to (1 + gain) / 2: near
      a gain of 1 it reaches further down than up, and near 0 it is the t interval. The
      p-value is its test.

    Args:
        sample: What `unweighted` or `standardise` returns.
        confidence: The interval's, in (0, 1).

    Returns:
        `gain` is the plain mean; `standard_error` is without the score interval's bending;
        `degrees_of_freedom` are those of the t that equals the critical value.

    Raises:
        ValueError: Fewer than two seeds, no examples, or a mean outside [-1, 1].
    """
    num_seeds, num_examples = sample.differences.shape
    if num_seeds < 2:
        raise ValueError("one seed says nothing about other seeds: an interval needs two or more")
    if num_examples == 0:
        raise ValueError("there are no test examples")
    gain = float(sample.differences.mean())
    if not abs(gain) <= 1 + 1e-9:
        raise ValueError(f"a mean difference of {gain} is outside [-1, 1]")
    uncertainty = uncertainty_of(sample)
    freedoms = (num_seeds - 1.0, max(sample.size - 1, 1.0))
    critical = combined_t(1 - confidence, uncertainty.seed_part, freedoms)
    low, high = uncertainty.interval(critical)
    statistic = abs(uncertainty.centre) / uncertainty.error_at(0.0)
    return PairedGain(
        gain=gain,
        # The pseudo-examples must not push the interval off the gain that is reported.
        low=min(low, gain),
        high=max(high, gain),
        standard_error=uncertainty.error,
        degrees_of_freedom=equivalent_freedom(critical, 1 - confidence, freedoms),
        p_value=combined_p_value(statistic, uncertainty.seed_part, freedoms),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """How far a mean difference may lie from the true gain, whatever that is.

    Variances of a share p of right answers are p (1 - p) to some power: 1 for a binomial,
    2 for models that differ from seed to seed by a constant on the logit scale, so that near
    p = 1 bad seeds are far worse than good ones are better. `power` goes from 1, where seeds
    add nothing to chance, halfway to 2, where they are everything. At 2 itself, seeds with
    gains of 90, 95 and 100 points would not exclude 0.
    """

    centre: float
    error: float
    seed_part: float
    power: float

    def error_at(self, gain: float) -> float:
        """Return the standard error if the true gain were `gain`, in [-1, 1]."""
        ratio = (1 - gain**2) / (1 - self.centre**2)
        # Nearer to 1 than the centre, the error shrinks no faster than a binomial's.
        return self.error * math.sqrt(ratio ** (self.power if ratio > 1 else 1.0))

    def interval(self, critical: float) -> tuple[float, float]:
        """Return the gains that lie `critical` of their own standard errors off the centre."""

        def excess(gain: float) -> float:
            return abs(gain - self.centre) - critical * self.error_at(gain)

        low, high = (float(optimize.brentq(excess, self.centre, end)) for end in (-1.0, 1.0))
        return low, high


def uncertainty_of(sample: Sample) -> Uncertainty:
    """Return the uncertainty that `paired_gain` describes, of two or more seeds."""
    differences = sample.differences
    num_seeds, num_examples = differences.shape
    centre = float(differences.mean()) * sample.size / (sample.size + 2 * PSEUDO_WEIGHT)
    # The pseudo-examples' own sum of squares around the centre is 2 w (1 + centre^2).
    pseudo = 2 * PSEUDO_WEIGHT * (1 + centre**2) * sample.coarseness
    example = num_seeds * num_examples * pseudo
    if num_examples > 1:
        squares = mean_squares(differences)
        seed, residual = squares.seed, squares.residual
        example += max(squares.example - residual, 0.0)
    else:
        seed, residual = float(differences.mean(axis=1).var(ddof=1)), 0.0
    return Uncertainty(
        centre=centre,
        error=math.sqrt((seed + example) / (num_seeds * num_examples)),
        seed_part=seed / (seed + example),
        power=1 + max(seed - residual, 0.0) / (seed + example) / 2,
    )


def combined_t(p_value: float, part: float, freedoms: tuple[float, float]) -> float:
    """Return Howe's two-sided critical value; `part` is the first term's part of the variance."""
    first, second = (float(special.stdtrit(freedom, p_value / 2)) for freedom in freedoms)
    return math.sqrt(part * first**2 + (1 - part) * second**2)


def combined_p_value(statistic: float, part: float, freedoms: tuple[float, float]) -> float:
    """Return the two-sided p-value whose critical value is `statistic` >= 0, at least 1e-100."""

    def excess(log_p: float) -> float:
        return combined_t(math.exp(log_p), part, freedoms) - statistic

    smallest = math.log(1e-100)
    if excess(smallest) <= 0:
        return math.exp(smallest)
    return math.exp(float(optimize.brentq(excess, smallest, 0.0, xtol=1e-9)))


def equivalent_freedom(critical: float, p_value: float, freedoms: tuple[float, float]) -> float:
    """Return the degrees of freedom at which Student's t equals `critical`, or the nearer bound."""

    def excess(freedom: float) -> float:
        return -float(special.stdtrit(freedom, p_value / 2)) - critical

    low, high = min(freedoms), max(freedoms)
    if excess(low) <= 0:
        return low
    if excess(high) >= 0:
        return high
    return float(optimize.brentq(excess, low, high, xtol=1e-6))


def unweighted(differences: Floats) -> Sample:
    """Return a sample of float [K, N] in [-1, 1] whose examples weigh alike."""
    count = differences.shape[1]
    return Sample(differences=differences, size=float(count), coarseness=1 / max(count, 1) ** 2)


def standardise(differences: Floats, labels: npt.NDArray[np.int64], class_shares: Floats) -> Sample:
    """Return `differences` as they would be if the test set had each seed's class shares.

    Row k's mean is the post-stratified gain, sum over c of share[k, c] times the mean
    difference of class c. Deviations from it are the influence function share * N / n_c *
    (difference - class mean), times sqrt(n_c / (n_c - 1)), since a class's deviations from
    its own mean are too small by that. So `paired_gain` gives the gain's interval with the
    classes' shares held fixed. A class with a single example shows no spread but that of
    its pseudo-examples.

    Args:
        differences: Float [K, N].
        labels: Each example's class, int [N].
        class_shares: Float [K, C], rows that add up to 1.

    Returns:
        The sample of the examples whose class has a share in any seed: the others are
        neither noise nor sample size.

    Raises:
        ValueError: A class with a share has no test example, or a row does not add up to 1.
    """
    if not np.allclose(class_shares.sum(axis=1), 1.0):
        raise ValueError("the class shares of each seed must add up to 1")
    wanted = np.flatnonzero((class_shares > 0).any(axis=0))
    kept = np.isin(labels, wanted)
    total = int(kept.sum())
    means = np.zeros(len(differences))
    deviations = np.zeros(differences.shape)
    for label in wanted:
        members = labels == label
        count = int(members.sum())
        if count == 0:
            raise ValueError(f"class {label} has a share but no test example")
        own = differences[:, members]
        centre = own.mean(axis=1)
        share = class_shares[:, label]
        means += share * centre
        inflate = math.sqrt(count / (count - 1)) if count > 1 else 1.0
        weight = share * total / count * inflate
        deviations[:, members] = weight[:, None] * (own - centre[:, None])
    mean_shares = class_shares.mean(axis=0)[wanted]
    counts = np.bincount(labels, minlength=class_shares.shape[1])[wanted]
    return Sample(
        differences=means[:, None] + deviations[:, kept],
        size=1 / float((mean_shares**2 / counts).sum()),
        coarseness=float(((mean_shares / counts) ** 2).sum()),
    )


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


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return `p_values` adjusted by Holm's step-down method (1979), in their own order.

    Statsmodels' own collects garbage at each call: a quarter of a second in our process.
    """
    order = np.argsort(p_values, kind="stable")
    factors = np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.maximum.accumulate(np.asarray(p_values, dtype=np.float64)[order] * factors)
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


def shapley(values: Mapping[frozenset[int], float], players: Sequence[int]) -> dict[int, float]:
    """Return each player's Shapley value (1953), exactly: 2^n coalitions for n players.

    Raises:
        ValueError: `values` lacks a coalition (the empty one is needed too).
    """
    coalitions = [
        frozenset(members)
        for size in range(len(players) + 1)
        for members in combinations(players, size)
    ]
    for coalition in coalitions:
        if coalition not in values:
            raise ValueError(f"no value for the coalition {{{', '.join(map(str, coalition))}}}")
    count = len(players)
    return {
        player: sum(
            (values[coalition | {player}] - values[coalition])
            / (count * math.comb(count - 1, len(coalition)))
            for coalition in coalitions
            if player not in coalition
        )
        for player in players
    }


def decide(gain: float, adjusted_p_value: float, *, alpha: float = 0.05) -> Word:
    """Return the word for a gain whose adjusted p-value is or is not at most `alpha`."""
    if not adjusted_p_value <= alpha or gain == 0:
        return Word.NO_EVIDENCE
    return Word.GAINS if gain > 0 else Word.LOSES
