"""The largest variance that a gain can have: all on one side, and where it is seen least."""

import bisect
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Discordance:
    """V(g), the largest variance of a gain of size g in [0, 1] whose examples are won, or tied.

    It is the maximum of sum over c of s_c^2 g_c (1 - g_c) / n_c, over gains g_c in [0, 1] of the
    classes with sum over c of s_c g_c = g: s are shares that add up to 1, n numbers of examples. At
    the maximum g_c = (1 - l n_c / s_c) / 2, where it lies in [0, 1], and the Lagrange multiplier l
    is V's slope at g. Between the points where a class gets to 0 or 1 it falls in a straight line,
    so that `gains`, `variances` and `slopes` at these points are all of V. Of one class, or of
    classes that weigh as they have examples, it is g (1 - g) / N: Wilson's.
    """

    gains: tuple[float, ...]
    variances: tuple[float, ...]
    slopes: tuple[float, ...]

    @classmethod
    def of(cls, shares: Floats, sizes: Floats) -> "Discordance":
        """Return V for classes with these shares and numbers of examples, float [C], above 0."""
        ratios = shares / sizes
        # Rounded, so that classes that weigh alike but for the last bits are one point.
        points = np.round(ratios / ratios.max(), 9) * ratios.max()
        slopes = np.unique(np.concatenate((points, -points)))[::-1]
        of_classes = np.clip((1 - slopes[:, None] / ratios) / 2, 0.0, 1.0)
        return cls(
            gains=tuple((of_classes @ shares).tolist()),
            variances=tuple((of_classes * (1 - of_classes) @ (shares * ratios)).tolist()),
            slopes=tuple(slopes.tolist()),
        )

    def variance(self, size: float) -> float:
        """Return V of a gain of this size, in [0, 1]."""
        last = len(self.gains) - 2
        at = min(max(bisect.bisect_right(self.gains, size) - 1, 0), last)
        beyond, width = size - self.gains[at], self.gains[at + 1] - self.gains[at]
        bend = (self.slopes[at] - self.slopes[at + 1]) / (2 * width)
        return self.variances[at] + beyond * (self.slopes[at] - bend * beyond)
