"""Pictures in folders of their classes: FOLDER/train/CLASS/picture.png, FOLDER/test/...

Hugging Face datasets reads this layout too, but takes a class folder "test" or a picture
"test-1.png" for the test split, drops linked folders, and gives up the labels where one picture
lies deeper.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import ClassVar

from PIL import Image

from fedcompare.config.groups import DataConfig
from fedcompare.data.decoding.assemble import StoredSplit, assemble
from fedcompare.data.decoding.files import DataFile, is_hidden, list_files, read_bytes
from fedcompare.data.decoding.pictures import Encoded
from fedcompare.data.examples import Decoded
from fedcompare.errors import DataError

_TABLES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")  # of labels, read by the library


class ClassFolders:
    """The files of both splits, listed but not yet read."""

    kind: ClassVar[str] = "folders"

    def __init__(
        self, folder: Path, config: DataConfig, files: Mapping[str, list[DataFile]]
    ) -> None:
        self._folder = folder
        self._config = config
        self._files = files

    @classmethod
    def find(cls, folder: Path, config: DataConfig) -> "ClassFolders | None":
        """Return the folder's pictures, or None if it has another layout.

        Raises:
            DataError: a file or folder cannot be read.
        """
        names = (config.train_split, config.test_split)
        if config.dataset_config or not all(n and os.path.isdir(folder / n) for n in names):
            return None
        files = {
            name: [file for file in list_files(folder / name) if not is_hidden(file.name)]
            for name in names
        }
        both = [PurePosixPath(file.name) for own in files.values() for file in own]
        if any(path.name in _TABLES for path in both) or not any(map(_is_picture, both)):
            return None
        return cls(folder, config, files)

    def identity(self) -> Mapping[str, object]:
        """Return where the files lie, and each one's name, size and time of change."""
        return {
            "folder": str(self._folder.resolve()),
            "files": self._files,
            "classes": self._class_names(),
        }

    def decode(self) -> Decoded:
        """Return all pictures, and as labels the folders that they lie in.

        Raises:
            DataError: a picture lies outside of class folders, or see `assemble`.
        """
        labels = {name: label for label, name in enumerate(self._class_names())}
        splits = {split: _pictures(files) for split, files in self._files.items()}
        for split, pictures in splits.items():
            self._check_places(split, pictures)
        self._check_depths([path for pictures in splits.values() for path in pictures])
        train, test = (
            StoredSplit(
                name=split,
                pictures=self._read(split, splits[split]),
                labels=[labels[path.parts[0]] for path in splits[split]],
            )
            for split in (self._config.train_split, self._config.test_split)
        )
        return assemble(
            train,
            test,
            class_names=list(labels),
            side=self._config.image_size,
            notes=self._notes(),
        )

    def _class_names(self) -> list[str]:
        """Return the names of the class folders, those without pictures too."""
        return sorted(
            {
                place.name
                for split in self._files
                for place in (self._folder / split).iterdir()
                if place.is_dir() and not is_hidden(place.name)
            }
        )

    def _read(self, split: str, pictures: list[PurePosixPath]) -> Iterator[Encoded]:
        for picture in pictures:
            path = self._folder / split / picture
            yield Encoded(read_bytes(path), str(path))

    def _check_places(self, split: str, pictures: list[PurePosixPath]) -> None:
        if outside := [path for path in pictures if len(path.parts) == 1]:
            folder = self._folder / split
            raise DataError(
                f"{len(outside)} of {len(pictures)} pictures in {folder} lie in no class folder, "
                f"such as {outside[0]}. Put each into the folder of its class, "
                f"{folder / 'CLASS' / outside[0]}, or list them in {folder}/metadata.csv with the "
                "columns file_name and label."
            )

    def _check_depths(self, pictures: list[PurePosixPath]) -> None:
        """Refuse class folders with folders alone, of which any level could be the class."""
        direct = {path.parts[0] for path in pictures if len(path.parts) == 2}
        if unclear := [path for path in pictures if path.parts[0] not in direct]:
            raise DataError(
                f"{self._folder}: no picture lies in class folder {unclear[0].parts[0]!r} itself, "
                f"all lie deeper, such as {unclear[0]}, so it may be no class. Put the pictures "
                "into SPLIT/CLASS/."
            )

    def _notes(self) -> list[str]:
        paths = [
            PurePosixPath(split, file.name) for split, own in self._files.items() for file in own
        ]
        deeper = [path for path in paths if _is_picture(path) and len(path.parts) > 3]
        others = [path for path in paths if not _is_picture(path)]
        notes = []
        if deeper:
            notes.append(
                f"Pictures deeper than their class folder, {len(deeper)}, such as {deeper[0]}: "
                "their class is the outer folder."
            )
        if others:
            notes.append(
                f"Files that are no pictures, {len(others)}, such as {others[0]}: left out."
            )
        return notes


def _pictures(files: list[DataFile]) -> list[PurePosixPath]:
    return [path for path in (PurePosixPath(file.name) for file in files) if _is_picture(path)]


def _is_picture(path: PurePosixPath) -> bool:
    return Image.registered_extensions().get(path.suffix.lower()) in Image.OPEN
