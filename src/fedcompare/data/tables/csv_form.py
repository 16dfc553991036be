"""In which form a text file holds a table: whether it has a header, and what columns are called.

All is found out from its first lines, before the rows are read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fedcompare.classes import listed
from fedcompare.data.tables.csv_top import Top, find_top, is_number, is_value, said
from fedcompare.errors import DataError
from fedcompare.text.wording import plural

_WITHOUT_HEADER = ".data"  # how the UCI repository's files end


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How a file is to be read, and what to tell of it.

    `skipped` lines stand before the rows, the header among them where there is one.
    """

    encoding: str
    separator: str
    names: tuple[str, ...]
    has_header: bool
    skipped: int
    notes: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """Return what messages call the separator."""
        return said(self.separator)


def find_form(path: Path, encoding: str, columns: Sequence[str] = ()) -> Form:
    """Return a file's form; `columns` names the columns of one without a header.

    Raises:
        DataError: it cannot be read, is empty or no text, or has no header and none is named.
    """
    top = find_top(path, encoding)
    names: Sequence[str] = top.cells(top.lines[0])
    has_header = not columns and (not _is_uci(path) or _is_header(top))
    if has_header:
        _check_header(path, names)
    else:
        names = _names(path, top, names, columns)
    return Form(
        encoding=top.encoding,
        separator=top.separator,
        names=tuple(names),
        has_header=has_header,
        skipped=top.skipped + has_header,
        notes=tuple(_notes(path, top, names, columns, has_header=has_header)),
    )


def _is_uci(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith(_WITHOUT_HEADER)


def _is_header(top: Top) -> bool:
    """Return whether the first row has words alone, each once, and a column below them numbers."""
    first, *others = top.rows()
    if len(set(first)) < len(first) or any(map(is_value, first)):
        return False
    columns = zip(*(row for row in others if len(row) == len(first)), strict=True)
    return any(all(map(is_value, column)) and any(map(is_number, column)) for column in columns)


def _names(path: Path, top: Top, first: Sequence[str], columns: Sequence[str]) -> Sequence[str]:
    """Return the names of columns that no header names: those given, or their positions."""
    count = len(first)
    if not columns:
        return [str(number) for number in range(1, count + 1)]
    if _is_header(top):
        raise DataError(
            f"columns names the columns of files without a header, but the first row of {path} "
            f"names them itself ({listed(first[:3])}, ...). Leave columns out, or take that row "
            "away."
        )
    if len(columns) != count:
        raise DataError(
            f"columns lists {plural(len(columns), 'name')}, but {path} has "
            f"{plural(count, 'column')}. Name each of them."
        )
    return columns


def _check_header(path: Path, header: Sequence[str]) -> None:
    named = [name.strip() for name in header if name.strip()]
    if named and all(map(is_number, named)):
        raise DataError(
            f"{path}: the first row holds numbers alone ({', '.join(named[:3])}), and no names of "
            'columns. Put a line of names before it, or set columns (columns = "age,sex,...").'
        )


def _notes(
    path: Path, top: Top, names: Sequence[str], columns: Sequence[str], *, has_header: bool
) -> Iterator[str]:
    if not has_header and not columns:
        yield (
            f"The first row is taken for data, and columns are called 1 to {len(names)}; the key "
            "columns may name them."
        )
    elif has_header and _is_uci(path):
        yield "The first row is taken for the names of the columns."
    elif has_header and (odd := [name for name in names if is_number(name.strip())]):
        yield (
            f"Columns are called {listed(odd[:3])}: if the first row is data, name the columns "
            "with the key columns."
        )
    if top.separator != ",":
        yield f"Columns are separated by {said(top.separator)}."
    if top.encoding not in ("utf-8", "utf-8-sig"):
        yield f"Text is {top.encoding}."
