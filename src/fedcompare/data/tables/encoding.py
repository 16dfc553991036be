"""From raw rows to what models take: the contract alone decides."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fedcompare.data.tables.column import UNKNOWN, Column, Indices, Words, places
from fedcompare.data.tables.contract import Contract, Feature, Kind
from fedcompare.data.tables.raw import RawTable
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
    inputs = np.zeros((len(rows), contract.width), dtype=np.float32)
    start = 0
    for feature in contract.features:
        _encode(feature, table.columns[feature.name], rows, inputs[:, start:][:, : feature.width])
        start += feature.width
    return inputs


def measured(words: Words, feature: Feature) -> Floats:
    """Return the number that each of a column's words stands for, NaN where it is none."""
    words = pc.if_else(pa.array(~is_missing(words)), words, None)
    match feature.kind:
        case Kind.DAY:
            return days(words, feature.form)
        case Kind.YES_NO:
            positive, negative = feature.categories
            return yes_no(words, (positive, negative))
        case _:
            return numbers(words, feature.form)


def surprises(contract: Contract, table: RawTable, rows: Indices) -> Iterator[Surprise]:
    """Yield for each column which values of these rows training has not prepared for."""
    for feature in contract.features:
        column = table.columns[feature.name]
        if feature.kind is Kind.CATEGORY:
            known = places(column.words, feature.categories) != UNKNOWN
        else:
            known = np.isfinite(measured(column.words, feature))
        strange = ~known & (~is_missing(column.words) | (not feature.gaps))
        found = np.flatnonzero(strange[column.codes[rows]])
        if len(found):
            row = int(rows[found[0]])
            yield Surprise(name=feature.name, count=len(found), first=column[row], row=row)


def _encode(feature: Feature, column: Column, rows: Indices, inputs: Inputs) -> None:
    """Write one column into inputs, float32 [N, width] and all zeros."""
    codes = column.codes[rows]
    if feature.kind is Kind.CATEGORY:
        positions = places(column.words, feature.categories)[codes]
        known = np.flatnonzero(positions != UNKNOWN)
        inputs[known, positions[known]] = 1
        absent = is_missing(column.words)
    else:
        found = measured(column.words, feature)
        absent = ~np.isfinite(found)
        centre = 0.0 if feature.kind is Kind.YES_NO else feature.mean
        scaled = (np.where(absent, feature.mean, found) - centre) / feature.deviation
        inputs[:, 0] = np.clip(scaled, -_FURTHEST, _FURTHEST)[codes]
    if feature.gaps:
        inputs[:, -1] = absent[codes]
