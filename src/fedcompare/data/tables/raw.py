"""A table as it is stored: every cell is text, and nothing is guessed yet."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from fedcompare.data.several_labels import ONE_LABEL
from fedcompare.data.tables.column import Column
from fedcompare.errors import DataError
from fedcompare.text.typed import shown, suggestion

_REMEDIES = {"label": ONE_LABEL}
_NUMBERED = "row numbers, a first column without a name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The columns whose role the form of the data says; "" where keys alone can say it."""

    label: str = ""
    silo: str = ""
    split: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of several files: its name, the 0-based index of its first row, and its number there."""

    name: str
    start: int
    first_row: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RawTable:
    """The columns of one file, or of several `parts`, by name in their order; an empty cell is "".

    `first_row` is the number that a person sees at the first row of data; `notes` say what was
    found out about the file's form, and `left_out` which columns were not read, and why.
    """

    place: str
    columns: Mapping[str, Column]
    first_row: int
    notes: tuple[str, ...] = ()
    left_out: Mapping[str, str]
    given: Given = Given()
    parts: tuple[Part, ...] = ()

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def row(self, index: int) -> str:
        """Return what messages call the row at this 0-based index."""
        for part in reversed(self.parts):
            if index >= part.start:
                return f"{part.name}, row {part.first_row + index - part.start}"
        return f"row {self.first_row + index}"

    def find(self, name: str, key: str) -> Column:
        """Return a column that a key names.

        Raises:
            DataError: the file has no such column, or not as single values; its columns are named.
        """
        if name in self.left_out:
            raise DataError(
                f"{key} = {shown(name)}: {self.place} has the column, but {self.left_out[name]}; "
                f"{_REMEDIES.get(key, 'choose another one, or store single values')}"
            )
        if name not in self.columns:
            raise DataError(
                f"{key} = {shown(name)}: {self.place} has no such column; "
                f"{suggestion(name, list(self.columns))}"
            )
        return self.columns[name]


def build_table(
    place: str,
    names: Sequence[str],
    columns: Sequence[Column],
    *,
    first_row: int,
    notes: Sequence[str] = (),
    left_out: Mapping[str, str] | None = None,
) -> RawTable:
    """Return a table of columns, checked: it has rows, and each column a name of its own.

    A first column without a name is a row number: the commonest file of all has one.

    Raises:
        DataError: two columns have one name, another one has none, there are no rows, or a cell
            holds a NUL byte.
    """
    clean = [name.strip() for name in names]
    found = dict(left_out or {})
    pairs = list(zip(clean, columns, strict=True))
    if len(pairs) > 1 and not clean[0]:
        found["(first column)"] = _NUMBERED
        pairs = pairs[1:]
    _check_names(place, [name for name, _ in pairs], offset=len(clean) - len(pairs))
    table = RawTable(
        place=place, columns=dict(pairs), first_row=first_row, notes=tuple(notes), left_out=found
    )
    if not pairs or not len(table):
        raise DataError(f"{place} has a header, but no rows. Choose a file with data.")
    for name, column in pairs:
        damaged = np.asarray(pc.match_substring(column.words, "\0"))
        if damaged.any():
            row = table.row(int(np.argmax(damaged[column.codes])))
            raise DataError(
                f"{place}, {row}, column {shown(name)}: the cell holds a NUL byte, so the file is "
                "damaged, or no text. Restore it, or set encoding."
            )
    return table


def _check_names(place: str, names: Sequence[str], *, offset: int) -> None:
    if "" in names:
        number = names.index("") + 1 + offset
        raise DataError(f"{place}: column {number} has no name. Name it in the header.")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise DataError(
            f"{place}: {len(twice)} names stand twice in the header, such as {shown(twice[0])}. "
            "Give each column a name of its own."
        )
