"""Text with separators, as spreadsheets and programs write it; pyarrow reads, all cells as text."""

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv as arrow_csv

from fedcompare.data.tables.blank_files import BLANKS, read_blanks
from fedcompare.data.tables.column import Column, encode, join, release_unused
from fedcompare.data.tables.csv_form import Form, find_form
from fedcompare.data.tables.csv_top import as_text, wrong_encoding
from fedcompare.data.tables.raw import RawTable, build_table
from fedcompare.errors import DataError
from fedcompare.text.typed import shown
from fedcompare.text.wording import plural

_BLOCKS = (2**20, 16 * 2**20)  # bytes that are read at a time; a row fits into two of the latter


def read_csv(path: Path, encoding: str, columns: Sequence[str] = ()) -> RawTable:
    """Return a file's columns as text.

    Args:
        path: the file, gzipped where its name says so.
        encoding: "" is UTF-8, or what a byte-order mark says.
        columns: the names of the columns of a file without a header.

    Raises:
        DataError: the file cannot be read, is damaged, or rows and header do not fit together.
    """
    form = find_form(path, encoding, columns)
    first_row = form.skipped + 1
    try:
        if form.separator == BLANKS:
            found = read_blanks(path, encoding=form.encoding, skipped=form.skipped)
        else:
            found = _read_rows(path, form, first_row)
    except UnicodeDecodeError as error:
        raise wrong_encoding(path, "") from error
    except pa.ArrowInvalid as error:
        raise _explained(path, form, error) from error
    except (OSError, EOFError, zlib.error, UnicodeError) as error:
        raise DataError(f"{path} cannot be read: {_reason(error)}. Restore the file.") from error
    return build_table(str(path), form.names, found, first_row=first_row, notes=form.notes)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """The columns, the cells of the last row as they stand there, and rows of other lengths."""

    columns: list[Column]
    last: list[str]
    bad: list[Any]


def _read_rows(path: Path, form: Form, first_row: int) -> list[Column]:
    """Return the columns, whose rows are read in small blocks, or in large ones if they must."""
    small, large = _BLOCKS
    try:
        read = _read(path, form, small)
    except pa.ArrowInvalid as error:
        if "block" not in str(error):
            raise
        read = _read(path, form, large)
    if read.bad:
        raise _ragged(path, form, read.bad)
    _check_quotes(path, read, first_row)
    return read.columns


def _read(path: Path, form: Form, block_size: int) -> _Read:
    """Return the columns, read and encoded block by block: the text as a whole is never held.

    One thread reads, which alone knows the numbers of rows; and workers are forked later.
    """
    bad: list[Any] = []

    def note(row: Any) -> str:
        bad.append(row)
        return "skip"

    names = [str(number) for number in range(len(form.names))]
    parts: list[list[Column]] = [[encode(pa.array([], pa.string()))] for _ in names]
    last: list[str] = []
    zipped = "gzip" if path.suffix == ".gz" else None
    # Opened here, since pyarrow opens no file whose name is no UTF-8.
    with path.open("rb") as file, pa.input_stream(file, compression=zipped) as stream:
        blocks = arrow_csv.open_csv(
            stream,
            read_options=arrow_csv.ReadOptions(
                use_threads=False,
                block_size=block_size,
                column_names=names,
                skip_rows=form.skipped,
                encoding="utf-8" if form.encoding == "utf-8-sig" else form.encoding,
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=form.separator, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=as_text(names),
        )
        for block in filter(len, blocks):
            for own, cells in zip(parts, block.columns, strict=True):
                own.append(encode(cells))
            last = [cells[-1].as_py() for cells in block.columns]
    columns = []
    for own in parts:
        release_unused()
        columns.append(join(own))
        own.clear()
    return _Read(columns=columns, last=last, bad=bad)


def _ragged(path: Path, form: Form, bad: list[Any]) -> DataError:
    first, top = bad[0], "header" if form.has_header else "first row"
    others = f" {len(bad)} rows have another number of cells than it." if len(bad) > 1 else ""
    return DataError(
        f"{path}, row {first.number}: it has {plural(first.actual_columns, 'cell')}, but the "
        f"{top} {first.expected_columns} (separated by {form.said}): {shown(first.text)}."
        f"{others} Correct the rows, or the {top}."
    )


def _explained(path: Path, form: Form, error: pa.ArrowInvalid) -> DataError:
    """Return what pyarrow means: text of another encoding, or no table at all."""
    message = str(error)
    if "invalid UTF8" in message:
        place = re.search(r"CSV column #(\d+): Row #(\d+)", message)
        where = f", row {place[2]}, column {shown(form.names[int(place[1])])}" if place else ""
        return wrong_encoding(path, where)
    if "Could not skip initial" in message:
        return DataError(f"{path} has a header, but no rows. Choose a file with data.")
    if "block" in message:
        return DataError(
            f"{path}: a row has more than {_BLOCKS[-1] // 2**20} MiB. Look for a quotation mark "
            "that is opened and never closed."
        )
    return DataError(f"{path} cannot be read as a table: {message}. Restore the file.")


def _check_quotes(path: Path, read: _Read, first_row: int) -> None:
    """Refuse a quote that is never closed: it has swallowed all rows after it."""
    swallowed = next((value for value in read.last if value.count("\n") > 1), None)
    if swallowed is None or not swallowed.endswith("\n"):
        return
    raise DataError(
        f"{path}, row {first_row + len(read.columns[0]) - 1}: a quotation mark is opened and never "
        f"closed, before {shown(swallowed[:60])}. Close it."
    )


def _reason(error: Exception) -> object:
    return getattr(error, "strerror", None) or error
