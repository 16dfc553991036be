"""What silos say of a column so that it can be seen how much they differ: counts and sums."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fedcompare.statistics import distances
from fedcompare.statistics.distances import Floats, Mask
from fedcompare.statistics.skew import DIGITS, Distance, Measure, MeasuredSkew


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shares:
    """How often each silo has each category of a column, float64 [S, C]."""

    subject: str
    counts: Floats
    measure: Measure = Measure.HELLINGER

    def values(self) -> Floats:
        """Return the distance of each silo."""
        by_labels = self.measure is Measure.JENSEN_SHANNON
        measure = distances.jensen_shannon if by_labels else distances.hellinger
        return measure(self.counts)

    def is_chance(self, values: Floats, comparisons: int) -> Mask:
        """Return whether each silo's distance is one of chance, among so many."""
        return distances.is_chance_of_shares(self.counts, comparisons)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Numbers:
    """How many numbers each silo has in a column, their mean, and how far they lie from it [S].

    `scatters` are the sums of squared distances from the silo's own mean.
    """

    subject: str
    counts: Floats
    means: Floats
    scatters: Floats
    measure: Measure = Measure.MEANS

    def values(self) -> Floats:
        """Return the distance of each silo."""
        return distances.mean_differences(self.counts, self.means, self.scatters)

    def is_chance(self, values: Floats, comparisons: int) -> Mask:
        """Return whether each silo's distance is one of chance, among so many."""
        return distances.is_chance_of_means(values, self.counts, comparisons)


Tally = Shares | Numbers


def find_skew(label: Tally, features: Sequence[Tally]) -> MeasuredSkew:
    """Return how much silos differ in their label and in each feature; nothing of a single one."""
    silos = len(label.counts)
    if silos < 2:
        return MeasuredSkew()
    measured = [_measure(tally, silos * len(features)) for tally in features]
    return MeasuredSkew(
        labels=_measure(label, silos),
        features=tuple(max(found, key=_outlying) for found in measured if found),
    )


def _measure(tally: Tally, comparisons: int) -> tuple[Distance, ...]:
    """Return the distance of every silo of which there is one."""
    values = tally.values()
    chance = tally.is_chance(values, comparisons)
    return tuple(
        Distance(
            subject=tally.subject,
            measure=tally.measure,
            silo=silo + 1,
            value=round(float(values[silo]), DIGITS),
            is_chance=bool(chance[silo]),
        )
        for silo in np.flatnonzero(~np.isnan(values)).tolist()
    )


def _outlying(distance: Distance) -> tuple[bool, float]:
    """Sort what is no chance above what is, and then by distance."""
    return not distance.is_chance, distance.extent
