"""How far a gain may lie from the true one."""

import math
from dataclasses import dataclass

from scipy import optimize, special

from fedcompare.names import Lack
from fedcompare.statistics.moments import Sample
from fedcompare.statistics.word_rules import FEWEST_GROUPS, FEWEST_SEEDS

# How much each of the two pseudo-examples (one won, one lost) weighs; docs/coverage.md.
PSEUDO_WEIGHT = 1 / 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedGain:
    """A gain with its interval, and the two-sided p-value against no gain.

    `low` and `high` are the interval at the confidence that was asked for, `interval` gives it at
    any other. Where there is a `lack`, the numbers are no ground for a word.
    """

    gain: float
    low: float
    high: float
    standard_error: float
    degrees_of_freedom: float
    p_value: float
    uncertainty: "Uncertainty"
    lack: Lack | None = None

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the interval at this confidence, in (0, 1): one of less lies inside it.

        It excludes 0 where the p-value is under 1 - `confidence`.
        """
        low, high = self.uncertainty.interval(1 - confidence)
        # The pseudo-examples must not push the interval off the gain that is reported.
        return min(low, self.gain), max(high, self.gain)


def paired_gain(sample: Sample, *, confidence: float = 0.95, bounded: bool = True) -> PairedGain:
    """Return the sample's gain with an interval for new seeds and new examples.

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

    Differences that are not `bounded`, as those of errors, have no ends that an interval could
    bend at: theirs is the t interval, and the pseudo-examples are as large as differences are in
    the root mean square, so that another unit changes nothing but the unit.

    Args:
        sample: What `plain` or `standardised` returns.
        confidence: The interval's, in (0, 1).
        bounded: Whether differences lie in [-1, 1].

    Returns:
        `gain` is the sample's; `standard_error` is without the score interval's bending;
        `degrees_of_freedom` are those of the t that equals the critical value.

    Raises:
        ValueError: A bounded gain is outside [-1, 1].
    """
    gain = sample.gain
    if bounded and not abs(gain) <= 1 + 1e-9:
        raise ValueError(f"a mean difference of {gain} is outside [-1, 1]")
    uncertainty = uncertainty_of(sample, bounded=bounded)
    low, high = uncertainty.interval(1 - confidence)
    return PairedGain(
        gain=gain,
        low=min(low, gain),
        high=max(high, gain),
        standard_error=uncertainty.error,
        degrees_of_freedom=uncertainty.equivalent_freedom(1 - confidence),
        p_value=uncertainty.p_value(),
        uncertainty=uncertainty,
        lack=_lack(sample),
    )


def _lack(sample: Sample) -> Lack | None:
    if len(sample.seed_gains) < FEWEST_SEEDS:
        return Lack.SEEDS
    return Lack.GROUPS if sample.grouped and sample.size < FEWEST_GROUPS else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """How far a mean difference may lie from the true gain, whatever that is.

    Variances of a share p of right answers are p (1 - p) to some power: 1 for a binomial,
    2 for models that differ from seed to seed by a constant on the logit scale, so that near
    p = 1 bad seeds are far worse than good ones are better. `power` goes from 1, where seeds
    add nothing to chance, halfway to 2, where they are everything. At 2 itself, seeds with
    gains of 90, 95 and 100 points would not exclude 0. Differences that are not `bounded` have
    the same error whatever the gain is. `freedoms` are the degrees of freedom of the seeds' and of
    the examples' term.
    """

    centre: float
    error: float
    seed_part: float
    power: float
    freedoms: tuple[float, float]
    bounded: bool = True

    def error_at(self, gain: float) -> float:
        """Return the standard error if the true gain were `gain`."""
        if not self.bounded:
            return self.error
        ratio = (1 - gain**2) / (1 - self.centre**2)
        # Nearer to 1 than the centre, the error shrinks no faster than a binomial's.
        return self.error * math.sqrt(ratio ** (self.power if ratio > 1 else 1.0))

    def interval(self, level: float) -> tuple[float, float]:
        """Return the gains that a test at `level` does not reject."""
        critical = combined_t(level, self.seed_part, self.freedoms)
        if not self.bounded:
            half_width = critical * self.error
            return self.centre - half_width, self.centre + half_width

        def excess(gain: float) -> float:
            return abs(gain - self.centre) - critical * self.error_at(gain)

        low, high = (float(optimize.brentq(excess, self.centre, end)) for end in (-1.0, 1.0))
        return low, high

    def p_value(self) -> float:
        """Return the two-sided p-value against no gain."""
        if not self.error:  # two models that answer every example alike
            return 1.0
        statistic = abs(self.centre) / self.error_at(0.0)
        return combined_p_value(statistic, self.seed_part, self.freedoms)

    def equivalent_freedom(self, level: float) -> float:
        """Return the degrees of freedom of the t that equals the critical value at `level`."""
        critical = combined_t(level, self.seed_part, self.freedoms)
        return equivalent_freedom(critical, level, self.freedoms)


def uncertainty_of(sample: Sample, *, bounded: bool = True) -> Uncertainty:
    """Return the uncertainty that `paired_gain` describes, of two or more seeds."""
    num_seeds, num_examples = len(sample.seed_gains), sample.num_examples
    centre = sample.gain * sample.size / (sample.size + 2 * PSEUDO_WEIGHT)
    # The pseudo-examples' own sum of squares around the centre is 2 w (square + centre^2).
    square = 1 if bounded else sample.mean_square
    pseudo = 2 * PSEUDO_WEIGHT * (square + centre**2) * sample.coarseness
    seed, residual = sample.squares.seed, sample.squares.residual
    example = num_seeds * num_examples * pseudo + max(sample.squares.example - residual, 0.0)
    total = seed + example or 1.0
    return Uncertainty(
        centre=centre,
        error=math.sqrt((seed + example) / (num_seeds * num_examples)),
        seed_part=seed / total,
        power=1 + max(seed - residual, 0.0) / total / 2,
        freedoms=(num_seeds - 1.0, max(sample.size - 1, 1.0)),
        bounded=bounded,
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
