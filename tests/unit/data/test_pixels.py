import numpy as np
import pytest
from PIL import Image

from fedcompare.data.decoding.pictures import Encoded
from fedcompare.data.decoding.pixels import decode_pictures, stack_pictures
from fedcompare.errors import DataError
from made_up_pictures import encoded, noise


def stack(train, test, *, side=0):
    splits = [
        decode_pictures(
            (Encoded(content, f"{split}/{n}") for n, content in enumerate(contents)), side=side
        )
        for split, contents in (("train", train), ("test", test))
    ]
    return stack_pictures(*splits, side=side)


def deep(*values, kind=np.uint16):
    """Return a picture of 2 x 2 pixels, whose last is repeated."""
    array = np.array([values[0], *values[1:], *[values[-1]] * (4 - len(values))], dtype=kind)
    return encoded(Image.fromarray(array.reshape(2, 2)), "TIFF")


def test_grey_pictures_stay_as_they_are_without_a_word():
    images = [noise(seed=seed) for seed in range(3)]
    train, test, notes = stack([encoded(images[0]), encoded(images[1])], [encoded(images[2])])
    np.testing.assert_array_equal(train, np.stack([np.asarray(i)[None] for i in images[:2]]))
    np.testing.assert_array_equal(test, np.asarray(images[2])[None, None])
    assert (train.dtype, notes) == (np.uint8, [])


@pytest.mark.parametrize(
    ("modes", "common"),
    [
        (("L", "RGB"), "colour"),
        (("L", "LA"), "grey with transparency"),
        (("LA", "RGB"), "colour with transparency"),
        (("RGB", "RGBA"), "colour with transparency"),
        (("RGBA", "L"), "colour with transparency"),
    ],
)
@pytest.mark.parametrize("across_splits", [True, False])
def test_mixed_kinds_become_the_richest_and_it_is_said(modes, common, across_splits):
    images = [noise(seed=1, mode=mode) for mode in modes]
    first, second = map(encoded, images)
    train, test, notes = stack(
        *(([first], [second]) if across_splits else ([first, second], [first]))
    )
    found = [train[0], test[0] if across_splits else train[1]]
    wanted = {"colour": "RGB", "grey with transparency": "LA"}.get(common, "RGBA")
    for image, values in zip(images, found, strict=True):
        expected = np.asarray(image.convert(wanted))
        np.testing.assert_array_equal(values, np.moveaxis(expected, -1, 0))
    assert f"all were made {common}." in notes[0]
    assert any("Transparency" in note for note in notes) == ("transparency" in common)


def test_a_palette_of_colours_beside_a_grey_one_is_colour():
    colour, grey = (Image.new("P", (2, 2)) for _ in range(2))
    colour.putpalette([250, 0, 0])
    grey.putpalette([7, 7, 7])
    train, _, notes = stack([encoded(colour), encoded(grey)], [encoded(grey)])
    assert train[:, :, 0, 0].tolist() == [[250, 0, 0], [7, 7, 7]]
    assert "3 of 3 pictures (such as train/0) are stored with a palette" in notes[0]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (np.uint16, "16-bit integers"),
        (np.int32, "32-bit integers"),
        (np.float32, "floating-point numbers"),
    ],
)
def test_deep_pixels_are_scaled_by_the_training_range(kind, name):
    train, test, notes = stack(
        [deep(100, 200, 1100, kind=kind), deep(600, kind=kind)], [deep(350, kind=kind)]
    )
    np.testing.assert_allclose(train.reshape(2, 4), [[0, 0.1, 1, 1], [0.5] * 4])
    np.testing.assert_allclose(test, np.full((1, 1, 2, 2), 0.25))
    assert train.dtype == np.float32
    assert notes == [
        f"Pixels are {name}: scaled by the range of the training pictures' pixels, 100 to 1100, "
        "not by that of their type."
    ]


def test_test_pixels_outside_of_the_training_range_are_scaled_alike_and_it_is_said():
    _, test, (note,) = stack([deep(100, 200)], [deep(0, 300)])
    np.testing.assert_allclose(test.ravel()[:2], [-1, 2])
    assert note.endswith("; the test pictures' pixels are from 0 to 300.")


def test_the_largest_integers_are_scaled_without_overflow():
    train, _, _ = stack([deep(-(2**31), 0, 2**31 - 1, kind=np.int32)], [deep(0, kind=np.int32)])
    np.testing.assert_allclose(train.ravel(), [0, 0.5, 1, 1], atol=1e-6)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", ["train", "test"])
def test_pixels_without_a_number_are_refused_by_name(value, place):
    good, bad = deep(0.5, 1.0, kind=np.float32), deep(0.5, value, kind=np.float32)
    splits = ([good, bad], [good]) if place == "train" else ([good], [good, bad])
    with pytest.raises(DataError, match=f"{place}/1 has 3 pixels that are not finite"):
        stack(*splits)


def test_pictures_without_any_contrast_are_refused():
    with pytest.raises(DataError, match="all pixels of all training pictures are 7"):
        stack([deep(7), deep(7)], [deep(8)])


def test_pictures_of_several_depths_are_counted_and_refused():
    shallow = encoded(noise(seed=1, side=2))
    with pytest.raises(
        DataError, match=r"1 of 8-bit values, such as train/0; 2 of larger integers"
    ):
        stack([shallow, deep(5)], [deep(6)])
    with pytest.raises(DataError, match="floating-point numbers, such as test/0"):
        stack([deep(5)], [deep(6, kind=np.float32)])


def test_sizes_are_counted_and_the_key_that_resizes_is_named():
    pictures = [encoded(noise(seed=1, side=side)) for side in (5, 5, 5, 6, 6, 7, 8)]
    with pytest.raises(DataError) as caught:
        stack(pictures[:-1], pictures[-1:])
    assert str(caught.value).startswith(
        "training and test pictures must all have one size, but they have 4, the commonest being "
        "5 x 5 (3, such as train/0); 6 x 6 (2, such as train/3); 7 x 7 (1, such as train/5). "
        "Set image-size"
    )


def test_shapes_of_as_many_pixels_are_not_mistaken_for_each_other():
    lying, standing = (encoded(noise(seed=1, side=12).resize(size)) for size in ((12, 3), (4, 9)))
    with pytest.raises(
        DataError, match=r"12 x 3 \(1, such as train/0\); 4 x 9 \(1, such as test/0"
    ):
        stack([lying], [standing])


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_image_size_makes_all_pictures_square(mode):
    images = [noise(seed=seed, side=side, mode=mode) for seed, side in ((1, 5), (2, 4), (3, 9))]
    contents = list(map(encoded, images))
    train, test, notes = stack(contents[:2], contents[2:], side=4)
    assert (train.shape[2:], test.shape[2:]) == ((4, 4), (4, 4))
    expected = images[0].resize((4, 4), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(train[0], np.moveaxis(np.atleast_3d(np.asarray(expected)), -1, 0))
    np.testing.assert_array_equal(
        train[1], np.moveaxis(np.atleast_3d(np.asarray(images[1])), -1, 0)
    )
    assert notes[0] == (
        "2 of 3 pictures were resized to 4 x 4 pixels, from 5 x 5 to 9 x 9; "
        "proportions are not kept."
    )


def test_deep_pictures_are_resized_in_their_own_numbers():
    train, test, _ = stack([deep(0, 0, 4000, 4000), deep(0, 4000)], [deep(2000)], side=1)
    assert train.shape == (2, 1, 1, 1)
    assert 0 <= test.item() <= 1
