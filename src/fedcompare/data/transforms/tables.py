"""How a silo's units and instruments may differ from those of others."""

import numpy as np

from fedcompare.config.choices import Factor, Finite
from fedcompare.data.transforms.seen import Inputs, Seen


def shift(seen: Seen, *, by: Finite, columns: tuple[str, ...] = ()) -> Inputs:
    """Numeric columns, or those named, moved by so many of their deviations."""
    return seen.measured(lambda values: values + np.float32(by), columns)


def scale(seen: Seen, *, by: Factor, columns: tuple[str, ...] = ()) -> Inputs:
    """Numeric columns, or those named, so many times as far from their mean."""
    return seen.measured(lambda values: np.float32(by) * values, columns)
