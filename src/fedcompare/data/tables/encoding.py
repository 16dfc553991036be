"""From raw rows to what models take: the contract alone decides."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fedcompare.data.tables.contract import Contract, Feature, Kind
from fedcompare.data.tables.raw import Column, Indices, RawTable
from fedcompare.data.tables.values import Floats, days, is_missing, numbers, yes_no

_FURTHEST = 1e6  # deviations; no training row is so far out, and no model survives a test row
Inputs = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surprise:
    """Values of a column that the contract does not know: they become zeros, or the mean."""

    name: str
    count: int
    first: str
    row: int


def encode(contract: Contract, table: RawTable, rows: Indices) -> Inputs:
    """Return these rows as inputs, float32 [N, F], in the order of the contract's features."""
    inputs = np.empty((len(rows), contract.width), dtype=np.float32)
    start = 0
    for feature in contract.features:
        inputs[:, start : start + feature.width] = _encode(
            feature, table.columns[feature.name], rows
        )
        start += feature.width
    return inputs


def measured(column: Column, rows: Indices, feature: Feature) -> Floats:
    """Return the number that a column has in each row, NaN where it has none."""
    values = column.take(pa.array(rows))
    values = pc.if_else(pa.array(~is_missing(values)), values, None)
    match feature.kind:
        case Kind.DAY:
            return days(values, feature.form)
        case Kind.YES_NO:
            positive, negative = feature.categories
            return yes_no(values, (positive, negative))
        case _:
            return numbers(values, feature.form)


def surprises(contract: Contract, table: RawTable, rows: Indices) -> Iterator[Surprise]:
    """Yield for each column which values of these rows training has not prepared for."""
    for feature in contract.features:
        column = table.columns[feature.name]
        absent = is_missing(column.take(pa.array(rows)))
        if feature.kind is Kind.CATEGORY:
            known = _positions(column, rows, feature.categories) >= 0
        else:
            known = np.isfinite(measured(column, rows, feature))
        strange = np.flatnonzero(~known & (~absent | (not feature.gaps)))
        if len(strange):
            row = int(rows[strange[0]])
            yield Surprise(
                name=feature.name, count=len(strange), first=column[row].as_py(), row=row
            )


def _encode(feature: Feature, column: Column, rows: Indices) -> Floats:
    """Return one column as float64 [N, width]."""
    encoded = np.zeros((len(rows), feature.width))
    if feature.kind is Kind.CATEGORY:
        positions = _positions(column, rows, feature.categories)
        known = np.flatnonzero(positions >= 0)
        encoded[known, positions[known]] = 1
        absent = is_missing(column.take(pa.array(rows)))
    else:
        found = measured(column, rows, feature)
        absent = ~np.isfinite(found)
        centre = 0.0 if feature.kind is Kind.YES_NO else feature.mean
        scaled = (np.where(absent, feature.mean, found) - centre) / feature.deviation
        encoded[:, 0] = np.clip(scaled, -_FURTHEST, _FURTHEST)
    if feature.gaps:
        encoded[:, -1] = absent
    return encoded


def _positions(column: Column, rows: Indices, categories: Sequence[str]) -> Indices:
    """Return the position of each row's category, or -1."""
    values = column.take(pa.array(rows))
    found = pc.index_in(values, value_set=pa.array(categories, values.type))
    positions: Indices = np.asarray(pc.fill_null(found, -1)).astype(np.int64)
    return positions
