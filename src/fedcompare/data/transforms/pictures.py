"""How a silo's camera or scanner may differ from those of others."""

import numpy as np

from fedcompare.config.choices import Degrees, Factor, Pixels
from fedcompare.data.transforms.seen import LOWEST, Inputs, Seen


def rotation(seen: Seen, *, degrees: Degrees) -> Inputs:
    """Pictures turned counter-clockwise about their centre; what comes into view is black."""
    from scipy import ndimage

    turned: Inputs = ndimage.rotate(
        seen.inputs, degrees, axes=(3, 2), reshape=False, order=1, mode="constant", cval=LOWEST
    )
    return turned


def blur(seen: Seen, *, deviation: Pixels) -> Inputs:
    """Pictures blurred by a Gaussian of so many pixels."""
    from scipy import ndimage

    blurred: Inputs = ndimage.gaussian_filter(
        seen.inputs, (0, 0, deviation, deviation), mode="nearest"
    )
    return blurred


def contrast(seen: Seen, *, factor: Factor) -> Inputs:
    """Pixels so many times as far from their picture's mean, within black and white."""
    means = seen.inputs.mean(axis=(1, 2, 3), keepdims=True, dtype=np.float64).astype(np.float32)
    return seen.measured(lambda pixels: means + np.float32(factor) * (pixels - means))
