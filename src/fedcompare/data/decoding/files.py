"""The files of a local dataset, and what tells their versions apart without reading them."""

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from fedcompare.errors import DataError


class DataFile(NamedTuple):
    """One file: its name below the folder (with /), size in bytes, and time of change."""

    name: str
    size: int
    mtime_ns: int


def find_folder(place: str) -> Path:
    """Return the path that a user typed, with ~ for the home folder."""
    return Path(os.path.expanduser(place))  # Path.expanduser raises where there is no such user


def list_files(folder: Path) -> list[DataFile]:
    """Return all files below `folder` by name; links are followed, hidden folders left out.

    Raises:
        DataError: a link leads nowhere or in a circle, or a folder cannot be read.
    """
    return sorted(_walk(folder, "", frozenset()))


def is_hidden(name: str) -> bool:
    """Return whether the last part of a path is hidden, as .DS_Store and ._picture.png are."""
    return PurePosixPath(name).name.startswith(".")


def linked_folders(folder: Path, files: Iterable[DataFile]) -> list[str]:
    """Return those folders of `files`, below `folder`, that are links."""
    parents = {parent for file in files for parent in PurePosixPath(file.name).parents}
    return sorted(str(place) for place in parents if place.name and (folder / place).is_symlink())


def read_bytes(path: Path) -> bytes:
    """Return a file's content.

    Raises:
        DataError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def content_digest(path: Path) -> str:
    """Return the SHA-256 of a file's content.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def _walk(folder: Path, below: str, above: frozenset[str]) -> Iterator[DataFile]:
    here = folder / below
    real = os.path.realpath(here)
    if real in above:
        raise DataError(f"{here} is a link to a folder that it lies in. Remove the link.")
    try:
        entries = list(os.scandir(here))
    except OSError as error:
        raise DataError(f"{here} cannot be read: {error.strerror}") from error
    for entry in entries:
        name = f"{below}/{entry.name}" if below else entry.name
        if entry.is_dir():
            if not is_hidden(name):
                yield from _walk(folder, name, above | {real})
        else:
            yield _describe(Path(entry.path), name)


def _describe(path: Path, name: str) -> DataFile:
    try:
        found = path.stat()
    except OSError as error:
        kind = "is a link to nothing" if path.is_symlink() else "cannot be read"
        raise DataError(f"{path} {kind}: {error.strerror}. Restore or remove it.") from error
    if not stat.S_ISREG(found.st_mode):
        raise DataError(f"{path} is no file that can be read as data. Remove it.")
    return DataFile(name, found.st_size, found.st_mtime_ns)
