"""From what silos say of their training rows to the contract, in three questions.

First what the values look like, then how many numbers there are and their sum, then their squared
distances from the mean. What they answer are counts, sums and sets, never rows; what is pooled
here is nothing but these answers.
"""

import functools
import math
import operator
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fedcompare.data.tables.column import Indices, release_unused
from fedcompare.data.tables.contract import Feature, Kind
from fedcompare.data.tables.encoding import measured
from fedcompare.data.tables.facts import Facts, Sums, find_facts, find_sums, squares
from fedcompare.data.tables.kinds import (
    Decision,
    decide,
    decide_category,
    find_decimal,
    missing_words,
)
from fedcompare.data.tables.raw import RawTable
from fedcompare.data.tables.tallies import tally_categories, tally_sums
from fedcompare.statistics.tallies import Tally
from fedcompare.text.wording import number, plural

_GAP = 2.0  # a stand-in lies so far outside, in widths of what the other values span
_STAND_INS = {sign * (10**digits - 1) for digits in range(1, 7) for sign in (1, -1)}
_SERIES = "an identifier: whole numbers nearly one after another, each once"
# Fewer or wider ones may by chance be different measurements.
_SERIES_ROWS, _SERIES_SPAN = 20, 1.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Agreement:
    """The columns to learn from, those left out with the reason, what was found, and notes.

    `tallies` say of the columns to learn from how much silos differ in them.
    """

    features: tuple[Feature, ...]
    left_out: Mapping[str, str]
    facts: Mapping[str, Facts]
    tallies: tuple[Tally, ...]
    notes: tuple[str, ...]


def agree(
    table: RawTable,
    names: Sequence[str],
    silos: Sequence[Indices],
    *,
    asked: bool = False,
    categories: Collection[str] = (),
) -> Agreement:
    """Return what becomes of the named columns, by the training rows of each silo.

    Numbers that somebody `asked` for by name are not taken for identifiers, and those of
    `categories` for numbers.
    """
    answers = {name: _answers(table, name, silos) for name in names}
    facts = {name: functools.reduce(operator.add, every) for name, every in answers.items()}
    decimal = find_decimal(facts.values())
    features, left_out, notes = [], {}, list(_missing_notes(facts))
    tallies: list[Tally] = []
    for name, own in facts.items():
        decision = (
            decide_category(name, own)
            if name in categories
            else decide(name, own, decimal, table.row, asked=asked)
        )
        found = _measure(table, name, own, decision, silos, asked=asked)
        notes += [*decision.notes, *found.notes]
        if found.feature:
            features.append(found.feature)
            tallies += found.tallies or [tally_categories(found.feature, answers[name])]
        else:
            left_out[name] = found.reason
    return Agreement(
        features=tuple(features),
        left_out=left_out,
        facts=facts,
        tallies=tuple(tallies),
        notes=tuple(notes),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """A column's feature, with how much silos differ in numbers, or why it is left out."""

    feature: Feature | None = None
    tallies: tuple[Tally, ...] = ()
    reason: str = ""
    notes: tuple[str, ...] = ()


def _answers(table: RawTable, name: str, silos: Sequence[Indices]) -> list[Facts]:
    """Return what each silo says of a column."""
    release_unused()
    return list(find_facts(table.columns[name], silos))


def _measure(
    table: RawTable,
    name: str,
    facts: Facts,
    decision: Decision,
    silos: Sequence[Indices],
    *,
    asked: bool,
) -> _Found:
    """Return a column's feature, with the mean and deviation of its numbers."""
    if decision.kind is None:
        return _Found(reason=decision.reason)
    feature = Feature(
        name=name,
        kind=decision.kind,
        form=decision.form,
        categories=decision.categories,
        gaps=bool(facts.missing),
    )
    if feature.kind is Kind.CATEGORY:
        return _Found(feature=feature)
    release_unused()
    column = table.columns[name]
    found = measured(column.words, feature)
    numbers = [found[column.codes[own]] for own in silos]
    each = list(map(find_sums, numbers))
    sums = functools.reduce(operator.add, each)
    if not sums.count:
        return _Found(reason="no training row has a finite number")
    gaps = sums.count < facts.rows
    if sums.low == sums.high and not gaps:
        return _Found(reason=f"constant: every training row has {sums.low:g}")
    if _is_series(facts, sums) and not asked:
        return _Found(reason=_SERIES)
    around = [squares(own, sums.mean) for own in numbers]
    variance = math.fsum(around) / sums.count
    deviation = 1.0 if feature.kind is Kind.YES_NO else math.sqrt(variance) or 1.0
    feature = replace(feature, mean=sums.mean, deviation=deviation, gaps=gaps)
    return _Found(
        feature=feature,
        tallies=tuple(tally_sums(feature, list(map(len, silos)), each, around)),
        notes=tuple(_number_notes(feature, sums)),
    )


def _is_series(facts: Facts, sums: Sums) -> bool:
    """Return whether numbers look like 1, 2, 3, ... of which some rows are held out."""
    return (
        facts.whole
        and facts.unique
        and sums.count == facts.rows >= _SERIES_ROWS
        and sums.high - sums.low < _SERIES_SPAN * sums.count
    )


def _number_notes(feature: Feature, sums: Sums) -> Iterator[str]:
    if sums.infinite:
        count = plural(sums.infinite, "value")
        verb = "is" if sums.infinite == 1 else "are"
        yield f"{feature.name}: {count} {verb} infinite, and counted as missing."
    for value in _stand_ins(sums):
        yield (
            f"{feature.name}: {number(value, 0)} lies far from all other values. If it stands for "
            "a missing one, empty these cells; it is used as it is."
        )


def _stand_ins(sums: Sums) -> Iterator[float]:
    """Yield -9, 999 and the like, where they lie far outside of all other values."""
    span = sums.next_high - sums.low, sums.high - sums.next_low
    if sums.high in _STAND_INS and sums.high - sums.next_high > _GAP * span[0] > 0:
        yield sums.high
    if sums.low in _STAND_INS and sums.next_low - sums.low > _GAP * span[1] > 0:
        yield sums.low


def _missing_notes(facts: Mapping[str, Facts]) -> Iterable[str]:
    if words := missing_words(facts):
        yield f"Words that count as missing values: {words}."
