"""Which examples are held out for the test: a share of each silo's examples of each class."""

import numpy as np
import numpy.typing as npt

from fedcompare.data.tables.column import Indices
from fedcompare.data.tables.values import Floats
from fedcompare.seeds import derive_seed
from fedcompare.text.wording import plural

# All seeds of a comparison answer the same test rows, so no seed of theirs decides.
_SEED = derive_seed(0, "held-out rows")


def hold_out(labels: Indices, silos: Indices, fraction: float) -> npt.NDArray[np.bool_]:
    """Return which rows are held out, given each row's class and silo.

    Of a class with two rows or more at least one is; a silo keeps one of its rows of a class for
    training, but for a class of which all silos together have one row each.
    """
    generator = np.random.default_rng(_SEED)
    held = np.zeros(len(labels), dtype=np.bool_)
    owed = np.zeros(silos.max() + 1)
    for label in np.unique(labels):
        of_class = np.flatnonzero(labels == label)
        owners = np.unique(silos[of_class])
        own = [of_class[silos[of_class] == silo] for silo in owners]
        sizes = np.array(list(map(len, own)))
        counts = _shares(sizes, fraction, owed[owners])
        owed[owners] += sizes * fraction - counts
        for rows, count in zip(own, counts, strict=True):
            held[generator.permutation(rows)[:count]] = True
    return held


def held_out_note(held: npt.NDArray[np.bool_], fraction: float, noun: str) -> str:
    """Return how many examples are held out, in a sentence."""
    return (
        f"Held out for the test: {held.sum()} of {plural(len(held), noun)} (test-fraction = "
        f"{fraction:g}), the same share of each silo and class, in all seeds the same."
    )


def _shares(sizes: Indices, fraction: float, owed: Floats) -> Indices:
    """Return how many rows of each silo are held out, of one class.

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
