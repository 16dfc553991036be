"""One model minus another, paired by seed and by example: the one interval machinery."""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases, Floats, Ints
from fedcompare.evaluation.measures.catalog import Measure
from fedcompare.evaluation.measures.slices import Slice, Strata
from fedcompare.evaluation.slicing import slice_of, why_not_measured
from fedcompare.findings.test_sets import TestSet
from fedcompare.statistics.intervals import PairedGain, paired_gain
from fedcompare.statistics.moments import Moments
from fedcompare.statistics.samples import Sample, plain, pseudo_values, standardised
from fedcompare.statistics.stratified import stratified, stratified_values

Mask = npt.NDArray[np.bool_]


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


@dataclass(frozen=True, kw_only=True, eq=False)
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

    def missing(self, measure: Measure | None = None) -> str:
        """Return why nothing can be said of these examples by a measure; empty where it can."""
        return why_not_measured(self.cases, self.test_set, measure)

    def means(self, answers: Sequence[Answers], measure: Measure | None = None) -> Floats:
        """Return the measure of each seed's answers, float [K]; without one, the cases' own.

        It is NaN where there is none, as an AUROC where all examples are of one class.
        """
        asked = measure or self.cases.measure
        pairs = zip(answers, self._slices, strict=True)
        found = [asked.value(asked.values(own.at(self.cases.ids)), part) for own, part in pairs]
        return np.array(found, dtype=np.float64)

    def contrast(
        self,
        challenger: Sequence[Answers],
        baseline: Sequence[Answers],
        measure: Measure | None = None,
    ) -> Contrast:
        """Return how much better the challenger's answers of each seed are.

        Raises:
            ResultsError: they are not on the test examples of these cases.
            ValueError: the measure cannot compare these examples.
        """
        measure = measure or self.cases.measure
        if reason := next(filter(None, map(measure.missing, self._slices)), ""):
            raise ValueError(f"{self.test_set.key} cannot be compared by {measure.name}: {reason}")
        differences = self.differences(challenger, baseline, measure)
        moments, sample = self._sample(differences, measure)
        return Contrast(
            test_set=self.test_set,
            challenger=self.means(challenger, measure),
            baseline=self.means(baseline, measure),
            moments=moments,
            found=paired_gain(sample, bounded=measure.is_bounded, folds=self.cases.folds),
        )

    @property
    def has_strata(self) -> bool:
        """Return whether the cases' measure averages parts of these examples apart."""
        form = self.cases.measure.form
        return any(form.strata(part) is not None for part in self._slices)

    @property
    def is_plain(self) -> bool:
        """Return whether each example weighs alike in the cases' measure, here."""
        return not self._by_shares and not self.has_strata

    def part(
        self,
        challenger: Sequence[Answers],
        baseline: Sequence[Answers],
        classes: Sequence[int],
        measure: Measure | None = None,
    ) -> float | None:
        """Return what the examples of some classes contribute to the mean difference.

        None where the measure is no sum over examples.
        """
        measure = measure or self.cases.measure
        if not measure.form.is_sum:
            return None
        weights = np.stack([measure.weights(part) for part in self._slices])
        weighted = weights * self.differences(challenger, baseline, measure)
        return float(weighted[:, self.cases.mask(classes)].sum(axis=1).mean())

    @functools.cached_property
    def _slices(self) -> tuple[Slice, ...]:
        """Return what measures are told of the examples of each seed."""
        rows = enumerate(self.weights)
        return tuple(slice_of(self.cases, self.test_set, index, row) for index, row in rows)

    def differences(
        self, challenger: Sequence[Answers], baseline: Sequence[Answers], measure: Measure
    ) -> Floats:
        """Return by how much each answer of the challenger is better, float [K, N].

        It is of numbers whose mean is the measure, and which move it (`measures/forms`).
        """
        ids = self.cases.ids
        rows = [
            measure.form.linear(measure.values(ours.at(ids)), part)
            - measure.form.linear(measure.values(theirs.at(ids)), part)
            for ours, theirs, part in zip(challenger, baseline, self._slices, strict=True)
        ]
        return measure.sign * np.stack(rows)

    def _sample(self, differences: Floats, measure: Measure) -> tuple[Moments, Sample]:
        """Return the moments of differences, and the sample that follows from them."""
        strata = [own for part in self._slices if (own := measure.form.strata(part))]
        if strata:
            return self._stratified(differences, strata)
        relevant: Mask = self.weights.sum(axis=0) > 0
        kept, weights = differences[:, relevant], self.weights[:, relevant]
        if not self._by_shares and np.ptp(weights):  # seeds have rows of their own
            kept = pseudo_values(kept, weights)
        moments = self._moments(kept, relevant)
        if not self._by_shares:
            return moments, plain(moments)
        assert self.test_set.silo is not None
        return moments, standardised(moments, self.cases.class_shares[self.test_set.silo - 1])

    def sample_of_mean(self, values: Floats, weights: Floats) -> Sample:
        """Return the sample of differences that are means over silos, with their mean weights."""
        if not self._by_shares:
            return self._sample(values, self.cases.measure)[1]
        relevant: Mask = weights.sum(axis=0) > 0
        strata, num_classes = self.cases.strata, len(self.cases.sizes)
        shares = [np.bincount(strata, weights=row, minlength=num_classes) for row in weights]
        return standardised(self._moments(values[:, relevant], relevant), np.stack(shares))

    def _stratified(self, differences: Floats, strata: Sequence[Strata]) -> tuple[Moments, Sample]:
        """Return the same where a measure averages strata apart, as classes, in each seed.

        Classes that are the same in all seeds are standardised; else differences become values that
        have, unweighted, the mean and the spread of a mean over strata.
        """
        every = np.stack([own.members for own in strata])
        shares, times = np.stack([own.shares for own in strata]), strata[0].times
        relevant: Mask = np.any(every >= 0, axis=0)
        kept, members = differences[:, relevant], every[:, relevant]
        if times == 1 and not np.ptp(members, axis=0).any():
            moments = self._moments(kept, relevant)
            return moments, standardised(moments, shares)
        values = stratified_values(kept, members, shares, times=times)
        moments, groups = self._moments(values, relevant), self._groups(relevant)
        return moments, stratified(moments, members, shares, groups, times=times)

    @property
    def _by_shares(self) -> bool:
        """Return whether examples weigh as their class's share in a silo's training data."""
        return self.cases.is_weighted(self.test_set)

    def _moments(self, differences: Floats, relevant: Mask) -> Moments:
        """Return the moments, by class, of the differences of the examples that are relevant."""
        strata, own = self.cases.strata[relevant], self._groups(relevant)
        return Moments.by_class(differences, strata, len(self.cases.sizes), own)

    def _groups(self, relevant: Mask) -> Ints | None:
        """Return which of the relevant examples belong together; None where each is by itself."""
        if self.cases.groups is None:
            return None
        own = self.cases.groups[relevant]
        return None if len(np.unique(own)) == len(own) else own


def mean_gain(
    every: Iterable[tuple[Weighting, Sequence[Answers], Sequence[Answers]]],
) -> PairedGain:
    """Return the mean of several contrasts of challenger and baseline, on the same examples.

    They have one matrix, of an example's weighted mean over the contrasts, and one weight for each
    example: its mean weight. Where examples weigh as their classes do, so do they in the mean.
    """
    first: Weighting | None = None
    total = weight = np.zeros(())
    count = 0
    for weighting, ours, theirs in every:  # one after another: silos may be hundreds
        first = first or weighting
        measure = first.cases.measure
        total = total + weighting.weights * weighting.differences(ours, theirs, measure)
        weight = weight + weighting.weights
        count += 1
    if first is None:
        raise ValueError("there is no contrast to take the mean of")
    values = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
    sample = first.sample_of_mean(values, weight / count)
    bounded = first.cases.measure.is_bounded
    return paired_gain(sample, bounded=bounded, folds=first.cases.folds)
