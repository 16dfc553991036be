"""One picture file, decoded to what is seen."""

import io
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError
from PIL.ExifTags import Base

from fedcompare.data.examples import Pixels
from fedcompare.errors import DataError

GREY_OR_COLOUR = ("L", "LA", "RGB", "RGBA")
"""Pillow's names of what 8-bit pictures become: grey or colour, with or without transparency."""

DEEP = {"I;16": "16-bit integers", "I": "32-bit integers", "F": "floating-point numbers"}
"""Pillow's names of pixels of more than 8 bits, and what messages call them."""

_SHOWN_AS = {
    **{mode: mode for mode in (*GREY_OR_COLOUR, *DEEP)},
    **dict.fromkeys(("I;16L", "I;16B", "I;16N"), "I;16"),
    **dict.fromkeys(("CMYK", "YCbCr", "HSV", "RGBX"), "RGB"),
    **{"1": "L", "La": "LA", "PA": "RGBA", "RGBa": "RGBA"},
}


class Encoded(NamedTuple):
    """A picture's file content, what messages call it, and the mode that its table asks for."""

    content: bytes
    place: str
    mode: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """A decoded picture: `values` [H, W] or [H, W, C], uint8 or, if deep, numbers as stored.

    Args:
        place: what messages call it, a file or a row.
        mode: one of `GREY_OR_COLOUR` or `DEEP`.
        stored: Pillow's name of how it was stored.
        size: width and height as stored, in pixels.
        has_more: whether the file has further frames or pages, which are left out.
    """

    place: str
    values: Pixels
    mode: str
    stored: str
    size: tuple[int, int]
    has_more: bool


def decode_picture(encoded: Encoded) -> Picture:
    """Return the first frame of an encoded picture.

    Raises:
        DataError: it is empty, damaged, or of a kind that Pillow cannot show faithfully.
    """
    content, place, mode = encoded
    if not content:
        raise DataError(f"{place} is empty. Restore or remove it.")
    try:
        with Image.open(io.BytesIO(content)) as image:
            has_more = bool(getattr(image, "is_animated", False))
            _check_depth(image, place)
            stored = image.mode
            image.load()
            shown = _show(_turn(image, mode), place)
    except DataError:
        raise
    except UnidentifiedImageError as error:
        raise DataError(f"{place} is no picture that Pillow can read.") from error
    except Exception as error:  # Pillow raises whatever its decoders meet in damaged files
        raise DataError(
            f"{place} is a damaged picture: {error or type(error).__name__}. Restore or remove it."
        ) from error
    values = np.asarray(shown)
    return Picture(
        place=place,
        values=values.astype(values.dtype.newbyteorder("="), copy=False),
        mode=_SHOWN_AS[shown.mode],
        stored=stored,
        size=shown.size,
        has_more=has_more,
    )


def _turn(image: Image.Image, mode: str) -> Image.Image:
    """Return the picture upright and in `mode`, as Hugging Face datasets shows it."""
    if image.getexif().get(Base.Orientation) is not None:
        image = ImageOps.exif_transpose(image)
    return image.convert(mode) if mode and mode != image.mode else image


def _show(image: Image.Image, place: str) -> Image.Image:
    if image.mode == "P":
        return _show_palette(image)
    if image.mode not in _SHOWN_AS:
        raise DataError(f"{place} has pixels of kind {image.mode}; convert it to grey or RGB.")
    mode = _SHOWN_AS[image.mode]
    return image if mode == image.mode or mode in DEEP else image.convert(mode)


def _show_palette(image: Image.Image) -> Image.Image:
    """Return the palette's colours, in grey where they are all grey."""
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        if seen.getchannel("A").getextrema() != (255, 255):
            return seen
    colour = image.convert("RGB")
    red, green, blue = colour.split()
    is_grey = red.tobytes() == green.tobytes() == blue.tobytes()
    return red if is_grey else colour


def _check_depth(image: ImageFile.ImageFile, place: str) -> None:
    """Refuse colour of 16 bits a channel, of which Pillow keeps the upper 8 alone."""
    if image.mode in GREY_OR_COLOUR and any(";16" in str(tile[3]) for tile in image.tile):
        raise DataError(
            f"{place} has several channels of 16 bits, which Pillow cannot read without loss. "
            "Convert it to 8 bits a channel, or to grey of 16 bits."
        )
