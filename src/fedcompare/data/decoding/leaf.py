"""LEAF's JSON (Caldas et al. 2018, https://leaf.cmu.edu): the examples of many users, by user."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fedcompare.data.decoding.leaf_folder import LeafFolder
from fedcompare.errors import DataError
from fedcompare.text.escaping import visible
from fedcompare.text.typed import shown
from fedcompare.text.wording import plural

SIDE = 28  # of FEMNIST's pictures, which are stored as vectors
_ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".gif")

Vectors = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class User:
    """The examples that one user has in one file: vectors [N, F] and as many labels."""

    name: str
    file: str
    split: str
    vectors: Vectors
    labels: Sequence[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Leaf:
    """All users with examples in the order of the files, and notes."""

    folder: LeafFolder
    users: tuple[User, ...]
    notes: tuple[str, ...]

    @property
    def is_pictures(self) -> bool:
        """Return whether vectors are FEMNIST's pictures."""
        return int(self.users[0].vectors.shape[1]) == SIDE * SIDE


def read_leaf(folder: LeafFolder) -> Leaf:
    """Return the examples of all users.

    Raises:
        DataError: a file is damaged, or what it holds does not fit together or is no vectors of
            numbers; file and user are named.
    """
    users: list[User] = []
    notes = list(folder.notes)
    seen: dict[tuple[str, str], str] = {}
    for name, split in folder.files.items():
        content = _load(folder.folder / name)
        if "hierarchies" in content:
            notes.append(f"{visible(name)}: hierarchies of users are not used.")
        for user in _users(folder.folder / name, name, split, content):
            if other := seen.get((split, user.name)):
                raise DataError(
                    f"{folder.folder}: user {shown(user.name)} stands twice, in {other} and "
                    f"{name}. Remove one of them."
                )
            seen[split, user.name] = name
            users.append(user)
    if empty := [user.name for user in users if not len(user.labels)]:
        notes.append(
            f"{plural(len(empty), 'user')} without examples, such as {visible(empty[0])}: left out."
        )
    full = tuple(user for user in users if len(user.labels))
    _check_widths(folder.folder, full)
    return Leaf(folder=folder, users=full, notes=tuple(notes))


def _load(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is no complete JSON: {error}. Restore the file.") from error
    if lacking := [key for key in ("users", "user_data") if key not in content]:
        raise DataError(f"{path} is no JSON of LEAF's: it lacks {lacking[0]!r}. Remove the file.")
    users, data = content["users"], content["user_data"]
    if not isinstance(users, list) or not isinstance(data, dict):
        raise DataError(f"{path} is no JSON of LEAF's: users is no list, or user_data no object.")
    names = list(map(str, users))
    if strange := sorted({*names} ^ {*data}):
        place = "users, but not in user_data" if strange[0] in names else "user_data, not in users"
        raise DataError(f"{path}: user {shown(strange[0])} is in {place}. Restore the file.")
    counts = content.get("num_samples")
    if counts is not None and (not isinstance(counts, list) or len(counts) != len(users)):
        raise DataError(
            f"{path}: num_samples is no list of a number for each of {plural(len(users), 'user')}. "
            "Restore the file."
        )
    return content  # type: ignore[no-any-return]


def _users(path: Path, name: str, split: str, content: Mapping[str, Any]) -> Iterator[User]:
    """Yield the users of one file."""
    users = list(map(str, content["users"]))
    counts = content.get("num_samples") or [None] * len(users)
    for user, count in zip(users, counts, strict=True):
        where = f"{path}, user {shown(user)}"
        own = content["user_data"][user]
        if not isinstance(own, dict) or not all(isinstance(own.get(key), list) for key in "xy"):
            raise DataError(f"{where} has no lists x and y. Restore the file.")
        x, labels = own["x"], own["y"]
        if len(x) != len(labels):
            raise DataError(
                f"{where} has {len(x)} examples in x, but {plural(len(labels), 'label')} in y. "
                "Restore the file."
            )
        if count is not None and count != len(x):
            raise DataError(
                f"{where} has {plural(len(x), 'example')}, but num_samples says {count}. Restore "
                "the file."
            )
        _check_labels(where, labels)
        yield User(name=user, file=name, split=split, vectors=_vectors(where, x), labels=labels)


def _vectors(where: str, x: Sequence[Any]) -> Vectors:
    """Return a user's vectors, float32 if they are pictures, else float64 [N, F].

    Raises:
        DataError: they are text, names of files, or of several lengths.
    """
    if not x:
        return np.empty((0, 0))
    _check_text(where, x[0])
    try:
        found = np.asarray(x)
    except ValueError:  # of several lengths
        found = np.empty(0, dtype=object)
    if found.ndim == 2 and found.dtype.kind in "biuf" and found.shape[1]:
        narrow = found.shape[1] == SIDE * SIDE
        return found.astype(np.float32 if narrow else np.float64)
    lengths = [len(vector) if isinstance(vector, list) else 0 for vector in x]
    if len(set(lengths)) > 1:
        row = next(row for row, length in enumerate(lengths) if length != lengths[0])
        raise DataError(
            f"{where}, row {row + 1}: x has {plural(lengths[row], 'number')}, but row 1 has "
            f"{lengths[0]}. All vectors need one length."
        )
    raise DataError(
        f"{where}: x holds no vectors of numbers, but such as {shown(x[0])}. Store each example as "
        "a list of numbers."
    )


def _check_text(where: str, first: Any) -> None:
    while isinstance(first, list) and first:
        first = first[0]
    if not isinstance(first, str):
        return
    if first.lower().endswith(_ENDINGS):
        raise DataError(
            f"{where}: x names files of pictures, such as {shown(first)}, as LEAF's CelebA does. "
            "Put the pictures into folders SILO/CLASS/picture.jpg, and use --data with the folder "
            "above them."
        )
    raise DataError(
        f"{where}: x holds text, such as {shown(first)}, as LEAF's Shakespeare and Sent140 do; "
        "fedcompare learns from numbers. Store each example as a list of numbers, such as counts "
        "of words."
    )


def _check_labels(where: str, labels: Sequence[Any]) -> None:
    wrong = [row for row, label in enumerate(labels) if isinstance(label, list | dict)]
    if wrong:
        raise DataError(
            f"{where}, row {wrong[0] + 1}: y is {shown(labels[wrong[0]])}, and no single label. "
            "fedcompare needs one for each example."
        )


def _check_widths(folder: Path, users: Sequence[User]) -> None:
    if not users:
        raise DataError(f"{folder}: no user has an example. Choose a folder with data.")
    first = users[0]
    for user in users:
        if user.vectors.shape[1] != first.vectors.shape[1]:
            raise DataError(
                f"{folder / user.file}, user {shown(user.name)}: vectors have "
                f"{user.vectors.shape[1]} numbers, but those of {shown(first.name)} in "
                f"{first.file} {first.vectors.shape[1]}. All need one length."
            )
