"""Numbers of several files in one notation: where one file has decimal commas, another points."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow.compute as pc

from fedcompare.data.tables.column import Column, join
from fedcompare.data.tables.values import COMMA, POINT, Mask, is_missing, numbers, with_points

Columns = Mapping[str, Column]
# Three digits after a sign may be thousands, but for those after a zero.
_BROKEN = (
    r"^[+-]?(?:(?:\d{{1,3}}(?:[{group} ']\d{{3}})+|\d+){sign}(?:\d{{1,2}}|\d{{4,}})|0{sign}\d+)$"
)
_WITH_COMMA, _WITH_POINT = (
    _BROKEN.format(group="." if sign == COMMA else ",", sign=rf"[{sign}]")
    for sign in (COMMA, POINT)
)


def with_one_decimal_sign(tables: Sequence[Columns]) -> tuple[list[Columns], list[int]]:
    """Return the columns of all files with decimal points, and the positions of those changed.

    Files that agree stay as they are: a table's own sign is found out later. A file's sign is that
    of most of its numbers, and a column is one of numbers if most of its values are: no single
    row decides what is made of others.
    """
    commas = [_has_commas(columns) for columns in tables]
    if all(commas):
        return list(tables), []
    changed = [
        {name: _pointed(column) for name, column in columns.items()} if has_commas else columns
        for columns, has_commas in zip(tables, commas, strict=True)
    ]
    return changed, [place for place, has_commas in enumerate(commas) if has_commas]


def _has_commas(columns: Columns) -> bool:
    return _count(columns, _WITH_COMMA) > _count(columns, _WITH_POINT)


def _count(columns: Columns, pattern: str) -> int:
    return sum(
        _rows(column, np.asarray(pc.match_substring_regex(column.words, pattern)))
        for column in columns.values()
    )


def _pointed(column: Column) -> Column:
    """Return a column of numbers with decimal points; any other column as it is."""
    numbers_of_it = _rows(column, ~np.isnan(numbers(column.words, COMMA)))
    if 2 * numbers_of_it <= _rows(column, ~is_missing(column.words)):
        return column
    return join([Column(with_points(column.words), column.codes)])


def _rows(column: Column, words: Mask) -> int:
    """Return in how many rows the words of a mask stand."""
    return int(np.count_nonzero(words[column.codes]))
