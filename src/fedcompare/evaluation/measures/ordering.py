"""How often a model puts a case of the second class above one of the first: the AUROC."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fedcompare.classes import quoted
from fedcompare.evaluation.measures.slices import Slice, Strata
from fedcompare.statistics.placements import placements

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class OrderedPairs:
    """The share of pairs of a positive and a negative example that a model orders rightly.

    The second class is the positive one; a tie is half a pair. An example counts with its
    placement: the share of the examples of the other class that it is rightly above, or below
    (DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44:837-845). The mean placement of either
    class is the AUROC.

    Where each silo has rows of its own, only rows of one silo are compared, lest the measure mixes
    how silos differ with how well a model orders; a silo's AUROC weighs as its number of pairs.
    So a silo needs nobody else's rows to place its own. Silos without both classes have no pair.
    Of cross-fitted rows only those are compared that the same models answered, of one fold: where
    more of a class is held out, models give it lower scores, so that scores of all folds together
    order worse than each, a constant one worse than chance (Parker, Günter and Bedő 2007, BMC
    Bioinformatics 8:326).
    """

    is_sum: bool = False

    def missing(self, part: Slice, least: int) -> str:
        """Return which class has too few examples to order any."""
        sizes = _sizes(part).sum(axis=0)
        names = [name for name, size in zip(part.class_names, sizes, strict=True) if not size]
        if names:
            return f"it has no test example of class {quoted(names[0])} to compare with"
        paired = _paired(part)
        sizes = _sizes(part)[paired].sum(axis=0)
        if not len(paired):
            return "nowhere are there test examples of both classes to compare"
        rarer = int(sizes.argmin())
        if sizes[rarer] < least:
            return (
                f"it has only {sizes[rarer]} of the {least} test examples of class "
                f"{quoted(part.class_names[rarer])} that are the least to compare"
            )
        return ""

    def left_out(self, part: Slice) -> tuple[int, ...]:
        """Return the silos that have rows, and none of two classes to compare."""
        there = np.bincount(part.silos[part.counted], minlength=part.num_silos + 1) > 0
        there[_paired(part) // part.num_folds] = False
        return tuple(silo for silo in np.flatnonzero(there).tolist() if silo)

    def strata(self, part: Slice) -> Strata | None:
        """Return each block's two classes: half of its share of all pairs each."""
        pairs = _sizes(part).prod(axis=1).astype(np.float64)
        shares = np.repeat(pairs / pairs.sum() / 2, 2)
        members = 2 * part.blocks + part.classes
        counts = part.counted & (shares[members] > 0)
        return Strata(members=np.where(counts, members, -1), shares=shares, times=2)

    def linear(self, numbers: Floats, part: Slice) -> Floats:
        """Return each example's placement among its silo's, 0 where there are no pairs."""
        paired = np.isin(part.blocks, _paired(part))
        compared = part.counted & paired
        found = np.zeros_like(numbers)
        found[..., compared] = placements(
            numbers[..., compared], part.classes[compared] == 1, part.blocks[compared]
        )
        return found


ORDERED_PAIRS = OrderedPairs()


def _sizes(part: Slice) -> Ints:
    """Return how many examples that count each block has of each class, int [blocks, 2]."""
    members = (2 * part.blocks + part.classes)[part.counted]
    return np.bincount(members, minlength=2 * part.num_blocks).reshape(-1, 2)


def _paired(part: Slice) -> Ints:
    """Return the blocks that have examples of both classes."""
    return np.flatnonzero(_sizes(part).all(axis=1))
