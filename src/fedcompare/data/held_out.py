"""Which examples are held out for the test: a share, or a fold, of each silo's of each class."""

import numpy as np
import numpy.typing as npt

from fedcompare.config.groups import DataConfig
from fedcompare.data.folds import deal_folds, folds_note
from fedcompare.data.groups import most_frequent, rarest
from fedcompare.data.tables.column import Indices
from fedcompare.data.tables.values import Floats
from fedcompare.errors import DataError
from fedcompare.seeds import derive_seed
from fedcompare.text.wording import plural

# All seeds of a comparison answer the same test rows, so no seed of theirs decides.
_SEED = derive_seed(0, "held-out rows")


def split_rows(
    config: DataConfig,
    labels: Indices | Floats,
    silos: Indices,
    groups: Indices | None = None,
    *,
    noun: str,
    key: str = "",
) -> tuple[npt.NDArray[np.bool_], str]:
    """Return which examples are held out by the rule that `config` has, and a sentence on it.

    `labels` are classes, int64 [N], or numbers, float64; the rest is as `hold_out` has it. `noun`
    is what messages call an example, `key` what names groups.

    Raises:
        DataError: there are no such folds.
    """
    is_class = labels.dtype == np.int64
    alike = "silo and class" if is_class else "silo"
    if fold := config.fold:
        found = deal_folds(labels, silos, fold.folds, fold.seed, groups)
        return found.numbers == fold.number, folds_note(found, noun, groups, key=key, alike=alike)
    kinds = labels.astype(np.int64) if is_class else np.zeros_like(silos)
    held = hold_out(kinds, silos, config.test_fraction, groups)
    return held, held_out_note(held, config.test_fraction, noun, groups, key=key, alike=alike)


def check_ours(config: DataConfig, says: str) -> None:
    """Raise if a fold is asked for, but something else `says` what is held out.

    Raises:
        DataError: naming both.
    """
    if config.fold:
        raise DataError(
            f"held-out = {config.held_out}: {says} says which rows are for the test. Leave it out, "
            "or use --folds 1"
        )


def hold_out(
    labels: Indices, silos: Indices, fraction: float, groups: Indices | None = None
) -> npt.NDArray[np.bool_]:
    """Return which rows are held out, given each row's class and silo, and its group if any.

    Of a class with two rows or more at least one is; a silo keeps one of its rows of a class for
    training, but for a class of which all silos together have one row each.

    Groups are held out whole, and are as rows are then: each counts for the silo that most of its
    rows have, and for that of its classes which the fewest groups have, lest none of these is
    tested.
    """
    if groups is None:
        return _hold_out(labels, silos, np.ones_like(labels), fraction)
    _, numbers = np.unique(groups, return_inverse=True)
    kinds, owners = rarest(numbers, labels), most_frequent(numbers, silos)
    return _hold_out(kinds, owners, np.bincount(numbers), fraction)[numbers]


def _hold_out(
    labels: Indices, silos: Indices, sizes: Indices, fraction: float
) -> npt.NDArray[np.bool_]:
    """Return which units are held out, each of one class and one silo, and of `sizes` rows."""
    generator = np.random.default_rng(_SEED)
    held = np.zeros(len(labels), dtype=np.bool_)
    owed = np.zeros(silos.max() + 1)
    owed_rows = np.zeros_like(owed)
    for label in np.unique(labels):
        of_class = np.flatnonzero(labels == label)
        owners = np.unique(silos[of_class])
        own = [of_class[silos[of_class] == silo] for silo in owners]
        numbers = np.array(list(map(len, own)))
        counts = _shares(numbers, fraction, owed[owners])
        owed[owners] += numbers * fraction - counts
        for owner, units, count in zip(owners, own, counts, strict=True):
            order = generator.permutation(units)
            wanted = fraction * sizes[units].sum() + owed_rows[owner]
            chosen = _swapped(order[:count], order[count:], sizes, wanted)
            owed_rows[owner] = wanted - sizes[chosen].sum()
            held[chosen] = True
    return held


def held_out_note(
    held: npt.NDArray[np.bool_],
    fraction: float,
    noun: str,
    groups: Indices | None = None,
    *,
    key: str = "",
    alike: str = "silo and class",
) -> str:
    """Return how many examples are held out, in a sentence; `key` is what names their groups.

    `alike` is of what the same share is held out.
    """
    how = f"the same share of each {alike}"
    if groups is not None:
        total, own = (len(np.unique(those)) for those in (groups, groups[held]))
        how = (
            f"{own} of {plural(total, 'group')} ({key}) as a whole, of each {alike} as "
            "nearly the same share as whole groups allow"
        )
    return (
        f"Held out for the test: {held.sum()} of {plural(len(held), noun)} (test-fraction = "
        f"{fraction:g}), {how}, in all seeds the same."
    )


def _swapped(held: Indices, kept: Indices, sizes: Indices, wanted: float) -> Indices:
    """Return the units to hold out, after the swaps that bring their rows nearer to `wanted`.

    Swaps start from units that were drawn, and are as few as can be, so that small and large ones
    stay mixed; units of one size are left as they were drawn.
    """
    if not len(held) or not len(kept) or len(np.unique(sizes[np.append(held, kept)])) == 1:
        return held
    held, kept = held.copy(), kept.copy()
    while True:
        missing = wanted - sizes[held].sum()
        out, out_at = np.unique(sizes[held], return_index=True)
        new, new_at = np.unique(sizes[kept], return_index=True)
        changes = new[None, :] - out[:, None]
        row, column = np.unravel_index(np.argmin(abs(missing - changes)), changes.shape)
        if abs(missing - changes[row, column]) >= abs(missing):
            return held
        first, second = out_at[row], new_at[column]
        held[first], kept[second] = kept[second], held[first]


def _shares(sizes: Indices, fraction: float, owed: Floats) -> Indices:
    """Return how many units of each silo are held out, of one class.

    They are whole parts of the shares, and one more where most is missing to them: of this class,
    and of what silos are `owed` of others.
    """
    total = int(sizes.sum())
    if total < 2:
        return np.zeros_like(sizes)
    room = sizes - 1
    if not room.any():
        room = (np.arange(len(sizes)) == np.argmax(owed)).astype(np.int64)
    wanted = min(max(1, round(fraction * total)), int(room.sum()))
    exact = sizes * fraction
    counts: Indices = np.minimum(np.floor(exact).astype(np.int64), room)
    while (missing := wanted - int(counts.sum())) > 0:
        open_ones = np.flatnonzero(counts < room)
        need = (exact - counts + owed)[open_ones]
        counts[open_ones[np.argsort(-need, kind="stable")][:missing]] += 1
    return counts
