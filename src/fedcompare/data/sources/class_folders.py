"""Pictures in folders of their classes: CLASS/picture.png, below folders of splits or silos.

Hugging Face datasets reads SPLIT/CLASS/ too, but takes a class folder "test" or a picture
"test-1.png" for the test split, drops linked folders, and gives up the labels where one picture
lies deeper.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import ClassVar

import numpy as np
from PIL import Image

from fedcompare.config.groups import DataConfig
from fedcompare.data.decoding.assemble import StoredSplit, assemble
from fedcompare.data.decoding.files import DataFile, is_hidden, list_files, read_bytes
from fedcompare.data.decoding.pictures import Encoded
from fedcompare.data.examples import Decoded, Indices
from fedcompare.data.held_out import check_ours, split_rows
from fedcompare.data.sources.layouts import Layout, Level, find_layout
from fedcompare.text.wording import plural

_TABLES = ("metadata.csv", "metadata.jsonl", "metadata.parquet")  # of labels, read by the library


@dataclass(frozen=True, slots=True)
class _Picture:
    """A picture's path below the folder, and what the folders above it say."""

    path: PurePosixPath
    layout: Layout

    def of(self, level: Level) -> str:
        """Return the name of its folder of a level; "" where the layout has no such level."""
        return self.path.parts[self.layout.index(level)] if level in self.layout else ""


class ClassFolders:
    """The files of a folder, listed but not yet read, and what its folders stand for."""

    kind: ClassVar[str] = "folders"

    def __init__(
        self, folder: Path, config: DataConfig, files: Sequence[DataFile], layout: Layout
    ) -> None:
        self._folder = folder
        self._config = config
        self._files = files
        self._layout = layout

    @classmethod
    def find(cls, folder: Path, config: DataConfig) -> "ClassFolders | None":
        """Return the folder's pictures, or None if none lies in a folder of its own.

        Raises:
            DataError: a file or folder cannot be read, or see `find_layout`.
        """
        if config.dataset_config or not folder.is_dir():
            return None
        files = [file for file in list_files(folder) if not is_hidden(file.name)]
        paths = [PurePosixPath(file.name) for file in files]
        pictures = [path for path in paths if _is_picture(path)]
        tables = any(path.name in _TABLES for path in paths)
        if tables or all(len(path.parts) == 1 for path in pictures):
            return None
        splits = (config.train_split, config.test_split)
        return cls(folder, config, files, find_layout(folder, pictures, splits))

    @property
    def reads(self) -> frozenset[str]:
        """Return the keys that have an effect."""
        return frozenset({"image_size", "held_out", "test_fraction", "train_split", "test_split"})

    def identity(self) -> Mapping[str, object]:
        """Return where the files lie, and each one's name, size and time of change."""
        return {
            "folder": str(self._folder.resolve()),
            "files": self._files,
            "classes": self._class_names(),
        }

    def decode(self) -> Decoded:
        """Return all pictures, and as labels and silos the folders that they lie in.

        Raises:
            DataError: see `assemble`.
        """
        pictures = list(self._pictures())
        train, test, held = self._split(pictures)
        names = self._class_names()
        return assemble(
            self._stored(self._config.train_split, pictures, train, names),
            self._stored(self._config.test_split, pictures, test, names),
            class_names=names,
            side=self._config.image_size,
            notes=[*held, *self._notes()],
            is_dealt=Level.SPLIT not in self._layout,
        )

    def _pictures(self) -> Iterator[_Picture]:
        """Yield the pictures of both splits, by path."""
        splits = (self._config.train_split, self._config.test_split)
        for file in self._files:
            picture = _Picture(PurePosixPath(file.name), self._layout)
            if _is_picture(picture.path) and self._fits(picture, splits):
                yield picture

    def _fits(self, picture: _Picture, splits: Sequence[str]) -> bool:
        deep_enough = len(picture.path.parts) > len(self._layout)
        return deep_enough and (
            Level.SPLIT not in self._layout or picture.of(Level.SPLIT) in splits
        )

    def _split(self, pictures: Sequence[_Picture]) -> tuple[Indices, Indices, list[str]]:
        """Return the numbers of what to train on and to test on, by folders or held out."""
        if Level.SPLIT in self._layout:
            check_ours(self._config, f"the folders of {self._folder}")
            of_train = np.array(
                [picture.of(Level.SPLIT) == self._config.train_split for picture in pictures]
            )
            notes = []
        else:
            classes, silos = (
                np.unique([picture.of(level) for picture in pictures], return_inverse=True)[1]
                for level in (Level.CLASS, Level.SILO)
            )
            held, note = split_rows(self._config, classes, silos, noun="picture")
            of_train, notes = ~held, [note]
        return np.flatnonzero(of_train), np.flatnonzero(~of_train), notes

    def _stored(
        self, split: str, pictures: Sequence[_Picture], rows: Indices, names: Sequence[str]
    ) -> StoredSplit:
        """Return the split of the pictures with these numbers."""
        labels = {name: label for label, name in enumerate(names)}
        own = [pictures[row] for row in rows]
        return StoredSplit(
            name=split,
            pictures=self._read(own),
            labels=[labels[picture.of(Level.CLASS)] for picture in own],
            silos=[picture.of(Level.SILO) for picture in own]
            if Level.SILO in self._layout
            else None,
            rows=rows.tolist() if self._config.fold else None,
        )

    def _class_names(self) -> list[str]:
        """Return the names of the class folders, those without pictures too."""
        level = self._layout.index(Level.CLASS)
        splits = (self._config.train_split, self._config.test_split)
        names = set()
        for place in self._folder.glob("/".join("*" * (level + 1))):
            path = place.relative_to(self._folder)
            own = _Picture(PurePosixPath(path), self._layout)
            hidden = any(map(is_hidden, path.parts))
            if (
                place.is_dir()
                and not hidden
                and (Level.SPLIT not in self._layout or own.of(Level.SPLIT) in splits)
            ):
                names.add(place.name)
        return sorted(names)

    def _read(self, pictures: Sequence[_Picture]) -> Iterator[Encoded]:
        for picture in pictures:
            path = self._folder / picture.path
            yield Encoded(read_bytes(path), str(path))

    def _notes(self) -> Iterator[str]:
        """Say what the folders were taken for, and which files are of no use."""
        if Level.SILO in self._layout:
            yield f"Folders name silos: {'/'.join(self._layout).upper()}/picture."
        used = {picture.path for picture in self._pictures()}
        deeper = sorted(path for path in used if len(path.parts) > len(self._layout) + 1)
        if deeper:
            yield (
                f"Pictures deeper than their class folder, {len(deeper)}, such as {deeper[0]}: "
                "their class is the outer folder."
            )
        paths = [PurePosixPath(file.name) for file in self._files]
        unused = [path for path in paths if _is_picture(path) and path not in used]
        for folder, count in sorted(Counter(path.parts[0] for path in unused).items()):
            yield f"{folder} is none of the splits: {plural(count, 'picture')} left out."
        if others := [path for path in paths if not _is_picture(path)]:
            yield f"Files that are no pictures, {len(others)}, such as {others[0]}: left out."


def _is_picture(path: PurePosixPath) -> bool:
    return Image.registered_extensions().get(path.suffix.lower()) in Image.OPEN
