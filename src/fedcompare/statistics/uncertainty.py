"""How far a mean difference may lie from the true gain, whatever that is."""

import math
from dataclasses import dataclass

from scipy import optimize

from fedcompare.statistics.combined import (
    combined_p_value,
    combined_t,
    equivalent_freedom,
    squared_t,
)
from fedcompare.statistics.discordance import Discordance
from fedcompare.statistics.samples import Sample

# Beyond 0 the variance can rise faster than the distance, as far as the centre lies from 0.
_STEPS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """What the variance over examples is at least, though the examples at hand show less.

    Few examples of which few differ, and classes with few examples, show less spread than others
    of their kind would. `discordance` bounds the variance if the gain were on one side only, as it
    seems where nothing was lost; times `agreement`, the share of it that seeds have in common,
    since chance that differs from seed to seed averages out. `at_no_gain` is the mean square of
    examples about 0, not about their class's mean: without a gain, a class of two examples that
    both were won is chance. It fades as (1 - g / centre)^2 up to the centre. `chance` that differs
    from seed to seed is not in it, since it is among the seeds.
    """

    discordance: Discordance
    agreement: float
    at_no_gain: float
    chance: float

    def variance(self, gain: float, centre: float) -> float:
        """Return the variance over examples that a true `gain` has at least."""
        fading = 1.0 if gain * centre <= 0 else max(1 - gain / centre, 0.0) ** 2
        one_sided = self.discordance.variance(abs(gain))
        return max(self.agreement * one_sided, self.at_no_gain * fading)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertainty:
    """The variance of a mean difference, of seeds and of examples, as it is at each true gain.

    Variances of a share p of right answers are p (1 - p) to some power: 1 for a binomial,
    2 for models that differ from seed to seed by a constant on the logit scale, so that near
    p = 1 bad seeds are far worse than good ones are better. `power` goes from 1, where seeds
    add nothing to chance, halfway to 2, where they are everything. At 2 itself, seeds with
    gains of 90, 95 and 100 points would not exclude 0. Where nothing is `unseen`, variances are
    the same whatever the gain is: of differences that have no bounds, and of linearised ones.
    `freedoms` are the degrees of freedom of the two variances, `ends` what no gain lies beyond.
    What is said of examples is `widened`.
    """

    centre: float
    of_seeds: float
    of_examples: float
    power: float
    freedoms: tuple[float, float]
    unseen: Unseen | None
    ends: tuple[float, float]
    widened: float = 1.0

    def variances(self, gain: float) -> tuple[float, float]:
        """Return the variances over seeds and over examples if the true gain were `gain`."""
        if self.unseen is None:
            return self.of_seeds, self.widened * self.of_examples
        ratio = (1 - gain**2) / (1 - self.centre**2)
        # Nearer to 1 than the centre, the error shrinks no faster than a binomial's.
        bent = ratio ** (self.power if ratio > 1 else 1.0)
        least = self.unseen.variance(gain, self.centre)
        return self.of_seeds * bent, self.widened * max(self.of_examples * bent, least)

    @property
    def error(self) -> float:
        """Return the standard error as it was seen, whatever the true gain is."""
        return math.sqrt(self.of_seeds + self.widened * self.of_examples)

    def error_of_finding(self, gain: float) -> float:
        """Return the standard error that a `gain` would have had if it had been found here."""
        seed, example = self.of_seeds, self.of_examples
        if self.unseen is not None:
            one_sided = self.unseen.discordance.variance(abs(gain))
            example = max(example, self.unseen.agreement * one_sided - self.unseen.chance)
        return math.sqrt(seed + self.widened * example)

    def interval(self, level: float) -> tuple[float, float]:
        """Return the ends of the gains about the centre that a test at `level` does not reject.

        A gain is rejected where it lies further off than Howe's half-width, from the variances
        at that gain. Going outward from the centre, the first that is rejected is the end.
        """
        squares = squared_t(level, self.freedoms)

        def excess(gain: float) -> float:
            seed, example = self.variances(gain)
            return (gain - self.centre) ** 2 - seed * squares[0] - example * squares[1]

        if self.unseen is None:
            half_width = math.sqrt(-excess(self.centre))
            lowest, highest = self.ends
            return max(self.centre - half_width, lowest), min(self.centre + half_width, highest)

        def end(side: float) -> float:
            inner = self.centre
            for outer in self._way(side):
                if excess(outer) > 0:
                    return float(optimize.brentq(excess, inner, outer))
                inner = outer
            return side

        return end(self.ends[0]), end(self.ends[1])

    def _way(self, side: float) -> list[float]:
        """Return where to look for the end of this side; between two of them there is one at most.

        From the centre to 0, outward, and from minus the centre on, the distance grows faster
        than the half-width does. From 0 to minus the centre it may not, in a narrow corner.
        """
        if self.centre * side >= 0:
            return [side]
        return [-self.centre * step / _STEPS for step in range(_STEPS + 1)] + [side]

    def p_value(self) -> float:
        """Return the two-sided p-value against no gain."""
        seed, example = self.variances(0.0)
        if not seed + example:  # two models that answer every example alike, or differ alike on all
            return 0.0 if self.centre else 1.0
        statistic = abs(self.centre) / math.sqrt(seed + example)
        return combined_p_value(statistic, seed / (seed + example), self.freedoms)

    def equivalent_freedom(self, level: float) -> float:
        """Return the degrees of freedom of the t that equals the critical value of `error`."""
        part = self.of_seeds / (self.of_seeds + self.widened * self.of_examples or 1.0)
        return equivalent_freedom(combined_t(level, part, self.freedoms), level, self.freedoms)


def uncertainty_of(sample: Sample, *, bounded: bool = True, folds: int = 1) -> Uncertainty:
    """Return the uncertainty that `intervals.paired_gain` describes, of two or more seeds."""
    num_seeds, num_examples = len(sample.seed_gains), sample.num_examples
    weight, answers = 2 * sample.pseudo_weight, num_seeds * num_examples
    centre = sample.gain * sample.size / (sample.size + weight)
    # The pseudo-examples' own sum of squares around the centre is 2 w (square + centre^2).
    square = 1 if bounded else sample.mean_square
    pseudo = weight * (square + centre**2) * sample.coarseness
    seed, residual = sample.squares.seed / answers, sample.squares.residual / answers
    example = pseudo + max(sample.squares.example / answers - residual, 0.0)
    # Seeds that differ by chance can gain the same to a case: a mean is known to a step only, and
    # what is rounded to it has the variance of a twelfth of its square.
    seed = max(seed, min(residual, square * sample.coarseness / 12 / num_seeds))
    unseen = Unseen(
        discordance=Discordance.of(sample.shares, sample.sizes),
        agreement=sample.agreement,
        at_no_gain=max(sample.at_no_gain - residual, 0.0),
        chance=residual,
    )
    return Uncertainty(
        centre=centre,
        of_seeds=seed,
        of_examples=example,
        power=1 + max(seed - residual, 0.0) / (seed + example or 1.0) / 2,
        freedoms=(num_seeds - 1.0, sample.freedom),
        unseen=unseen if bounded and not sample.linear else None,
        ends=(-1.0, 1.0) if bounded else (-math.inf, math.inf),
        widened=1 + 1 / (folds - 1) if folds > 1 else 1.0,
    )
