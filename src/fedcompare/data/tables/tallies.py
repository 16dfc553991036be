"""How much silos differ in a column, from what they said of it when the contract was agreed on."""

from collections.abc import Iterator, Sequence

import numpy as np

from fedcompare.data.tables.contract import Feature, Kind
from fedcompare.data.tables.facts import Facts, Sums
from fedcompare.statistics.skew import Measure
from fedcompare.statistics.tallies import Numbers, Shares, Tally


def tally_categories(feature: Feature, facts: Sequence[Facts]) -> Tally:
    """Return how often each silo has each category, a missing one among them."""
    counts = [
        [
            *((own.categories or {}).get(name, 0) for name in feature.categories),
            sum(own.missing.values()),
        ]
        for own in facts
    ]
    return Shares(subject=feature.name, counts=np.array(counts, dtype=np.float64))


def tally_sums(
    feature: Feature, rows: Sequence[int], sums: Sequence[Sums], squares: Sequence[float]
) -> Iterator[Tally]:
    """Yield how numbers differ, by the silos' sums and squared distances from the mean of all.

    `rows` are the silos' numbers of rows; those without a number are missing.
    """
    counts = np.array([own.count for own in sums], dtype=np.float64)
    if feature.gaps:
        filled = np.stack([counts, np.array(rows) - counts], axis=1)
        yield Shares(subject=feature.name, counts=filled, measure=Measure.MISSING)
    totals = np.array([own.total for own in sums])
    if feature.kind is Kind.YES_NO:
        yield Shares(subject=feature.name, counts=np.stack([totals, counts - totals], axis=1))
        return
    means = np.array([own.mean for own in sums])
    scatters = np.array(squares) - counts * np.square(means - feature.mean)
    yield Numbers(
        subject=feature.name, counts=counts, means=means, scatters=np.maximum(scatters, 0)
    )
