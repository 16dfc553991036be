"""Reader of the IDX format (http://yann.lecun.com/exdb/mnist), gzipped or not."""

import gzip
import hashlib
import struct
import zlib
from collections.abc import Mapping
from pathlib import Path

import torch

from fedcompare.errors import DataError

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
CHECKSUMS = "SHA256SUMS"
_UNSIGNED_BYTE = 0x08


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the four files' bytes as stored, checked against SHA256SUMS where there is one.

    Raises:
        DataError: a file is missing, unreadable, or differs from its checksum.
    """
    sums = _read_checksums(folder / CHECKSUMS)
    contents = {}
    for name in FILES:
        path = next((p for p in (folder / f"{name}.gz", folder / name) if p.exists()), None)
        if path is None:
            raise DataError(f"{folder} has no {name}(.gz); an IDX folder holds {', '.join(FILES)}")
        try:
            contents[path.name] = path.read_bytes()
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from error
        digest = hashlib.sha256(contents[path.name]).hexdigest()
        if sums.get(path.name, digest) != digest:
            raise DataError(
                f"{path} is truncated or altered: its SHA-256 is not the one in {CHECKSUMS}. "
                "Restore the file (for bundled data: install fedcompare again)."
            )
    return contents


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


def _read_checksums(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").split("\n")
    return {name: value for value, name in (line.split() for line in lines if line)}


def _decode(path: Path, content: bytes) -> torch.Tensor:
    try:
        raw = gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is no complete gzip file: {error}. Restore the file.") from error
    if len(raw) < 4 or raw[:2] != b"\0\0" or raw[2] != _UNSIGNED_BYTE:
        raise DataError(f"{path} is no IDX file of unsigned bytes. Restore the file.")
    start = 4 + 4 * raw[3]
    if len(raw) < start:
        raise DataError(f"{path} is truncated in its header. Restore the file.")
    shape = struct.unpack(f">{raw[3]}I", raw[4:start])
    expected = 1
    for size in shape:
        expected *= size
    if len(raw) - start != expected:
        raise DataError(
            f"{path} is truncated or too long: {len(raw) - start} bytes of data "
            f"where its header announces {expected}. Restore the file."
        )
    flat = torch.frombuffer(bytearray(raw), dtype=torch.uint8)
    return flat[start:].reshape(shape)
