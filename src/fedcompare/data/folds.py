"""Folds: every example is held out in one of them, by models that others trained."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fedcompare.data.groups import most_frequent, rarest
from fedcompare.data.tables.column import Indices
from fedcompare.data.tables.values import Floats, Mask
from fedcompare.errors import DataError
from fedcompare.seeds import derive_seed
from fedcompare.text.wording import listing, plural

NEVER = 0
_TRIES = 100


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Folds:
    """The fold of each example, int64 [N], 1 to `folds`; `NEVER` for one that only trains.

    Why it does, bool [N]: it is `alone` as all that its silo has, or `unlike` any other, as all
    that there is of its class.
    """

    numbers: Indices
    folds: int
    alone: Mask
    unlike: Mask


def deal_folds(
    labels: Indices | Floats,
    silos: Indices,
    folds: int,
    seed: int,
    groups: Indices | None = None,
) -> Folds:
    """Return folds that hold the same share of each silo's examples of each class, as can be.

    A silo's examples lie in as many folds as they are, or in all; each silo and class keeps one to
    train on in every fold. Labels that are numbers, float64, are spread by their order. Groups are
    held out whole, and are as examples are then, as in `hold_out`.

    Which examples are never held out does not depend on the seed.

    Raises:
        DataError: groups, or silos of two examples, leave no such folds.
    """
    units = np.arange(len(silos)) if groups is None else np.unique(groups, return_inverse=True)[1]
    count, is_class = int(units.max()) + 1, labels.dtype == np.int64
    alone = _only_unit(units, silos)
    unlike = _only_unit(units, labels) if is_class else np.zeros_like(alone)
    is_dealt = np.ones(count, dtype=np.bool_)
    is_dealt[units[alone | unlike]] = False
    deck = _Deck(
        kinds=rarest(units, labels.astype(np.int64)) if is_class else np.zeros(count, np.int64),
        silos=most_frequent(units, silos),
        sizes=np.bincount(units),
        ranks=np.zeros(count) if is_class else np.bincount(units, labels) / np.bincount(units),
        is_dealt=is_dealt,
        folds=folds,
    )
    wholes = [silos, labels] if is_class else [silos]
    for number in range(_TRIES):
        dealt = deck.deal(np.random.default_rng(derive_seed(seed, "folds", folds, number)))[units]
        if not any(_is_left_untrained(dealt, whole) for whole in wholes):
            return Folds(numbers=dealt, folds=folds, alone=alone, unlike=unlike)
    raise DataError(
        f"folds: {folds} folds that leave each silo and each class something to train on were not "
        "found: silos, classes or groups are too few. Use --folds 1"
    )


def folds_note(
    found: Folds, noun: str, groups: Indices | None = None, *, key: str = "", alike: str
) -> str:
    """Return which examples are held out when, in a sentence; as `held_out_note`."""
    held = found.numbers != NEVER
    whole = ""
    if groups is not None:
        whole = f"; {plural(len(np.unique(groups[held])), 'group')} ({key}) as a whole"
    left = list(_never(found, noun))
    return (
        f"Held out for the test: {held.sum()} of {plural(len(held), noun)}, each in one of "
        f"{found.folds} folds, which every seed deals anew, of each {alike} as nearly the same "
        f"share as can be{whole}.{f' Never held out: {listing(left)}.' if left else ''}"
    )


def _never(found: Folds, noun: str) -> Iterator[str]:
    reasons = (
        (found.alone, "whose silo would have nothing to train on"),
        (found.unlike & ~found.alone, "whose class nobody would train on"),
    )
    for mask, reason in reasons:
        if count := int(mask.sum()):
            yield f"{plural(count, noun)} {reason}"
    others = found.numbers == NEVER
    if count := int((others & ~found.alone & ~found.unlike).sum()):
        yield f"{plural(count, noun)} of their groups"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Deck:
    """What is dealt, [U] each: examples or groups, of a kind and a silo, and by `ranks`."""

    kinds: Indices
    silos: Indices
    sizes: Indices
    ranks: Floats
    is_dealt: Mask
    folds: int

    def deal(self, generator: np.random.Generator) -> Indices:
        """Return the fold of each unit; `NEVER` for those that are not dealt.

        Rare kinds come first, while all folds are open to them. A block of as many units as folds
        has one in each; where fewer are left, folds take them that have the fewest of the silo,
        and then of the kind.
        """
        found = np.full(len(self.kinds), NEVER, dtype=np.int64)
        of_silo = np.zeros((int(self.silos.max()) + 1, self.folds, 2), dtype=np.int64)
        of_kind = np.zeros((int(self.kinds.max()) + 1, self.folds), dtype=np.int64)
        rarity = np.bincount(self.kinds)[self.kinds]
        order = generator.permutation(np.flatnonzero(self.is_dealt))
        keys = (self.ranks, self.silos, self.kinds, rarity)
        order = order[np.lexsort([key[order] for key in keys])]
        for units in _runs(order, self.kinds, self.silos):
            silo, kind = of_silo[self.silos[units[0]]], of_kind[self.kinds[units[0]]]
            whole = 0 if np.ptp(self.sizes[units]) else len(units) // self.folds
            rounds = np.tile(np.arange(self.folds), (whole, 1))
            found[units[: rounds.size]] = generator.permuted(rounds, axis=1).ravel() + 1
            silo += whole * np.array([1, self.sizes[units[0]]])
            kind += whole
            for block in _blocks(units[rounds.size :], self.folds):
                number, rows = silo.T
                ties, all_of_fold = generator.permutation(self.folds), of_kind.sum(axis=0)
                fewest = np.lexsort((ties, all_of_fold, rows, kind, number))[: len(block)]
                chosen = fewest[np.argsort(rows[fewest], kind="stable")]
                largest_first = block[np.argsort(-self.sizes[block], kind="stable")]
                found[largest_first] = chosen + 1
                silo[chosen] += np.column_stack((np.ones_like(block), self.sizes[largest_first]))
                kind[chosen] += 1
        return found


def _runs(order: Indices, *keys: Indices) -> Sequence[Indices]:
    """Return the stretches of an order in which all keys stay the same."""
    if not len(order):
        return []
    changes = [np.diff(key[order]) != 0 for key in keys]
    return np.split(order, np.flatnonzero(np.logical_or.reduce(changes)) + 1)


def _blocks(units: Indices, size: int) -> Sequence[Indices]:
    """Return units so many at a time; the last may be fewer."""
    return np.split(units, range(size, len(units), size)) if len(units) else []


def _only_unit(units: Indices, values: Indices | Floats) -> Mask:
    """Return which examples have a value that no other unit has."""
    _, codes = np.unique(values, return_inverse=True)
    first, last = _extremes(units, codes)
    found: Mask = (first == last)[codes]
    return found


def _is_left_untrained(dealt: Indices, values: Indices | Floats) -> bool:
    """Return whether all examples of some value are held out in the same fold."""
    _, codes = np.unique(values, return_inverse=True)
    first, last = _extremes(dealt, codes)
    return bool(((first == last) & (first != NEVER)).any())


def _extremes(numbers: Indices, codes: Indices) -> tuple[Indices, Indices]:
    """Return the least and the greatest number of each code."""
    order = np.argsort(codes, kind="stable")
    starts = np.flatnonzero(np.diff(codes[order], prepend=-1))
    ordered: npt.NDArray[np.int64] = numbers[order]
    return np.minimum.reduceat(ordered, starts), np.maximum.reduceat(ordered, starts)
