"""What each column is, decided from what all silos said of it."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from fedcompare.classes import listed
from fedcompare.data.order import naturally
from fedcompare.data.tables.contract import Kind
from fedcompare.data.tables.facts import MOST_CATEGORIES, Facts
from fedcompare.data.tables.values import COMMA, DAY_FORMATS, POINT, YES_NO
from fedcompare.text.typed import shown

_MISFITS = 0.02  # a number's column may hold so many words, which are missing then
_FEW_ROWS = 10  # with fewer, nothing is an identifier
_TWO_ORDERS = ("day/month/year", "month/day/year")
_IDENTIFIER = re.compile(r"(^|[^a-z])(id|ids|nr|no|number|index|key|code)([^a-z]|$)|Id$|ID$|ID_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a column is, or why it is left out, and what is to be told of it."""

    kind: Kind | None = None
    form: str = ""
    categories: tuple[str, ...] = ()
    reason: str = ""
    notes: tuple[str, ...] = ()


def find_decimal(facts: Iterable[Facts]) -> str:
    """Return the decimal sign of a file: a comma where columns fit it alone, and none a point."""
    only = Counter(
        sign
        for own in facts
        if own.present
        for sign, other in ((POINT, COMMA), (COMMA, POINT))
        if not own.misfits[sign].count and own.misfits[other].count
    )
    return COMMA if only[COMMA] > only[POINT] else POINT


def decide(
    name: str, facts: Facts, decimal: str, row: Callable[[int], str], *, asked: bool = False
) -> Decision:
    """Return what a column is; `decimal` is the file's sign, for what can be read both ways.

    `row` says what messages call the row at an index. Numbers that somebody `asked`
    for by name are no identifiers.
    """
    if reason := _says_nothing(facts):
        return Decision(reason=reason)
    sign = _decimal_of(facts, decimal)
    wrong = facts.misfits[sign]
    if not facts.codes and mostly_fits(wrong.count, facts.present):
        return _number(name, facts, sign, row, asked=asked)
    if forms := [form for form in DAY_FORMATS if not facts.no_day[form]]:
        both = all(form in forms for form in _TWO_ORDERS)
        note = f"{name}: day and month may stand in either order; read as {forms[0]}."
        return Decision(kind=Kind.DAY, form=forms[0], notes=(note,) if both else ())
    words = {word.lower() for word in facts.categories or ()}
    for pair in YES_NO:
        if words and words <= set(pair):
            return Decision(kind=Kind.YES_NO, categories=pair)
    return _category(name, facts, tuple(_mixed(name, facts, sign, row)))


def decide_category(name: str, facts: Facts) -> Decision:
    """Return what a column of categories is, whatever its words look like."""
    if reason := _says_nothing(facts):
        return Decision(reason=reason)
    return _category(name, facts, ())


def _says_nothing(facts: Facts) -> str:
    """Return why nothing can be learnt from a column; empty where something can."""
    if not facts.present:
        return "no training row has a value"
    if facts.distinct == 1 and not facts.missing:
        return f"constant: every training row has {_only(facts)}"
    return ""


def _number(
    name: str, facts: Facts, sign: str, row: Callable[[int], str], *, asked: bool
) -> Decision:
    wrong = facts.misfits[sign]
    is_series = facts.whole and facts.unique and facts.rows >= _FEW_ROWS
    if is_series and _IDENTIFIER.search(name) and not asked:
        return Decision(reason="an identifier: another whole number in each row")
    notes = []
    if wrong.count:
        notes.append(
            f"{name}: {wrong.count} of {facts.present} values are no numbers, first "
            f"{shown(wrong.word)} in {row(wrong.row)}; they count as missing."
        )
    if sign == COMMA:
        notes.append(f"{name}: read with decimal commas.")
    elif facts.thousands:
        notes.append(f"{name}: commas group thousands, so 1,234 is 1234.")
    if facts.percents:
        notes.append(f"{name}: percent signs are left out, so 12 % is 12.")
    return Decision(kind=Kind.NUMBER, form=sign, notes=tuple(notes))


def _category(name: str, facts: Facts, notes: tuple[str, ...]) -> Decision:
    many = facts.rows >= _FEW_ROWS and 2 * facts.distinct > facts.present
    if many and 2 * facts.prose > facts.present:
        return Decision(reason="free text: several words, another text in most rows", notes=notes)
    if many and facts.unique:
        return Decision(reason="an identifier: another value in each row", notes=notes)
    if facts.categories is None:
        reason = f"more than {MOST_CATEGORIES} categories"
        return Decision(reason=f"{reason}: too many to learn from", notes=notes)
    if many and facts.distinct > 2 * _FEW_ROWS:
        reason = f"{facts.distinct} categories for {facts.present} values: too many to learn from"
        return Decision(reason=reason, notes=notes)
    alike = tuple(f"{name}: {note}" for note in alike_notes(facts.categories))
    return Decision(
        kind=Kind.CATEGORY,
        categories=tuple(naturally(facts.categories)),
        notes=(*notes, *alike),
    )


def alike_notes(names: Iterable[str]) -> Iterator[str]:
    """Yield a sentence on each group of names that differ by capital letters alone."""
    groups: dict[str, list[str]] = {}
    for name in naturally(names):
        groups.setdefault(name.casefold(), []).append(name)
    for group in groups.values():
        if len(group) > 1:
            yield f"{listed(group)} differ by capital letters alone, and count as different."


def _mixed(name: str, facts: Facts, sign: str, row: Callable[[int], str]) -> Iterator[str]:
    """Say what hinders a column from being one of numbers or of days."""
    wrong = facts.misfits[sign]
    if facts.codes:
        yield f"{name}: digits that no number keeps (leading zeros, or 16 and more), so text."
    elif 2 * wrong.count < facts.present:
        yield (
            f"{name}: numbers and text ({shown(wrong.word)} in {row(wrong.row)}), so "
            "text. Correct these cells, or leave the column out with ignore."
        )
    elif min(facts.no_day.values()) < facts.present:
        yield f"{name}: days in several forms, so text. Write all in one form."


def _decimal_of(facts: Facts, decimal: str) -> str:
    """Return the sign with fewer misfits; the file's, where both have equally many."""
    return min((decimal, POINT, COMMA), key=lambda sign: facts.misfits[sign].count)


def mostly_fits(wrong: int, present: int) -> bool:
    """Return whether so few of the values are no numbers that these count as missing."""
    return wrong == 0 or (wrong <= max(1, _MISFITS * present) and present - wrong >= _FEW_ROWS)


def _only(facts: Facts) -> str:
    return shown(next(iter(facts.categories or ("?",))))


def missing_words(facts: Mapping[str, Facts]) -> str:
    """Return which words stood for no value, with their counts, but for empty cells."""
    words: Counter[str] = Counter()
    for own in facts.values():
        words.update({word: count for word, count in own.missing.items() if word})
    return ", ".join(f"{shown(word)} ({count})" for word, count in words.most_common())
