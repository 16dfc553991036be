"""Where examples of one class stand among those of the other: what AUROCs are made of."""

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def placements(scores: Floats, positive: Mask, silos: Ints) -> Floats:
    """Return the share of the other class's examples of its silo that each is rightly beside.

    That are for a positive example the negative ones with lower scores, and for a negative one the
    positive ones with higher scores (DeLong et al. 1988); one that is equal is half. They are
    computed from midranks (Sun and Xu 2014, IEEE Signal Processing Letters 21:1389-1393).

    Args:
        scores: Float [..., N], in [0, 1], that have single precision: silos are set apart by 2.
        positive: Of which class each example is, bool [N].
        silos: Whose each is, int [N]; each silo has examples of both classes.
    """
    keys = scores + 2.0 * silos
    own = np.stack([~positive, positive])
    counts = np.stack([np.bincount(silos[rows], minlength=silos.max() + 1) for rows in own])
    found = np.empty_like(scores)
    among_all = stats.rankdata(keys, axis=-1)
    before_all = np.cumsum(counts.sum(axis=0)) - counts.sum(axis=0)
    for kind, rows in enumerate(own):
        of_kind, whose = stats.rankdata(keys[..., rows], axis=-1), silos[rows]
        before = before_all - (np.cumsum(counts[kind]) - counts[kind])
        below = (among_all[..., rows] - of_kind - before[whose]) / counts[1 - kind][whose]
        found[..., rows] = below if kind else 1 - below
    return found
