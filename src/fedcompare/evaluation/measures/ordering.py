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
            return "no silo has test examples of both classes to compare"
        rarer = int(sizes.argmin())
        if sizes[rarer] < least:
            return (
                f"it has only {sizes[rarer]} of the {least} test examples of class "
                f"{quoted(part.class_names[rarer])} that are the least to compare"
            )
        return ""

    def left_out(self, part: Slice) -> tuple[int, ...]:
        """Return the silos that have rows of one class only."""
        sizes = _sizes(part)
        alone = (sizes > 0).sum(axis=1) == 1
        return tuple(silo for silo in np.flatnonzero(alone).tolist() if silo)

    def strata(self, part: Slice) -> Strata | None:
        """Return each silo's two classes: half of its share of all pairs each."""
        pairs = _sizes(part).prod(axis=1).astype(np.float64)
        shares = np.repeat(pairs / pairs.sum() / 2, 2)
        members = 2 * part.silos + part.classes
        counts = part.counted & (shares[members] > 0)
        return Strata(members=np.where(counts, members, -1), shares=shares, times=2)

    def linear(self, numbers: Floats, part: Slice) -> Floats:
        """Return each example's placement among its silo's, 0 where there are no pairs."""
        paired = np.isin(part.silos, _paired(part))
        compared = part.counted & paired
        found = np.zeros_like(numbers)
        found[..., compared] = placements(
            numbers[..., compared], part.classes[compared] == 1, part.silos[compared]
        )
        return found


ORDERED_PAIRS = OrderedPairs()


def _sizes(part: Slice) -> Ints:
    """Return how many examples that count each silo has of each class, int [silos + 1, 2]."""
    members = (2 * part.silos + part.classes)[part.counted]
    return np.bincount(members, minlength=2 * (part.num_silos + 1)).reshape(-1, 2)


def _paired(part: Slice) -> Ints:
    """Return the silos that have examples of both classes."""
    return np.flatnonzero(_sizes(part).all(axis=1))
