"""From decoded pictures to one array a split, whose pixels are all of one kind."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from fedcompare.data.decoding.pictures import DEEP, Encoded, Picture, decode_picture
from fedcompare.data.decoding.scaling import scale_pictures
from fedcompare.data.decoding.sizes import Sized, check_sizes, resize, resize_notes
from fedcompare.data.examples import Pixels
from fedcompare.errors import DataError

_STORED = {
    "1": "with one bit a pixel",
    "P": "with a palette",
    "PA": "with a palette",
    "CMYK": "in printing colours (CMYK)",
}
_SEEN = {
    "L": "grey",
    "LA": "grey with transparency",
    "RGB": "colour",
    "RGBA": "colour with transparency",
}


def stack_pictures(
    train: Sequence[Picture], test: Sequence[Picture], *, side: int
) -> tuple[Pixels, Pixels, list[str]]:
    """Return both splits' pixels [N, C, H, W], and a note for each kind of conversion.

    8-bit pixels stay uint8; deeper ones become float32, the training pixels' range as [0, 1].

    Raises:
        DataError: the pictures differ in size or depth, or have pixels without a number.
    """
    both = [*train, *test]
    mode = _common_mode(both)
    sizes = [Sized(picture.size, picture.place) for picture in both]
    if not side:
        check_sizes(sizes)
    notes = [*_frame_notes(both), *resize_notes(sizes, side)]
    if mode in DEEP:
        *scaled, note = scale_pictures(train, test, mode)
        return scaled[0], scaled[1], [*notes, note]
    notes += [*_stored_notes(both), *_mode_notes(both, mode)]
    return _stack(train, mode), _stack(test, mode), notes


def decode_pictures(stored: Iterable[Encoded | Picture], *, side: int) -> list[Picture]:
    """Return the pictures, decoded if they are not, resized to `side` x `side` if that is not 0.

    Raises:
        DataError: as `decode_picture`.
    """
    pictures = (one if isinstance(one, Picture) else decode_picture(one) for one in stored)
    return [replace(picture, values=resize(picture.values, side)) for picture in pictures]


def _common_mode(pictures: Sequence[Picture]) -> str:
    """Return the deepest kind of integer, or the richest 8-bit mode, so that nothing is lost.

    Raises:
        DataError: there are 8-bit pixels, integers and floats, which have no common scale.
    """
    modes = {picture.mode for picture in pictures}
    depths = Counter(_depth(picture.mode) for picture in pictures)
    if len(depths) > 1:
        examples = {_depth(picture.mode): picture.place for picture in reversed(pictures)}
        listed = "; ".join(
            f"{n} of {depth}, such as {examples[depth]}" for depth, n in depths.items()
        )
        raise DataError(
            f"pictures of several depths have no common scale: {listed}. Store all in one depth."
        )
    if deep := [mode for mode in DEEP if mode in modes]:
        return deep[-1]
    colour = "RGB" if any(mode.startswith("RGB") for mode in modes) else "L"
    return colour + ("A" if any(mode.endswith("A") for mode in modes) else "")


def _depth(mode: str) -> str:
    if mode not in DEEP:
        return "8-bit values"
    return DEEP["F"] if mode == "F" else "larger integers"


def _stack(pictures: Sequence[Picture], mode: str) -> Pixels:
    height, width = pictures[0].values.shape[:2]
    stacked = np.empty((len(pictures), len(mode), height, width), dtype=np.uint8)
    for row, picture in zip(stacked, pictures, strict=True):
        planes = np.moveaxis(np.atleast_3d(picture.values), -1, 0)
        has_alpha = picture.mode.endswith("A")
        num_colours = len(mode.removesuffix("A"))
        row[:num_colours] = planes[: len(planes) - has_alpha]  # grey is broadcast to colour
        row[num_colours:] = planes[-1] if has_alpha else 255
    return stacked


def _frame_notes(pictures: Sequence[Picture]) -> list[str]:
    several = [picture.place for picture in pictures if picture.has_more]
    if not several:
        return []
    return [f"{_share(several, pictures)} have several frames or pages: the first alone is used."]


def _stored_notes(pictures: Sequence[Picture]) -> list[str]:
    """Say which pictures were not stored as grey or colour."""
    converted: dict[str, list[str]] = {}
    for picture in pictures:
        if picture.stored not in _SEEN:
            how = _STORED.get(picture.stored, f"as {picture.stored}")
            converted.setdefault(how, []).append(picture.place)
    return [
        f"{_share(places, pictures)} are stored {how}: decoded to what is seen."
        for how, places in converted.items()
    ]


def _mode_notes(pictures: Sequence[Picture], mode: str) -> list[str]:
    counts = Counter(picture.mode for picture in pictures)
    notes = []
    if len(counts) > 1:
        listed = ", ".join(f"{n} {_SEEN[kind]}" for kind, n in counts.most_common())
        notes.append(f"Pictures are of several kinds ({listed}): all were made {_SEEN[mode]}.")
    if mode.endswith("A"):
        notes.append("Transparency is given to the model as a channel of its own.")
    return notes


def _share(places: Sequence[str], pictures: Sequence[Picture]) -> str:
    return f"{len(places)} of {len(pictures)} pictures (such as {places[0]})"
