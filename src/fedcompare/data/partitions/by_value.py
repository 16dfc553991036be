"""What the continuous partitioner deals by: a column of numbers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fedcompare.classes import listed
from fedcompare.data.examples import Dataset, Indices
from fedcompare.data.tables.contract import Kind, contract_from_json
from fedcompare.errors import PartitionError
from fedcompare.text.typed import shown

Floats = npt.NDArray[np.float64]
_NUMBERS = (Kind.NUMBER, Kind.DAY)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Values:
    """A column's standardised numbers, float64 [N] of both splits; a missing one is the mean."""

    train: Floats
    test: Floats


def values_of(dataset: Dataset, column: str) -> Values:
    """Return the numbers in a column that models learn from.

    Raises:
        PartitionError: there is no such column; those that there are are named.
    """
    start, found = 0, {}
    for feature in contract_from_json(dataset.contract).features if dataset.contract else ():
        if feature.kind in _NUMBERS:
            found[feature.name] = start
        start += feature.width
    if column not in found:
        raise PartitionError(
            f"partition: partition_by = {shown(column)} is no column of numbers to learn from; "
            f"there are: {listed(found) or 'none'}"
        )
    place = found[column]
    train, test = (
        examples.inputs[:, place].numpy().astype(np.float64)
        for examples in (dataset.train, dataset.test)
    )
    return Values(train=train, test=test)


def deal_nearest(
    train: Sequence[Indices], values: Floats, test_values: Floats, *, seed: int
) -> tuple[Indices, ...]:
    """Return test rows for each silo: those whose value is nearest to one of its training rows'.

    So a silo is tested on values as it has them. Of equally near training rows one is drawn by
    `seed`.
    """
    rng = np.random.default_rng(seed)
    owners = np.full(len(values), -1)
    for silo, rows in enumerate(train):
        owners[rows] = silo
    order = rng.permutation(len(values))
    order = order[np.argsort(values[order], kind="stable")]
    ordered = values[order]
    right = np.clip(np.searchsorted(ordered, test_values), 1, len(values) - 1)
    nearer_left = test_values - ordered[right - 1] <= ordered[right] - test_values
    nearest = ordered[np.where(nearer_left, right - 1, right)]
    low, high = (np.searchsorted(ordered, nearest, side) for side in ("left", "right"))
    chosen = owners[order[rng.integers(low, high)]]
    return tuple(np.flatnonzero(chosen == silo) for silo in range(len(train)))
