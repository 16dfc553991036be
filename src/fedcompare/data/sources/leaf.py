"""LEAF's JSON (Caldas et al. 2018): users are silos, with FEMNIST's pictures or rows."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from fedcompare.config.groups import DataConfig, DatasetName
from fedcompare.data.decoding.assemble import StoredSplit, assemble
from fedcompare.data.decoding.files import find_folder
from fedcompare.data.decoding.leaf import SIDE, Leaf, User, read_leaf
from fedcompare.data.decoding.leaf_folder import find_leaf
from fedcompare.data.decoding.pictures import Picture
from fedcompare.data.examples import Decoded, Indices
from fedcompare.data.held_out import check_ours, split_rows
from fedcompare.data.sources.table import decoded
from fedcompare.data.tables.leaf_table import leaf_table
from fedcompare.data.tables.reading import table_identity
from fedcompare.data.tables.study import study_table
from fedcompare.errors import DataError
from fedcompare.text.typed import shown

_OF_BOTH = ("label", "held_out", "test_fraction", "train_split", "test_split")
_OF_TABLES = ("features", "ignore", "categories", "test_data")
_OF_PICTURES = ("image_size",)


class LeafUsers:
    """The users' files, listed but not yet read.

    Raises:
        DataError: see `find_leaf`.
    """

    kind: ClassVar[str] = "leaf"

    def __init__(self, config: DataConfig) -> None:
        splits = (config.train_split, config.test_split)
        self._config = config
        self._folder = find_leaf(find_folder(config.source.place or "").absolute(), splits)

    @property
    def reads(self) -> frozenset[str]:
        """Return the keys that have an effect; some have it on pictures alone, or on tables."""
        return frozenset((*_OF_BOTH, *_OF_TABLES, *_OF_PICTURES))

    def identity(self) -> Mapping[str, object]:
        """Return the files' names and the digests of their contents."""
        names = (self._config.dataset, self._config.test_data)
        return {
            "contents": [
                table_identity(DatasetName.parse(name), self._config) for name in names if name
            ]
        }

    def decode(self) -> Decoded:
        """Return all users' examples.

        Raises:
            DataError: see `read_leaf`; or a key is set that has no effect on such vectors.
        """
        leaf = read_leaf(self._folder)
        if leaf.is_pictures:
            self._check_keys("pictures", _OF_TABLES)
            return self._pictures(leaf)
        self._check_keys("vectors", _OF_PICTURES)
        return decoded(study_table(leaf_table(leaf), self._config))

    def _check_keys(self, what: str, unread: Sequence[str]) -> None:
        default = DataConfig()
        for name in unread:
            if (value := getattr(self._config, name)) != getattr(default, name):
                key = name.replace("_", "-")
                raise DataError(
                    f"{key} = {shown(value)} has no effect on {self._folder.folder}, which holds "
                    f"{what}. Leave it out."
                )

    def _pictures(self, leaf: Leaf) -> Decoded:
        if self._config.label not in ("", "y"):
            raise DataError(f"label = {shown(self._config.label)}: LEAF's labels are called y")
        rows = [(user, row) for user in leaf.users for row in range(len(user.labels))]
        of_train, notes = self._train(leaf, rows)
        train, test = (
            _stored(split, rows, numbers, is_fold=self._config.fold is not None)
            for split, numbers in (
                (self._config.train_split, np.flatnonzero(of_train)),
                (self._config.test_split, np.flatnonzero(np.logical_not(of_train))),
            )
        )
        return assemble(
            train,
            test,
            class_names=None,
            side=self._config.image_size,
            notes=[*leaf.notes, *notes],
            silo="user",
            is_dealt=not leaf.folder.has_splits,
        )

    def _train(
        self, leaf: Leaf, rows: Sequence[tuple[User, int]]
    ) -> tuple[Sequence[bool], list[str]]:
        """Return which examples are trained on, by folders or by a share held out."""
        if leaf.folder.has_splits:
            check_ours(self._config, str(leaf.folder.folder))
            return [user.split == self._config.train_split for user, _ in rows], []
        classes, silos = (
            np.unique(values, return_inverse=True)[1]
            for values in (
                [str(user.labels[row]) for user, row in rows],
                [user.name for user, _ in rows],
            )
        )
        held, note = split_rows(self._config, classes, silos, noun="picture")
        return (~held).tolist(), [note]


def _stored(
    split: str, rows: Sequence[tuple[User, int]], numbers: Indices, *, is_fold: bool
) -> StoredSplit:
    """Return the split of the rows with these numbers."""
    own = [rows[number] for number in numbers]
    return StoredSplit(
        name=split,
        pictures=_read(own),
        labels=[_label(user, row) for user, row in own],
        silos=[user.name.strip() for user, _ in own],
        rows=numbers.tolist() if is_fold else None,
    )


def _read(rows: Sequence[tuple[User, int]]) -> Iterator[Picture]:
    for user, row in rows:
        yield Picture(
            place=f"{user.file}, user {user.name}, row {row + 1}",
            values=user.vectors[row].reshape(SIDE, SIDE),
            mode="F",
            stored="F",
            size=(SIDE, SIDE),
            has_more=False,
        )


def _label(user: User, row: int) -> Any:
    """Return a label as a class: a number that JSON writes with decimals, 1.0, is 1.

    Raises:
        DataError: it is no class.
    """
    label = user.labels[row]
    if isinstance(label, float):
        if not label.is_integer():
            raise DataError(
                f"{user.file}, user {user.name}, row {row + 1}: y is {label}, which is no class. "
                "Store classes as integers or text."
            )
        return int(label)
    return label
