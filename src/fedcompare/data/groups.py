"""What must stay together: the examples of one person, family or device."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fedcompare.text.escaping import visible
from fedcompare.text.wording import number, plural

NAMELESS = -1
"""The code of a cell without a group."""

_FEW = 10  # effective groups; fewer cannot carry a verdict

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Members:
    """The examples of one split: the group and the silo of each, int64 [N]; -1 is nobody's."""

    groups: Indices
    silos: Indices

    def __add__(self, other: "Members") -> "Members":
        return Members(
            groups=np.concatenate((self.groups, other.groups)),
            silos=np.concatenate((self.silos, other.silos)),
        )


def group_notes(
    key: str,
    train: Members,
    test: Members,
    *,
    name: Callable[[int], str],
    is_fold: bool = False,
) -> Iterator[str]:
    """Say how groups count, which are on both sides of the split, and which in several silos.

    Groups are numbered from 0 on over both splits; `name` returns what the data call one, and
    `key` is what names them. The test of folds is all of them together.
    """

    def counted(groups: Indices) -> str:
        verb = "has" if len(groups) == 1 else "have"
        example = visible(name(int(groups[0])))
        return f"{plural(len(groups), 'group')} ({visible(key)}), such as {example}, {verb}"

    every = train + test
    yield from _count_notes(key, every.groups if is_fold else test.groups)
    if len(both := np.intersect1d(train.groups, test.groups)):
        rows = int(np.isin(test.groups, both).sum())
        yield (
            f"{counted(both)} examples in training and in the test, {rows} of "
            f"{plural(len(test.groups), 'test example')}: a leak. Models will do worse on new ones."
        )
    named = every.silos >= 0
    if len(spread := np.flatnonzero(count_values(every.groups[named], every.silos[named]) > 1)):
        yield (f"{counted(spread)} examples in several silos, and stay there.")


def _count_notes(key: str, groups: Indices) -> Iterator[str]:
    """Say that groups of the test count as one, where they have several examples."""
    _, sizes = np.unique(groups, return_counts=True)
    if len(sizes) == len(groups):
        return
    effective = len(groups) ** 2 / np.square(sizes).sum()
    found = f"{plural(len(sizes), 'group')} ({visible(key)})"
    yield (f"{found} of the test: intervals, tests and verdicts count each as one case.")
    if effective < _FEW:
        yield (
            f"{found} of the test say as much as {number(effective, 1)} of one size: too few for a "
            "verdict."
        )


def number_groups(*columns: Sequence[str]) -> list[Indices]:
    """Return each cell's number by its text, the same in all columns; see `number_codes`."""
    known = {"": NAMELESS}
    codes = [
        np.fromiter((known.setdefault(text, len(known)) for text in own), np.int64, len(own))
        for own in columns
    ]
    return number_codes(*codes)


def number_codes(*columns: Indices) -> list[Indices]:
    """Return each cell's number by its code, the same in all columns.

    Numbers are in the order in which codes come first; each `NAMELESS` cell has one of its own.
    """
    codes = np.concatenate(columns)
    alone = codes == NAMELESS
    codes[alone] = codes.max(initial=0) + 1 + np.arange(alone.sum())
    _, first, numbers = np.unique(codes, return_index=True, return_inverse=True)
    order = np.empty_like(first)
    order[np.argsort(first)] = np.arange(len(first))
    return np.split(order[numbers], np.cumsum([len(own) for own in columns])[:-1])


def most_frequent(groups: Indices, values: Indices) -> Indices:
    """Return the value that most rows of each group have; of several the smallest.

    Groups are numbered without gaps, from 0 on.
    """
    owners, found, counts = _pairs(groups, values)
    return first_of_each(owners, -counts, found)


def rarest(groups: Indices, values: Indices) -> Indices:
    """Return that one of each group's values which the fewest groups have; as `most_frequent`."""
    owners, found, _ = _pairs(groups, values)
    _, which, counts = np.unique(found, return_inverse=True, return_counts=True)
    return first_of_each(owners, counts[which], found)


def count_values(groups: Indices, values: Indices) -> Indices:
    """Return how many different values each group has."""
    counts: Indices = np.bincount(_pairs(groups, values)[0])
    return counts


def _pairs(groups: Indices, values: Indices) -> tuple[Indices, Indices, Indices]:
    """Return each group with each of its values, once, and how many rows have both."""
    different, codes = np.unique(values, return_inverse=True)
    keys, counts = np.unique(groups * len(different) + codes, return_counts=True)
    return keys // len(different), different[keys % len(different)], counts


def first_of_each(groups: Indices, ranks: Indices, values: Indices) -> Indices:
    """Return the value of lowest rank, then the lowest value, of each group."""
    order = np.lexsort((values, ranks, groups))
    _, first = np.unique(groups[order], return_index=True)
    found: Indices = values[order][first]
    return found
