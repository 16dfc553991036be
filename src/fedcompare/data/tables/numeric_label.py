"""A label that is a number: whether it is one, and its mean and deviation."""

import functools
import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fedcompare.data.tables.column import Column, Indices, Words
from fedcompare.data.tables.contract import Feature, Kind
from fedcompare.data.tables.encoding import measured
from fedcompare.data.tables.facts import find_sums, squares
from fedcompare.data.tables.kinds import mostly_fits
from fedcompare.data.tables.raw import RawTable
from fedcompare.data.tables.values import (
    COMMA,
    POINT,
    Floats,
    Mask,
    is_code,
    is_missing,
    numbers,
)
from fedcompare.errors import DataError
from fedcompare.tasks import Task
from fedcompare.text.typed import shown
from fedcompare.text.wording import plural

_MOST_CLASSES = 50  # of numbers; more are a measurement


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Words:
    """The different values of a label but for missing ones, and how often each stands there.

    `numbers` is what each is with the decimal sign that fits more of them, NaN where it is none.
    """

    words: Words
    counts: Indices
    sign: str
    numbers: Floats

    @property
    def misfits(self) -> Mask:
        """Return which words are no numbers."""
        return np.isnan(self.numbers)

    @property
    def fit(self) -> bool:
        """Return whether so few rows have another word that it counts as missing."""
        total = int(self.counts.sum())
        return total > 0 and mostly_fits(int(self.counts[self.misfits].sum()), total)


def find_number(
    table: RawTable, label: str, rows: Indices, task: str
) -> tuple[Feature | None, str]:
    """Return the label as a number that these rows hold, or None for classes, and a note on it.

    Without a `task` it is found out: floats, or more than 50 different numbers, are a measurement.
    Mean and deviation are not known yet.

    Raises:
        DataError: it is to be a number, and is none; the first word is named with its row.
    """
    found = _read(table, label, rows)
    finite = found.numbers[np.isfinite(found.numbers)]
    broken, count = finite[finite != np.round(finite)], len(np.unique(finite))
    if task == Task.REGRESSION:
        if not found.fit:
            raise DataError(_refusal(table, label, rows, found))
        reason = "as asked for"
    elif task or not found.fit or is_code(found.words).any():
        return None, ""
    elif len(broken) or count > _MOST_CLASSES:
        example = (broken if len(broken) else finite)[0]
        reason = (
            f"since {label} holds {plural(count, 'different number')}, such as {example:g}; "
            f"task = {Task.MULTI_CLASS} would take each for a class"
        )
    else:
        return None, ""
    number = Feature(name=label, kind=Kind.NUMBER, form=found.sign)
    numbered = not len(broken) and (found.counts == 1).all()
    asked = f" Each row has another whole number: is {label} an identifier?" if numbered else ""
    return number, f"Task: {Task.REGRESSION}, {reason}.{asked}"


def with_scale(number: Feature, silos: Sequence[Floats], where: str) -> Feature:
    """Return the label with the mean and deviation of its training rows, from each silo's sums.

    Raises:
        DataError: it is the same in all rows.
    """
    sums = functools.reduce(operator.add, map(find_sums, silos))
    if sums.low == sums.high:
        raise DataError(
            f"{where}: all training rows have {sums.low:g}: there is nothing to tell. Choose "
            "another label"
        )
    variance = math.fsum(squares(own, sums.mean) for own in silos) / sums.count
    return replace(number, mean=sums.mean, deviation=math.sqrt(variance))


def numbers_in(column: Column, number: Feature) -> Floats:
    """Return the number in each row of a label, NaN where there is none, float64 [N]."""
    found: Floats = measured(column.words, number)[column.codes]
    return found


def _read(table: RawTable, label: str, rows: Indices) -> _Words:
    column = table.columns[label]
    every = np.bincount(column.codes[rows], minlength=len(column.words))
    present = ~is_missing(column.words) & (every > 0)
    words, counts = column.words.filter(pa.array(present)), every[present]
    readings = {sign: numbers(words, sign) for sign in (POINT, COMMA)}
    sign = min(readings, key=lambda sign: int(counts[np.isnan(readings[sign])].sum()))
    return _Words(words=words, counts=counts, sign=sign, numbers=readings[sign])


def _refusal(table: RawTable, label: str, rows: Indices, found: _Words) -> str:
    where = f"task = {Task.REGRESSION}, label = {shown(label)} ({table.place})"
    if not len(found.words):
        return f"{where}: no row has a value. Choose another label"
    word = found.words[int(np.argmax(found.misfits))].as_py()
    column = table.columns[label]
    code = pc.index(column.words, word).as_py()
    row = int(rows[np.argmax(column.codes[rows] == code)])
    return (
        f"{where}: {plural(int(found.counts[found.misfits].sum()), 'value')} of "
        f"{int(found.counts.sum())} are no numbers, first {shown(word)} in {table.row(row)}. "
        "Correct them, choose another label, or leave task out to tell classes apart"
    )
