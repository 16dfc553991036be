"""Columns that give the answer away, or only repeat the silo: told, and left in."""

from collections.abc import Iterator

import numpy as np

from fedcompare.data.tables.column import UNKNOWN, Indices, places
from fedcompare.data.tables.contract import Contract, Feature, Kind
from fedcompare.data.tables.encoding import measured
from fedcompare.data.tables.raw import RawTable
from fedcompare.data.tables.values import Floats

_NEARLY_ALWAYS = 0.98
_LEAST_GAIN = 0.5  # of what always guessing the commonest leaves open
_STEPS = 4  # of a number, in one deviation
_FURTHEST = 5 * _STEPS


def leak_notes(
    contract: Contract,
    table: RawTable,
    rows: Indices,
    labels: Indices | Floats,
    silos: Indices,
) -> Iterator[str]:
    """Yield a sentence on each column that tells the label, or the silo, of nearly all rows.

    Rows are told by all others with the same category or nearly the same number, for which counts
    by silo are enough. A label that is a number is told where nearly all of its variance is.
    """
    classes = [] if contract.number else [(contract.label, labels.astype(np.int64, copy=False))]
    for feature in contract.features:
        groups = _groups(feature, table, rows)
        if contract.number and (share := _explained(groups, labels)) >= _NEARLY_ALWAYS:
            yield (
                f"{feature.name} alone explains {100 * share:.0f} % of the variance of "
                f"{contract.label} in the training rows: a suspected leak? It is left in; leave it "
                "out with ignore."
            )
        for what, targets in (*classes, (contract.silo, silos)):
            share = _told(groups, targets)
            base = np.bincount(targets).max() / len(targets)
            if what and share >= _NEARLY_ALWAYS and share - base > _LEAST_GAIN * (1 - base):
                kind = "a suspected leak" if what == contract.label else "the silo in other words"
                yield (
                    f"{feature.name} alone tells {what} of {100 * share:.0f} % of the training "
                    f"rows: {kind}? It is left in; leave it out with ignore."
                )


def _groups(feature: Feature, table: RawTable, rows: Indices) -> Indices:
    """Return a number for each row, the same one for values that are nearly alike."""
    column = table.columns[feature.name]
    if feature.kind is Kind.CATEGORY:
        found = places(column.words, feature.categories) - UNKNOWN
    else:
        number = (measured(column.words, feature) - feature.mean) / feature.deviation
        steps = np.clip(np.floor(number * _STEPS), -_FURTHEST, _FURTHEST)
        found = np.where(np.isfinite(steps), steps + _FURTHEST + 1, 0).astype(np.int64)
    groups: Indices = found[column.codes[rows]]
    return groups


def _explained(groups: Indices, labels: Indices | Floats) -> float:
    """Return the share of the labels' variance that the means of the other rows explain."""
    sizes = np.bincount(groups)[groups]
    sums = np.bincount(groups, weights=labels)[groups]
    mean = labels.mean()
    guesses = np.where(sizes > 1, (sums - labels) / np.maximum(sizes - 1, 1), mean)
    return float(1 - np.square(labels - guesses).sum() / np.square(labels - mean).sum())


def _told(groups: Indices, targets: Indices) -> float:
    """Return the share of rows whose target the other rows of their group have most often."""
    width = int(targets.max()) + 1
    counts = np.bincount(groups * width + targets)
    counts = np.pad(counts, (0, -len(counts) % width)).reshape(-1, width)
    ranked = np.sort(counts, axis=1)
    second = ranked[:, -2] if counts.shape[1] > 1 else np.zeros(len(counts), dtype=np.int64)
    others = np.where(counts == ranked[:, -1:], second[:, None], ranked[:, -1:])
    return float(counts[counts - 1 > others].sum() / len(targets))
