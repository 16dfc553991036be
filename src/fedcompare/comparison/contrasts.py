"""One model minus another, paired by seed and by example: the one interval machinery."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases, Floats
from fedcompare.evaluation.measures.catalog import Measure
from fedcompare.findings.test_sets import Kind, TestSet
from fedcompare.statistics.intervals import PairedGain, paired_gain
from fedcompare.statistics.moments import Moments, plain, pseudo_values, standardised


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Contrast:
    """How much better the challenger is than the baseline on a test set, by one measure.

    `challenger` and `baseline` are each seed's values, float [K]. `moments`, by class, are those
    of the paired differences: the whole interval follows from them.
    """

    test_set: TestSet
    challenger: Floats
    baseline: Floats
    moments: Moments
    found: PairedGain

    @property
    def num_examples(self) -> int:
        """Return how many test examples there are."""
        return int(self.moments.counts.sum())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Weighting:
    """A test set of a comparison, with each seed's weights of the examples, float [K, N]."""

    cases: Cases
    test_set: TestSet
    weights: Floats

    @classmethod
    def of(cls, cases: Cases, test_set: TestSet, num_seeds: int) -> "Weighting":
        """Return the test set, for comparisons over so many seeds."""
        weights = [cases.weights(test_set, index) for index in range(num_seeds)]
        return cls(cases=cases, test_set=test_set, weights=np.stack(weights))

    def means(self, answers: Sequence[Answers], measure: Measure | None = None) -> Floats:
        """Return the measure of each seed's answers, float [K]; without one, the cases' own."""
        measure = measure or self.cases.measure
        pairs = zip(answers, self.weights, strict=True)
        ids = self.cases.ids
        return np.array([measure.mean(measure.values(own.at(ids)), w) for own, w in pairs])

    def contrast(
        self,
        challenger: Sequence[Answers],
        baseline: Sequence[Answers],
        measure: Measure | None = None,
    ) -> Contrast:
        """Return how much better the challenger's answers of each seed are.

        Raises:
            ResultsError: they are not on the test examples of these cases.
        """
        measure = measure or self.cases.measure
        moments = self._moments(self._differences(challenger, baseline, measure))
        sample = standardised(moments, self._shares()) if self._by_shares else plain(moments)
        return Contrast(
            test_set=self.test_set,
            challenger=self.means(challenger, measure),
            baseline=self.means(baseline, measure),
            moments=moments,
            found=paired_gain(sample, bounded=measure.is_bounded),
        )

    def part(
        self,
        challenger: Sequence[Answers],
        baseline: Sequence[Answers],
        classes: Sequence[int],
        measure: Measure | None = None,
    ) -> float:
        """Return what the examples of some classes contribute to the mean difference."""
        measure = measure or self.cases.measure
        weighted = self.weights * self._differences(challenger, baseline, measure)
        return float(weighted[:, self.cases.mask(classes)].sum(axis=1).mean())

    def _differences(
        self, challenger: Sequence[Answers], baseline: Sequence[Answers], measure: Measure
    ) -> Floats:
        """Return by how much each answer of the challenger is better, float [K, N]."""
        ids = self.cases.ids
        rows = [
            measure.values(ours.at(ids)) - measure.values(theirs.at(ids))
            for ours, theirs in zip(challenger, baseline, strict=True)
        ]
        return measure.sign * np.stack(rows)

    @property
    def _by_shares(self) -> bool:
        """Return whether examples weigh as their class's share in a silo's training data."""
        return self.test_set.kind is Kind.OWN and self.cases.owners is None

    def _moments(self, differences: Floats) -> Moments:
        relevant = self.weights.sum(axis=0) > 0
        kept, weights = differences[:, relevant], self.weights[:, relevant]
        if not self._by_shares and np.ptp(weights):  # seeds have rows of their own
            kept = pseudo_values(kept, weights)
        strata, groups = self.cases.strata[relevant], self.cases.groups
        own = None if groups is None else groups[relevant]
        if own is not None and len(np.unique(own)) == len(own):
            own = None  # each is a single example
        return Moments.by_class(kept, strata, len(self.cases.sizes), own)

    def _shares(self) -> Floats:
        assert self.test_set.silo is not None
        shares: Floats = self.cases.class_shares[self.test_set.silo - 1]
        return shares
