"""Reader of the IDX format (http://yann.lecun.com/exdb/mnist), gzipped or not."""

import gzip
import hashlib
import math
import os
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import torch

from fedcompare.data.decoding.checksums import read_checksums
from fedcompare.errors import DataError

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
CHECKSUMS = "SHA256SUMS"
_UNSIGNED_BYTE = 0x08
_DIMENSIONS = (1, 3)


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the four files' bytes as stored, checked against SHA256SUMS where there is one.

    Raises:
        DataError: a file is missing, unreadable, or differs from its checksum.
    """
    paths = [_find(folder, name) for name in FILES]
    sums = read_checksums(folder / CHECKSUMS)
    contents = {}
    for path in paths:
        try:
            contents[path.name] = path.read_bytes()
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from error
        if not _is_as_listed(path, contents[path.name], sums):
            raise DataError(
                f"{path} is truncated or altered: its SHA-256 is not the one in {CHECKSUMS}. "
                "Restore the file (for bundled data: install fedcompare again)."
            )
    return contents


def unlisted(folder: Path, contents: Mapping[str, bytes]) -> list[str]:
    """Return the files that SHA256SUMS does not name, if there is one: nobody checks them.

    Raises:
        DataError: as `read_checksums`.
    """
    sums = read_checksums(folder / CHECKSUMS)
    return [n for n in contents if sums and n not in sums and n.removesuffix(".gz") not in sums]


def digest(contents: Mapping[str, bytes]) -> str:
    """Return the SHA-256 over the files in their order."""
    total = hashlib.sha256()
    for content in contents.values():
        total.update(content)
    return total.hexdigest()


def decode_split(
    folder: Path, contents: Mapping[str, bytes], split: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return images uint8 [N, 1, H, W] and labels int64 [N] of "train" or "t10k".

    Raises:
        DataError: a file is no IDX file, is cut short, or the two do not match.
    """
    arrays = [
        _decode(folder / name, contents[name])
        for name in sorted(contents)
        if name.startswith(f"{split}-")
    ]
    images, labels = arrays
    if images.dim() != 3 or labels.dim() != 1 or len(images) != len(labels) or not len(labels):
        raise DataError(
            f"{folder}: {split} has images of shape {[*images.shape]} and labels of shape "
            f"{[*labels.shape]}; expected [N, height, width] and [N]"
        )
    return images.unsqueeze(1), labels.long()


def _find(folder: Path, name: str) -> Path:
    for path in (folder / f"{name}.gz", folder / name):
        if os.path.exists(path):
            return path
    raise DataError(f"{folder} has no {name}(.gz); an IDX folder holds {', '.join(FILES)}")


def _is_as_listed(path: Path, content: bytes, sums: Mapping[str, str]) -> bool:
    """Return whether a file, or what is zipped in it, has the digest that is listed, if any."""
    if path.name in sums:
        return hashlib.sha256(content).hexdigest() == sums[path.name]
    if path.suffix == ".gz" and path.stem in sums:
        return hashlib.sha256(_unzip(path, content)).hexdigest() == sums[path.stem]
    return True


def _unzip(path: Path, content: bytes) -> bytes:
    if path.suffix != ".gz":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is no complete gzip file: {error}. Restore the file.") from error


def _decode(path: Path, content: bytes) -> torch.Tensor:
    raw = _unzip(path, content)
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] != _UNSIGNED_BYTE:
        raise DataError(f"{path} is no IDX file of unsigned bytes. Restore the file.")
    start = 4 + 4 * raw[3]
    if len(raw) < start:
        raise DataError(f"{path} is truncated in its header. Restore the file.")
    shape = struct.unpack(f">{raw[3]}I", raw[4:start])
    if len(shape) not in _DIMENSIONS or 0 in shape:
        raise DataError(
            f"{path} has a header of shape {[*shape]}; expected [N, height, width] for images "
            "and [N] for labels, none of them 0. Restore the file."
        )
    expected = math.prod(shape)
    if len(raw) - start != expected:
        raise DataError(
            f"{path} is truncated or too long: {len(raw) - start} bytes of data "
            f"where its header announces {expected}. Restore the file."
        )
    flat = torch.frombuffer(bytearray(raw), dtype=torch.uint8)
    return flat[start:].reshape(shape)
