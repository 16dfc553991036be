"""The folders and files in which LEAF keeps its JSON."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from fedcompare.data.decoding.files import is_hidden, list_files
from fedcompare.data.splits import check_splits
from fedcompare.errors import DataError
from fedcompare.text.escaping import visible

_START = 4096  # bytes, among which the first key stands
_KEYS = ("users", "num_samples", "user_data", "hierarchies")


@dataclass(frozen=True, slots=True, kw_only=True)
class LeafFolder:
    """The files of all users by path below the folder, each with its split, "" without any."""

    folder: Path
    files: Mapping[str, str]
    notes: tuple[str, ...] = ()

    @property
    def has_splits(self) -> bool:
        """Return whether folders say what is trained on."""
        return any(self.files.values())


def holds_leaf(folder: Path) -> bool:
    """Return whether a folder holds LEAF's JSON, by how its files begin.

    Raises:
        DataError: the folder or a file cannot be read.
    """
    paths = [PurePosixPath(file.name) for file in list_files(folder)]
    near = [path for path in paths if _is_json(path) and len(path.parts) <= 2]
    return any(_first_word(folder / path) in _KEYS for path in near)


def find_leaf(folder: Path, splits: Sequence[str]) -> LeafFolder:
    """Return the files below the folders called as the `splits`, or else those in the folder.

    Raises:
        DataError: there is none, or the folder cannot be read.
    """
    if not folder.is_dir():
        kind = "is a file" if folder.exists() else "does not exist"
        raise DataError(f"{folder} {kind}. Name a folder of LEAF's JSON files.")
    check_splits(splits)
    every = [PurePosixPath(file.name) for file in list_files(folder) if not is_hidden(file.name)]
    found = [path for path in every if _is_json(path)]
    inner = {str(path): path.parts[0] for path in found if len(path.parts) == 2}
    files = {name: split for name, split in inner.items() if split in splits}
    if set(files.values()) != set(splits):
        files = {str(path): "" for path in found if len(path.parts) == 1}
    # A file without any word is damaged, and not another kind of file.
    known = {
        name: split for name, split in files.items() if _first_word(folder / name) in ("", *_KEYS)
    }
    if not known:
        raise DataError(
            f"{folder} holds no JSON of LEAF's, with users and user_data. Name the folder in which "
            f"they lie, or that of {' and '.join(splits)}."
        )
    others = [path for path in every if str(path) not in known]
    notes = [
        f"Files that are not used, {len(others)}, such as {visible(str(other))}: left out."
        for other in others[:1]
    ]
    return LeafFolder(folder=folder, files=known, notes=tuple(notes))


def _is_json(path: PurePosixPath) -> bool:
    return path.suffix.lower() == ".json" and not is_hidden(path.name)


def _first_word(path: Path) -> str:
    """Return the first key of a file of JSON, or what else it begins with; "" if there is none.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_START)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    text = start.decode("utf-8", "replace").lstrip("\ufeff").strip()
    found = re.match(r'\{\s*"(\w*)"', text)
    return found[1] if found else text.removeprefix("{")
