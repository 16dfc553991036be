"""A folder of four IDX files, such as those of MNIST."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch

from fedcompare.config.groups import DataConfig
from fedcompare.data.decoding.labels import encode_labels
from fedcompare.data.decoding.sizes import Sized, check_sizes, count_bytes, resize, resize_notes
from fedcompare.data.examples import Decoded, Split
from fedcompare.data.sources import idx_files

MNIST = Path(__file__).parents[1] / "mnist"
_IDX_SPLITS = ("train", "t10k")


class IdxFolder:
    """A folder of four IDX files, read and checked but not yet decoded.

    Raises:
        DataError: a file is missing, unreadable, or differs from its checksum.
    """

    kind: ClassVar[str] = "idx"

    def __init__(self, folder: Path, config: DataConfig) -> None:
        self._folder = folder
        self._side = config.image_size
        self._contents = idx_files.read_files(folder)
        self._digest = idx_files.digest(self._contents)
        self._unlisted = idx_files.unlisted(folder, self._contents)

    @property
    def reads(self) -> frozenset[str]:
        """Return the keys that have an effect."""
        return frozenset({"image_size"})

    def identity(self) -> Mapping[str, object]:
        """Return the content's digest: equal files are the same data, wherever they lie."""
        return {"content": self._digest, "unlisted": self._unlisted}

    def decode(self) -> Decoded:
        """Return all pictures and labels.

        Raises:
            DataError: a file is damaged, or the pictures differ in size.
        """
        splits = [
            idx_files.decode_split(self._folder, self._contents, name) for name in _IDX_SPLITS
        ]
        (train, _), (test, _) = splits
        sizes = [
            Sized((images.shape[3], images.shape[2]), f"in {self._folder / name}", len(images))
            for (images, _), name in zip(splits, idx_files.FILES[::2], strict=True)
        ]
        if not self._side:
            check_sizes(sizes)
        stored = [(name, own.tolist()) for name, (_, own) in zip(_IDX_SPLITS, splits, strict=True)]
        labels, class_names, label_notes = encode_labels(stored)
        train_pixels = _resize_all(train, self._side)
        return Decoded(
            train=Split(inputs=train_pixels, labels=labels[0]),
            test=Split(inputs=_resize_all(test, self._side), labels=labels[1]),
            class_names=class_names,
            stored_names=class_names,
            fingerprint=self._fingerprint(),
            example_bytes=count_bytes(train_pixels.shape),
            notes=(*self._checksum_notes(), *resize_notes(sizes, self._side), *label_notes),
        )

    def _fingerprint(self) -> str:
        """Return the digest of the files, and of the size to which their pictures are brought."""
        if self._side == 0:
            return self._digest
        return hashlib.sha256(f"{self._digest}/{self._side}".encode()).hexdigest()

    def _checksum_notes(self) -> list[str]:
        if not self._unlisted:
            return []
        return [f"{idx_files.CHECKSUMS} does not list {', '.join(self._unlisted)}: not checked."]


def _resize_all(images: torch.Tensor, side: int) -> torch.Tensor:
    """Return uint8 [N, 1, H, W] as [N, 1, side, side]; unchanged if `side` is 0."""
    if side == 0:
        return images
    return torch.from_numpy(np.stack([resize(image[0].numpy(), side)[None] for image in images]))
