"""All pictures must have one size; `image-size` gives it to them."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from fedcompare.data.examples import Pixels
from fedcompare.errors import DataError

_SIZES_SHOWN = 3


class Sized(NamedTuple):
    """One picture or more of one size (width, height), and what messages call the first."""

    size: tuple[int, int]
    place: str
    number: int = 1


def check_sizes(found: Iterable[Sized]) -> None:
    """Raise if the pictures, of training and test together, differ in size.

    Raises:
        DataError: the commonest sizes are counted, each with an example.
    """
    counts, places = _count(found)
    if len(counts) < 2:
        return
    shown = counts.most_common(_SIZES_SHOWN)
    listed = "; ".join(f"{_text(size)} ({n}, such as {places[size]})" for size, n in shown)
    few = ":" if len(counts) == len(shown) else ", the commonest being"
    raise DataError(
        "training and test pictures must all have one size, but they have "
        f"{len(counts)}{few} {listed}. Set image-size to resize all to one square, "
        f"for example image-size = {min(shown[0][0])}"
    )


def resize(values: Pixels, side: int) -> Pixels:
    """Return [H, W] or [H, W, C] as [side, side(, C)], antialiased; unchanged if `side` is 0."""
    if side == 0 or values.shape[:2] == (side, side):
        return values
    from PIL import Image  # not needed on the way to MNIST

    image = Image.fromarray(values if values.dtype == np.uint8 else values.astype(np.float32))
    return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR))


def count_bytes(shape: Sequence[int]) -> int:
    """Return the raw size of one picture of [N, C, H, W]: a byte a value, and one for its label."""
    return math.prod(shape[1:]) + 1


def resize_notes(found: Iterable[Sized], side: int) -> list[str]:
    """Return what `image-size` changed, in at most one sentence."""
    counts, _ = _count(found)
    changed = {size: n for size, n in counts.items() if side and size != (side, side)}
    if not changed:
        return []
    sizes = sorted(changed, key=lambda size: (size[0] * size[1], size))
    span = _text(sizes[0]) + (f" to {_text(sizes[-1])}" if len(sizes) > 1 else "")
    return [
        f"{sum(changed.values())} of {sum(counts.values())} pictures were resized to "
        f"{side} x {side} pixels, from {span}; proportions are not kept."
    ]


def _count(found: Iterable[Sized]) -> tuple[Counter[tuple[int, int]], dict[tuple[int, int], str]]:
    counts: Counter[tuple[int, int]] = Counter()
    places: dict[tuple[int, int], str] = {}
    for size, place, number in found:
        counts[size] += number
        places.setdefault(size, place)
    return counts, places


def _text(size: tuple[int, int]) -> str:
    return f"{size[0]} x {size[1]}"
