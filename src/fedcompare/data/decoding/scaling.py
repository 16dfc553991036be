"""Pixels of more than 8 bits: their type's range says nothing, so the data's own is used."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fedcompare.data.decoding.pictures import DEEP, Picture
from fedcompare.errors import DataError

Scaled = npt.NDArray[np.float32]


def scale_pictures(
    train: Sequence[Picture], test: Sequence[Picture], mode: str
) -> tuple[Scaled, Scaled, str]:
    """Return both splits [N, 1, H, W], the training range as [0, 1], and a note that states it.

    Raises:
        DataError: a pixel is not finite, or all training pixels are equal.
    """
    low, high = _range(train)
    if low == high:
        raise DataError(f"all pixels of all training pictures are {low:g}: there is nothing to see")
    test_low, test_high = _range(test)
    outside = (
        f"; the test pictures' pixels are from {test_low:g} to {test_high:g}"
        if test_low < low or test_high > high
        else ""
    )
    note = (
        f"Pixels are {DEEP[mode]}: scaled by the range of the training pictures' pixels, "
        f"{low:g} to {high:g}, not by that of their type{outside}."
    )
    return _scale(train, low, high), _scale(test, low, high), note


def _range(pictures: Sequence[Picture]) -> tuple[float, float]:
    low, high = np.inf, -np.inf
    for picture in pictures:
        smallest, largest = float(picture.values.min()), float(picture.values.max())
        if not np.isfinite([smallest, largest]).all():
            count = int((~np.isfinite(picture.values)).sum())
            raise DataError(
                f"{picture.place} has {count} pixels that are not finite (NaN or infinite). "
                "Give them a number, or remove the picture."
            )
        low, high = min(low, smallest), max(high, largest)
    return low, high


def _scale(pictures: Sequence[Picture], low: float, high: float) -> Scaled:
    scaled = np.empty((len(pictures), 1, *pictures[0].values.shape), dtype=np.float32)
    for row, picture in zip(scaled, pictures, strict=True):
        row[0] = (picture.values.astype(np.float64) - low) / (high - low)
    return scaled
