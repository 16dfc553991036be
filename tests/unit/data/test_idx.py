import hashlib
import struct

import numpy as np
import pytest
import torch

from fedcompare.data.sources import idx_files
from fedcompare.data.sources.idx import MNIST
from fedcompare.errors import DataError
from support import idx_bytes, made_up_images, write_idx

IMAGES = "train-images-idx3-ubyte"


def decode(folder, split="train"):
    return idx_files.decode_split(folder, idx_files.read_files(folder), split)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(("split", "count", "seed"), [("train", 30, 1), ("t10k", 20, 2)])
def test_what_was_written_is_read(tmp_path, zipped, split, count, seed):
    images, labels = decode(write_idx(tmp_path, train=30, test=20, zipped=zipped), split)
    expected_images, expected_labels = made_up_images(count, seed=seed)
    assert (images.dtype, images.shape) == (torch.uint8, (count, 1, 8, 8))
    assert labels.dtype == torch.int64
    np.testing.assert_array_equal(images[:, 0].numpy(), expected_images)
    np.testing.assert_array_equal(labels.numpy(), expected_labels)


def test_bundled_mnist_is_the_real_one():
    contents = idx_files.read_files(MNIST)
    images, labels = idx_files.decode_split(MNIST, contents, "t10k")
    assert images.shape == (10_000, 1, 28, 28)
    assert labels[:5].tolist() == [7, 2, 1, 0, 4]
    assert torch.bincount(labels).tolist() == [
        *(980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009)
    ]


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (lambda content: content[:-1], "truncated or too long"),
        (lambda content: content + b"x", "truncated or too long"),
        (lambda content: content[:9], "truncated in its header"),
        (lambda content: b"", "no IDX file"),
        (lambda content: b"\0\0\x0d" + content[3:], "no IDX file of unsigned bytes"),
        (lambda content: b"<html>404</html>", "no IDX file"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, damage, problem):
    path = write_idx(tmp_path) / IMAGES
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=f"{IMAGES} is {problem}"):
        decode(tmp_path)


@pytest.mark.parametrize("damage", [lambda content: content[:-20], lambda content: b"no gzip"])
def test_a_damaged_gzip_file_is_named(tmp_path, damage):
    path = write_idx(tmp_path, zipped=True) / f"{IMAGES}.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=rf"{IMAGES}\.gz is no complete gzip file"):
        decode(tmp_path)


def test_a_checksum_is_checked(tmp_path):
    path = write_idx(tmp_path) / IMAGES
    (tmp_path / idx_files.CHECKSUMS).write_text(
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {IMAGES}\n"
    )
    decode(tmp_path)
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    with pytest.raises(DataError, match=f"{IMAGES} is truncated or altered"):
        idx_files.read_files(tmp_path)


@pytest.mark.parametrize("form", ["{} *data/{}\r\n", "SHA256 ({1}) = {0}\n"])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_checksum_in_any_form_is_checked_of_the_file_or_of_what_is_zipped(tmp_path, form, zipped):
    unzipped = (write_idx(tmp_path / "plain") / IMAGES).read_bytes()
    folder = write_idx(tmp_path / "data", zipped=zipped)
    sums = folder / idx_files.CHECKSUMS
    sums.write_bytes(form.format(hashlib.sha256(unzipped).hexdigest().upper(), IMAGES).encode())
    decode(folder)
    sums.write_bytes(form.format(hashlib.sha256(b"another").hexdigest(), IMAGES).encode())
    with pytest.raises(DataError, match=f"{IMAGES}.* is truncated or altered"):
        idx_files.read_files(folder)


def test_files_that_no_checksum_is_given_for_are_known(tmp_path):
    contents = idx_files.read_files(write_idx(tmp_path, zipped=True))
    assert idx_files.unlisted(tmp_path, contents) == []
    (tmp_path / idx_files.CHECKSUMS).write_text(f"{hashlib.sha256(b'').hexdigest()}  {IMAGES}\n")
    assert idx_files.unlisted(tmp_path, contents) == [f"{name}.gz" for name in idx_files.FILES[1:]]


@pytest.mark.parametrize(
    "shape",
    [
        (0, 8, 8),
        (300, 0, 8),
        (2**32 - 1, 0, 2**32 - 1),
        (2**32 - 1, 2**32 - 1, 2**32 - 1),
        (300, 8),
        (300, 8, 8, 1),
        (1,) * 255,
        (2**32 - 1,) * 200,
        (),
    ],
)
@pytest.mark.parametrize("has_data", [True, False])
def test_a_header_of_another_shape_is_named(tmp_path, shape, has_data):
    path = write_idx(tmp_path) / IMAGES
    header = struct.pack(f">I{len(shape)}I", 0x0800 + len(shape), *shape)
    path.write_bytes(header + (path.read_bytes()[16:] if has_data else b""))
    with pytest.raises(DataError, match=IMAGES):
        decode(tmp_path)


def test_whatever_header_there_is_no_other_failure(tmp_path):
    path = write_idx(tmp_path, train=3, test=2) / IMAGES
    whole = path.read_bytes()
    for position in range(16):
        for value in (0, 1, 0x7F, 0x80, 0xFF):
            damaged = bytearray(whole)
            damaged[position] = value
            path.write_bytes(damaged)
            if damaged != whole:
                with pytest.raises(DataError, match=IMAGES):
                    decode(tmp_path)


@pytest.mark.parametrize("name", ["missing", "file", "x" * 300])
def test_what_is_no_folder_is_named(tmp_path, name):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=f"{name} has no train-images-idx3-ubyte"):
        idx_files.read_files(tmp_path / name)


@pytest.mark.parametrize("name", idx_files.FILES)
def test_a_missing_file_is_named(tmp_path, name):
    (write_idx(tmp_path) / name).unlink()
    with pytest.raises(DataError, match=name):
        idx_files.read_files(tmp_path)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    path = write_idx(tmp_path) / IMAGES
    path.unlink()
    path.mkdir()
    with pytest.raises(DataError, match=f"{IMAGES} cannot be read: Is a directory"):
        idx_files.read_files(tmp_path)


def test_images_and_labels_must_match(tmp_path):
    write_idx(tmp_path)
    (tmp_path / IMAGES).write_bytes(idx_bytes(made_up_images(299, seed=1)[0]))
    with pytest.raises(DataError, match=r"train has images of shape \[299, 8, 8\]"):
        decode(tmp_path)


def test_the_digest_tells_data_apart(tmp_path):
    first, second = (write_idx(tmp_path / str(n), train=n) for n in (30, 40))
    digests = {idx_files.digest(idx_files.read_files(folder)) for folder in (first, second)}
    assert len(digests) == 2
    assert idx_files.digest(idx_files.read_files(first)) in digests
