"""LEAF's users as one table: a column for each number of a vector, one of labels, one of users."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from fedcompare.data.decoding.leaf import SIDE, Leaf, Vectors
from fedcompare.data.tables.column import Column, column_of, repeated
from fedcompare.data.tables.parquet_files import as_text
from fedcompare.data.tables.raw import Given, Part, RawTable
from fedcompare.errors import DataError
from fedcompare.text.escaping import visible

_LABEL, _SILO, _SPLIT = "y", "user", "split"


def leaf_table(leaf: Leaf) -> RawTable:
    """Return the rows of all users, one user after another; columns are x1, x2, ..., y, user.

    Raises:
        DataError: the vectors are pictures.
    """
    folder = leaf.folder
    if leaf.is_pictures:
        raise DataError(
            f"{folder.folder} holds pictures of {SIDE} x {SIDE}, and no table. Look at them with: "
            "fedcompare partition"
        )
    lengths = [len(user.labels) for user in leaf.users]
    columns = dict(_numbers(np.concatenate([user.vectors for user in leaf.users])))
    labels = [_text(label) for user in leaf.users for label in user.labels]
    columns[_LABEL] = column_of(pa.array(labels, pa.string()))
    columns[_SILO] = repeated([visible(user.name).strip() for user in leaf.users], lengths)
    if folder.has_splits:
        columns[_SPLIT] = repeated([user.split for user in leaf.users], lengths)
    starts = np.cumsum([0, *lengths[:-1]]).tolist()
    return RawTable(
        place=str(folder.folder),
        columns=columns,
        first_row=1,
        notes=leaf.notes,
        left_out={},
        given=Given(label=_LABEL, silo=_SILO, split=_SPLIT if folder.has_splits else ""),
        parts=tuple(
            Part(name=f"{visible(user.file)}, user {visible(user.name)}", start=start, first_row=1)
            for user, start in zip(leaf.users, starts, strict=True)
        ),
    )


def _numbers(vectors: Vectors) -> Iterator[tuple[str, Column]]:
    for number, values in enumerate(vectors.T, start=1):
        yield f"x{number}", column_of(as_text(pa.array(values)))


def _text(label: Any) -> str:
    """Return a label as a cell of text; one that is not there is empty."""
    if label is None or (isinstance(label, float) and math.isnan(label)):
        return ""
    return str(label)
