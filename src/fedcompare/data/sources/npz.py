"""Arrays of pictures and labels in one NumPy file, in the layouts of MedMNIST and Keras."""

import hashlib
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from fedcompare.config.groups import DataConfig
from fedcompare.data.decoding.assemble import StoredSplit, assemble
from fedcompare.data.decoding.pictures import Picture
from fedcompare.data.examples import Decoded
from fedcompare.data.several_labels import ONE_LABEL
from fedcompare.errors import DataError

_Array = npt.NDArray[Any]
_COLOURS = {1: "L", 3: "RGB", 4: "RGBA"}
_UNREADABLE = (
    *(OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error),
    *(NotImplementedError, TypeError),  # an odd compression; a single array is no archive
)
# Arrays of a split: its pictures, its labels, and what else is named of each example.
_LAYOUTS = (
    ("{0}_images", "{0}_labels", "{0}_{1}"),
    ("x_{0}", "y_{0}", "{1}_{0}"),
    ("{0}_x", "{0}_y", "{0}_{1}"),
)


class NpzFile:
    """A file of arrays, not yet read.

    Raises:
        DataError: there is no such file, or it cannot be read.
    """

    kind: ClassVar[str] = "npz"

    def __init__(self, path: Path, config: DataConfig) -> None:
        self._path = path
        self._config = config
        try:
            with path.open("rb") as file:
                self._digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror}") from error

    @property
    def reads(self) -> frozenset[str]:
        """Return the keys that have an effect."""
        return frozenset({"train_split", "test_split", "image_size", "silo", "group"})

    def identity(self) -> Mapping[str, object]:
        """Return the content's digest: equal files are the same data, wherever they lie."""
        return {"content": self._digest}

    def decode(self) -> Decoded:
        """Return all pictures and labels; objects, which could run code, are never loaded.

        Raises:
            DataError: the file is damaged, lacks an array, or an array is none of pictures or
                labels; or see `assemble`.
        """
        used: list[str] = []
        try:
            # Opened here, since NumPy leaves a damaged file open.
            with self._path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                train, test = (
                    self._split(arrays, split, used)
                    for split in (self._config.train_split, self._config.test_split)
                )
                others = [name for name in arrays.files if name not in used]
        except DataError:
            raise
        except _UNREADABLE as e:
            raise DataError(
                f"{self._path} is no file of plain arrays that NumPy can read: {e}. Write it with "
                "numpy.savez_compressed, without objects."
            ) from e
        return assemble(
            train,
            test,
            class_names=None,
            side=self._config.image_size,
            notes=[f"Arrays that are not used: {', '.join(others)}."] if others else [],
            silo=self._config.silo,
            group=self._config.group,
        )

    def _split(self, arrays: Any, split: str, used: list[str]) -> StoredSplit:
        for layout in _LAYOUTS:
            images, labels = (name.format(split) for name in layout[:2])
            if images in arrays.files and labels in arrays.files:
                break
        else:
            raise DataError(
                f"{self._path} has no arrays {split}_images and {split}_labels (or x_{split} and "
                f"y_{split}); it has {', '.join(arrays.files) or 'none'}. Rename them, or set "
                "train-split and test-split."
            )
        used += [images, labels]
        pixels, stored = arrays[images], arrays[labels]
        other = layout[2].replace("{0}", split)
        place, named = f"{self._path}, {images}", f"{self._path}, {labels}"
        if len(pixels) != len(stored):
            raise DataError(f"{place} has {len(pixels)} pictures, {labels} {len(stored)} labels")
        return StoredSplit(
            name=split,
            pictures=_pictures(pixels, place),
            labels=_labels(stored, named),
            silos=self._named(arrays, "silo", other, len(pixels), used),
            groups=self._named(arrays, "group", other, len(pixels), used),
        )

    def _named(
        self, arrays: Any, key: str, form: str, count: int, used: list[str]
    ) -> list[str] | None:
        """Return what the array of a key names for each picture of a split; None without a key."""
        wanted = str(getattr(self._config, key))
        if not wanted:
            return None
        name = form.replace("{1}", wanted)
        if name not in arrays.files:
            raise DataError(
                f"{key} = {wanted!r}: {self._path} has no array {name}; it has "
                f"{', '.join(arrays.files)}."
            )
        used.append(name)
        names = _labels(arrays[name], f"{self._path}, {name}")
        if len(names) != count:
            raise DataError(
                f"{self._path}, {name} names the {key}s of {len(names)} pictures, but there are "
                f"{count}. Name one for each picture."
            )
        return [str(one).strip() for one in names]


def _pictures(pixels: _Array, place: str) -> Iterator[Picture]:
    """Yield each of the pictures [N, H, W] or [N, H, W, C].

    Raises:
        DataError: they have another shape, or values that are no pixels.
    """
    mode = _mode(pixels, place)
    if pixels.ndim == 4 and pixels.shape[3] == 1:
        pixels = pixels[..., 0]
    if pixels.dtype == np.bool_:
        pixels = pixels * np.uint8(255)
    for row, values in enumerate(pixels):
        yield Picture(
            place=f"{place}, row {row}",
            values=values,
            mode=mode,
            stored=mode,
            size=(values.shape[1], values.shape[0]),
            has_more=False,
        )


def _mode(pixels: _Array, place: str) -> str:
    """Return Pillow's name of what the pictures are."""
    shape = pixels.shape
    channels = shape[3] if pixels.ndim == 4 else 1
    if pixels.ndim not in (3, 4) or channels not in _COLOURS or 0 in shape:
        raise DataError(
            f"{place} has the shape {shape}; pictures are (N, height, width) or (N, height, width, "
            "channels), with 1, 3 or 4 channels. Transpose it, or store rows of a table as CSV."
        )
    if pixels.dtype in (np.uint8, np.bool_):
        return _COLOURS[channels]
    deep = {"u": "I", "i": "I", "f": "F"}.get(pixels.dtype.kind)
    if deep is None or channels > 1:
        raise DataError(
            f"{place} holds {pixels.dtype} in {channels} channels; colour is stored as uint8, and "
            "grey as integers or floats. Convert it."
        )
    return "I;16" if pixels.dtype == np.uint16 else deep


def _labels(stored: _Array, place: str) -> list[int] | list[str]:
    """Return the labels [N] or [N, 1] as integers or text.

    Raises:
        DataError: there are several an example, or they are no classes.
    """
    if stored.ndim == 2 and stored.shape[1] == 1:
        stored = stored[:, 0]
    if stored.ndim != 1:
        raise DataError(
            f"{place} has the shape {stored.shape}: several labels an example. {ONE_LABEL}, "
            "as N, or N x 1, classes"
        )
    if stored.dtype.kind == "U":
        return [str(label) for label in stored]
    if stored.dtype.kind not in "biuf":
        raise DataError(f"{place} holds {stored.dtype}. Store classes as integers or text.")
    wrong = np.flatnonzero(~np.isfinite(stored) | (stored != np.floor(stored)))
    if len(wrong):
        raise DataError(
            f"{place}, row {wrong[0]} is {stored[wrong[0]]}, which is no class. Store classes as "
            "integers or text."
        )
    return [int(label) for label in stored]
