import struct
import zlib

import datasets
import numpy as np
import pytest
from PIL import Image

from fedcompare.data.decoding.pictures import Encoded, decode_picture
from fedcompare.errors import DataError
from made_up_pictures import encoded, noise


def decode(content, mode=""):
    return decode_picture(Encoded(content, "train/cat/1.png", mode))


def palette(colours, *, transparent=None):
    """Return a picture of random indices into a palette of `colours`."""
    image = Image.fromarray(
        np.random.default_rng(0).integers(0, len(colours), (6, 6), np.uint8), "P"
    )
    image.putpalette([value for colour in colours for value in colour])
    if transparent is not None:
        image.info["transparency"] = transparent
    return image


def png_of_16_bits(channels):
    """Return a PNG file that Pillow can read but not write."""
    kind = {2: 4, 3: 2, 4: 6}[channels]
    rows = np.arange(2 * 2 * channels, dtype=">u2").reshape(2, -1)
    body = b"".join(b"\0" + row.tobytes() for row in rows)
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", 2, 2, 16, kind, 0, 0, 0)),
        (b"IDAT", zlib.compress(body)),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def turned():
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: a quarter to the right
    return encoded(noise(seed=1, mode="RGB").resize((5, 7)), "JPEG", exif=exif)


@pytest.mark.parametrize(
    "content",
    [
        *(encoded(noise(seed=1, mode=mode)) for mode in ("L", "LA", "RGB", "RGBA")),
        encoded(noise(seed=1), "JPEG"),
        encoded(noise(seed=1, mode="RGB"), "WEBP"),
        encoded(noise(seed=1, mode="RGB"), "TIFF"),
        turned(),
    ],
)
def test_8_bit_pictures_are_what_hugging_face_datasets_shows(content):
    shown = datasets.Image().decode_example({"bytes": content, "path": None})
    picture = decode(content)
    np.testing.assert_array_equal(picture.values, np.asarray(shown))
    assert (picture.mode, picture.stored, picture.size) == (shown.mode, shown.mode, shown.size)
    assert picture.values.dtype == np.uint8


@pytest.mark.parametrize("kind", ["PNG", "GIF", "TIFF"])
def test_a_palette_is_decoded_to_its_colours(kind):
    image = palette([(220, 30, 30), (30, 220, 30), (30, 30, 220)])
    picture = decode(encoded(image, kind))
    np.testing.assert_array_equal(picture.values, np.asarray(image.convert("RGB")))
    assert (picture.mode, picture.stored) == ("RGB", "P")


def test_a_palette_of_greys_is_grey():
    picture = decode(encoded(palette([(9, 9, 9), (200, 200, 200)])))
    assert picture.mode == "L"
    assert set(picture.values.ravel()) == {9, 200}


def test_a_palette_with_a_transparent_colour_keeps_it():
    picture = decode(encoded(palette([(9, 9, 9), (200, 0, 0)], transparent=1)))
    assert picture.mode == "RGBA"
    assert set(picture.values[..., 3].ravel()) == {0, 255}


def test_bits_are_black_and_white():
    picture = decode(encoded(noise(seed=1).convert("1")))
    assert (picture.mode, set(picture.values.ravel())) == ("L", {0, 255})


def test_printing_colours_are_decoded_to_what_is_seen():
    white = Image.new("CMYK", (4, 4), (0, 0, 0, 0))
    picture = decode(encoded(white, "TIFF"))
    assert (picture.mode, picture.stored) == ("RGB", "CMYK")
    assert (picture.values == 255).all()


@pytest.mark.parametrize(
    ("values", "kind", "mode"),
    [
        (np.array([[0, 4095], [65535, 7]], dtype=np.uint16), "PNG", "I;16"),
        (np.array([[0, 4095], [65535, 7]], dtype=np.uint16), "TIFF", "I;16"),
        (np.array([[-5, 2**31 - 1], [3, 7]], dtype=np.int32), "TIFF", "I"),
        (np.array([[-1000.5, 0.25], [3, 7]], dtype=np.float32), "TIFF", "F"),
    ],
)
def test_deep_pixels_keep_their_numbers(values, kind, mode):
    picture = decode(encoded(Image.fromarray(values), kind))
    np.testing.assert_array_equal(picture.values, values)
    assert (picture.mode, picture.values.dtype.isnative) == (mode, True)


def test_deep_pixels_of_the_other_byte_order_keep_their_numbers():
    values = np.array([[0, 4095], [65535, 7]], dtype=np.uint16)
    picture = decode(
        encoded(Image.frombytes("I;16B", (2, 2), values.astype(">u2").tobytes()), "TIFF")
    )
    np.testing.assert_array_equal(picture.values, values)


@pytest.mark.parametrize("channels", [2, 3, 4])
def test_colours_of_16_bits_are_refused_rather_than_cut_to_8(channels):
    with pytest.raises(DataError, match=r"train/cat/1\.png has several channels of 16 bits"):
        decode(png_of_16_bits(channels))


def test_what_cannot_be_shown_is_refused():
    with pytest.raises(DataError, match=r"train/cat/1\.png has pixels of kind LAB"):
        decode(encoded(Image.new("LAB", (4, 4)), "TIFF"))


def test_the_mode_that_a_table_asks_for_is_given():
    assert decode(encoded(noise(seed=1)), mode="RGB").mode == "RGB"


def test_further_frames_are_reported():
    frames = [noise(seed=seed) for seed in (1, 2)]
    several = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(several).has_more
    assert not decode(encoded(frames[0], "GIF")).has_more


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"<html>404</html>", "is no picture"),
        *(
            (encoded(noise(seed=1, side=40), kind)[:-share], "is a damaged picture|is no picture")
            for kind, share in (("PNG", 600), ("JPEG", 300), ("TIFF", 900), ("BMP", 500))
        ),
    ],
)
def test_a_damaged_picture_is_named(content, problem):
    with pytest.raises(DataError, match=rf"train/cat/1\.png ({problem})"):
        decode(content)


def test_whatever_damage_there_is_no_other_failure():
    whole = encoded(palette([(9, 9, 9), (200, 0, 0)], transparent=1))
    failures = 0
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0xFF
        try:
            decode(bytes(damaged))
        except DataError:
            failures += 1
    assert failures > len(whole) / 2
