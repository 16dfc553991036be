"""What a silo may say of its own training rows: counts and sets that add up over silos.

A server that learns these from every silo can decide what each column is, and never sees a row.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fedcompare.data.tables.raw import Column, Indices
from fedcompare.data.tables.values import (
    COMMA,
    DAY_FORMATS,
    POINT,
    Floats,
    Mask,
    days,
    is_code,
    is_missing,
    is_prose,
    is_whole,
    numbers,
)

MOST_CATEGORIES = 100
_SAMPLE = 1000  # values; a column that mostly has not some form there is taken to have it nowhere


@dataclass(frozen=True, slots=True)
class Misfits:
    """How many values have not a certain form, and the first one with the row where it stands."""

    count: int
    word: str = ""
    row: int = 0

    def __add__(self, other: "Misfits") -> "Misfits":
        found = [one for one in (self, other) if one.count]
        first = min(found, key=lambda one: one.row, default=self)
        return Misfits(self.count + other.count, first.word, first.row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One column of one silo, or of several together.

    `missing` counts the words that stand for no value. `categories` counts every other one; None
    where there are more than `MOST_CATEGORIES`, `distinct` at most. `misfits` are by decimal
    sign, `no_day` by the form of a day; `unique` says that no value stands twice in a silo, and
    `whole` that all numbers are.
    """

    rows: int
    missing: Mapping[str, int]
    categories: Mapping[str, int] | None
    distinct: int
    unique: bool
    codes: int
    prose: int
    misfits: Mapping[str, Misfits]
    no_day: Mapping[str, int]
    whole: bool

    @property
    def present(self) -> int:
        """Return how many rows have a value."""
        return self.rows - sum(self.missing.values())

    def __add__(self, other: "Facts") -> "Facts":
        categories = _union(self.categories, other.categories)
        most = self.distinct + other.distinct
        return Facts(
            rows=self.rows + other.rows,
            missing=Counter(self.missing) + Counter(other.missing),
            categories=categories,
            distinct=most if categories is None else len(categories),
            unique=self.unique and other.unique,
            codes=self.codes + other.codes,
            prose=self.prose + other.prose,
            misfits={sign: own + other.misfits[sign] for sign, own in self.misfits.items()},
            no_day={form: own + other.no_day[form] for form, own in self.no_day.items()},
            whole=self.whole and other.whole,
        )


def find_facts(column: Column, rows: Indices) -> Facts:
    """Return what can be said of a column's values in these rows of one silo."""
    values = column.take(pa.array(rows))
    counted = pc.value_counts(values)  # in the order in which they appear
    every, counts = counted.field("values"), np.asarray(counted.field("counts"))
    absent = is_missing(every)
    words = _Words(every.filter(pa.array(~absent)), counts[~absent], values, rows)
    return Facts(
        rows=len(rows),
        missing=_as_dict(every.filter(pa.array(absent)), counts[absent]),
        categories=_as_dict(words.words, words.counts)
        if len(words.words) <= MOST_CATEGORIES
        else None,
        distinct=len(words.words),
        unique=bool((words.counts == 1).all()),
        codes=words.count(is_code(words.words)),
        prose=words.count(is_prose(words.words)),
        misfits={sign: words.misfits(sign) for sign in (POINT, COMMA)},
        no_day={form: words.no_day(form) for form in DAY_FORMATS},
        whole=bool(is_whole(words.words).all()),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Words:
    """The different values of a column, how often each stands there, and all of them by row."""

    words: Column
    counts: Indices
    values: Column
    rows: Indices

    def count(self, mask: Mask) -> int:
        """Return in how many rows the words of a mask stand."""
        return int(self.counts[mask].sum())

    def misfits(self, sign: str) -> Misfits:
        """Return the words that are no numbers with this decimal sign."""
        start = np.isnan(numbers(self.words[:_SAMPLE], sign))
        if 2 * start.sum() > len(start):
            wrong = np.ones(len(self.words), dtype=np.bool_)
            wrong[: len(start)] = start
        else:
            wrong = np.isnan(numbers(self.words, sign))
        if not wrong.any():
            return Misfits(0)
        word = self.words[int(np.argmax(wrong))].as_py()
        row = int(self.rows[pc.index(self.values, word).as_py()])
        return Misfits(self.count(wrong), word, row)

    def no_day(self, form: str) -> int:
        """Return in how many rows there is no day of this form."""
        if np.isnan(days(self.words[:_SAMPLE], form)).all():
            return int(self.counts.sum())
        return self.count(np.isnan(days(self.words, form)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """The numbers of one column of one silo, or of several: how many, their sum, and their ends.

    `infinite` ones are not among them; `next_low` and `next_high` are the ends but for the ends.
    """

    count: int
    total: float
    infinite: int
    low: float
    high: float
    next_low: float
    next_high: float

    @property
    def mean(self) -> float:
        """Return their mean; 0 where there are none."""
        return self.total / self.count if self.count else 0.0

    def __add__(self, other: "Sums") -> "Sums":
        ends = (self.low, other.low, self.next_low, other.next_low)
        tops = (self.high, other.high, self.next_high, other.next_high)
        low, high = min(ends), max(tops)
        return Sums(
            count=self.count + other.count,
            total=self.total + other.total,
            infinite=self.infinite + other.infinite,
            low=low,
            high=high,
            next_low=min((end for end in ends if end > low), default=low),
            next_high=max((top for top in tops if top < high), default=high),
        )


def find_sums(found: Floats) -> Sums:
    """Return the sums of a silo's numbers, NaN where there is none."""
    finite = found[np.isfinite(found)]
    low, high = (finite.min(), finite.max()) if len(finite) else (np.inf, -np.inf)
    return Sums(
        count=len(finite),
        total=float(finite.sum()),
        infinite=int(np.isinf(found).sum()),
        low=float(low),
        high=float(high),
        next_low=float(finite[finite > low].min(initial=np.inf)),
        next_high=float(finite[finite < high].max(initial=-np.inf)),
    )


def squares(found: Floats, mean: float) -> float:
    """Return the sum of a silo's squared distances from a mean that all silos share."""
    finite = found[np.isfinite(found)]
    return float(np.square(finite - mean).sum())


def _as_dict(words: Column, counts: Indices) -> dict[str, int]:
    return dict(zip(words.to_pylist(), counts.tolist(), strict=True))


def _union(one: Mapping[str, int] | None, two: Mapping[str, int] | None) -> dict[str, int] | None:
    if one is None or two is None:
        return None
    both = Counter(one) + Counter(two)
    return dict(both) if len(both) <= MOST_CATEGORIES else None
