"""What a silo may say of its own training rows: counts and sets that add up over silos.

A server that learns these from every silo can decide what each column is, and never sees a row.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from fedcompare.data.tables.column import Codes, Column, Indices, Words
from fedcompare.data.tables.forms import (
    BITS,
    BROKEN,
    CODE,
    MISSING,
    PERCENT,
    PROSE,
    THOUSANDS,
    Flags,
    find_flags,
)
from fedcompare.data.tables.values import COMMA, DAY_FORMATS, POINT, Floats

MOST_CATEGORIES = 100


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
    where there are more than `MOST_CATEGORIES`, `distinct` at most. `thousands` have
    them grouped by commas, `percents` a percent sign. `misfits` are by decimal sign, `no_day` by
    the form of a day; `unique` says that no value stands twice in a silo, and `whole` that all
    numbers are.
    """

    rows: int
    missing: Mapping[str, int]
    categories: Mapping[str, int] | None
    distinct: int
    unique: bool
    codes: int
    prose: int
    thousands: int
    percents: int
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
            thousands=self.thousands + other.thousands,
            percents=self.percents + other.percents,
            misfits={sign: own + other.misfits[sign] for sign, own in self.misfits.items()},
            no_day={form: own + other.no_day[form] for form, own in self.no_day.items()},
            whole=self.whole and other.whole,
        )


def find_facts(column: Column, silos: Iterable[Indices]) -> Iterator[Facts]:
    """Yield for each silo what can be said of a column's values in its rows."""
    flags = find_flags(column.words)
    for rows in silos:
        codes = column.codes[rows]
        yield _Values(words=column.words, rows=rows, codes=codes, flags=flags[codes]).facts()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Values:
    """A silo's rows of a column: the position of each one's word, and the forms of that."""

    words: Words
    rows: Indices
    codes: Codes
    flags: Flags

    def facts(self) -> Facts:
        absent = self.flags == BITS[MISSING]
        present = self.codes[~absent]
        distinct = _count_different(present, len(self.words))
        return Facts(
            rows=len(self.rows),
            missing=self._counts(self.codes[absent]),
            categories=self._counts(present) if distinct <= MOST_CATEGORIES else None,
            distinct=distinct,
            unique=distinct == len(present),
            codes=self._count(CODE),
            prose=self._count(PROSE),
            thousands=self._count(THOUSANDS),
            percents=self._count(PERCENT),
            misfits={sign: self._misfits(sign) for sign in (POINT, COMMA)},
            no_day={form: self._count(form) for form in DAY_FORMATS},
            whole=not self._count(BROKEN),
        )

    def _count(self, name: str) -> int:
        """Return in how many rows a bit is set."""
        return int(np.count_nonzero(self.flags & BITS[name]))

    def _misfits(self, sign: str) -> Misfits:
        """Return the words that are no numbers with this decimal sign."""
        if not (count := self._count(sign)):
            return Misfits(0)
        first = int(np.argmax(self.flags & BITS[sign] > 0))
        return Misfits(count, self.words[int(self.codes[first])].as_py(), int(self.rows[first]))

    def _counts(self, codes: Codes) -> dict[str, int]:
        """Return how often each of some words stands there, in the order in which they appear."""
        found, places, counts = np.unique(codes, return_index=True, return_counts=True)
        return {
            self.words[int(found[index])].as_py(): int(counts[index])
            for index in np.argsort(places)
        }


def _count_different(codes: Codes, most: int) -> int:
    there = np.zeros(most, dtype=np.bool_)
    there[codes] = True
    return int(np.count_nonzero(there))


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


def _union(one: Mapping[str, int] | None, two: Mapping[str, int] | None) -> dict[str, int] | None:
    if one is None or two is None:
        return None
    both = Counter(one) + Counter(two)
    return dict(both) if len(both) <= MOST_CATEGORIES else None
