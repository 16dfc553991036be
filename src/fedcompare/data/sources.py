"""Where a dataset comes from: its name's form decides which source opens it."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Protocol

import numpy as np
import torch

from fedcompare.config.groups import DataConfig
from fedcompare.data import idx
from fedcompare.data.examples import Decoded
from fedcompare.data.files import find_folder
from fedcompare.data.labels import encode_labels
from fedcompare.data.sizes import Sized, check_sizes, resize, resize_notes
from fedcompare.errors import DataError

BUNDLED = Path(__file__).parent / "mnist"
_IDX_SPLITS = ("train", "t10k")


class Source(Protocol):
    """Opened data of which little has been read yet."""

    kind: ClassVar[str]

    def identity(self) -> Mapping[str, object]:
        """Return what changes whenever the stored data change, but for the configuration.

        Raises:
            FedcompareError: a file cannot be read.
        """
        ...

    def decode(self) -> Decoded:
        """Return all pictures and labels, read anew.

        Raises:
            FedcompareError: something is missing, damaged, or does not fit together.
        """
        ...


def open_source(config: DataConfig, *, fresh: bool = False) -> Source:
    """Return the source that `config` names; `fresh` passes by what other libraries prepared.

    Raises:
        DataError: the name has another form, or files are missing or damaged.
        HubError: the hub cannot be reached, or has no such dataset.
    """
    kind, _, place = config.dataset.partition(":")
    if config.dataset == "mnist":
        return IdxFolder(BUNDLED, config)
    if kind == "idx" and place:
        return IdxFolder(find_folder(place), config)
    if kind == "hub" and place:
        return _open_hub(place, config, fresh=fresh)
    raise DataError(f"dataset = {config.dataset!r} is unknown; use mnist, idx:FOLDER, or hub:NAME")


def _open_hub(place: str, config: DataConfig, *, fresh: bool) -> Source:
    from fedcompare.data.folders import ClassFolders  # imports that MNIST can do without
    from fedcompare.data.hub import HubDataset

    if folders := ClassFolders.find(find_folder(place), config):
        return folders
    return HubDataset(place, config, fresh=fresh)


class IdxFolder:
    """A folder of four IDX files, read and checked but not yet decoded.

    Raises:
        DataError: a file is missing, unreadable, or differs from its checksum.
    """

    kind: ClassVar[str] = "idx"

    def __init__(self, folder: Path, config: DataConfig) -> None:
        self._folder = folder
        self._side = config.image_size
        self._contents = idx.read_files(folder)
        self._digest = idx.digest(self._contents)
        self._unlisted = idx.unlisted(folder, self._contents)

    def identity(self) -> Mapping[str, object]:
        """Return the content's digest: equal files are the same data, wherever they lie."""
        return {"content": self._digest, "unlisted": self._unlisted}

    def decode(self) -> Decoded:
        """Return all pictures and labels.

        Raises:
            DataError: a file is damaged, or the pictures differ in size.
        """
        splits = [idx.decode_split(self._folder, self._contents, name) for name in _IDX_SPLITS]
        (train, _), (test, _) = splits
        sizes = [
            Sized((images.shape[3], images.shape[2]), f"in {self._folder / name}", len(images))
            for (images, _), name in zip(splits, idx.FILES[::2], strict=True)
        ]
        if not self._side:
            check_sizes(sizes)
        stored = [(name, own.tolist()) for name, (_, own) in zip(_IDX_SPLITS, splits, strict=True)]
        labels, class_names, label_notes = encode_labels(stored)
        return Decoded(
            train_pixels=_resize_all(train, self._side),
            train_labels=labels[0],
            test_pixels=_resize_all(test, self._side),
            test_labels=labels[1],
            class_names=class_names,
            stored_names=class_names,
            fingerprint=self._fingerprint(),
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
        return [f"{idx.CHECKSUMS} does not list {', '.join(self._unlisted)}: not checked."]


def _resize_all(images: torch.Tensor, side: int) -> torch.Tensor:
    """Return uint8 [N, 1, H, W] as [N, 1, side, side]; unchanged if `side` is 0."""
    if side == 0:
        return images
    return torch.from_numpy(np.stack([resize(image[0].numpy(), side)[None] for image in images]))
