"""Text with separators, as spreadsheets and programs write it; pyarrow reads, all cells as text."""

import codecs
import gzip
import io
import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv as arrow_csv

from fedcompare.data.tables.column import Column, encode, join, release_unused
from fedcompare.data.tables.raw import RawTable, build_table
from fedcompare.errors import DataError
from fedcompare.text.typed import shown
from fedcompare.text.wording import plural

_SAMPLE = 65_536  # characters from which the separator is found out
_BLOCKS = (2**20, 16 * 2**20)  # bytes that are read at a time; a row fits into two of the latter
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_QUOTED = re.compile(r'"[^"]*"?')
_NUMBER = re.compile(r"[+-]?[\d.,]*\d[\d.,]*([eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """How a file is to be read: its encoding, its separator, and the lines before the header."""

    encoding: str
    separator: str
    names: tuple[str, ...]
    skipped: int


def read_csv(path: Path, encoding: str) -> RawTable:
    """Return a file's columns as text; `encoding` "" is UTF-8, or what a byte-order mark says.

    Raises:
        DataError: the file cannot be read, is damaged, or rows and header do not fit together.
    """
    form = _find_form(path, encoding)
    try:
        read = _read_rows(path, form)
    except pa.ArrowInvalid as error:
        raise _explained(path, form, error) from error
    except (OSError, EOFError, zlib.error, UnicodeError) as error:
        raise DataError(f"{path} cannot be read: {_reason(error)}. Restore the file.") from error
    if read.bad:
        raise _ragged(path, form, read.bad)
    first_row = form.skipped + 2
    _check_quotes(path, read, first_row)
    notes = [] if form.separator == "," else [f"Columns are separated by {_said(form)}."]
    if form.encoding not in ("utf-8", "utf-8-sig"):
        notes.append(f"Text is {form.encoding}.")
    return build_table(str(path), form.names, read.columns, first_row=first_row, notes=notes)


def _find_form(path: Path, encoding: str) -> _Form:
    start = _first_bytes(path)
    if not start.strip():
        raise DataError(f"{path} is empty. Choose a file with data.")
    named = encoding or next((name for mark, name in _MARKS.items() if start.startswith(mark)), "")
    if not named and b"\0" in start:
        raise DataError(
            f"{path} holds NUL bytes: it is damaged, or no text. Restore it, or set encoding "
            "(utf-16-le, say)."
        )
    try:
        reader = codecs.getincrementaldecoder(named or "utf-8")(errors="replace")
        text = reader.decode(start)
    except LookupError as error:
        raise DataError(
            f"encoding = {shown(encoding)} is unknown; use cp1252, utf-16, or another of Python's"
        ) from error
    lines = text.lstrip("\ufeff").splitlines()
    skipped = 1 if lines and re.fullmatch(r"\"?sep=.\"?", lines[0]) else 0
    rest = [line for line in lines[skipped:] if line.strip()]
    if not rest:
        raise DataError(f"{path} is empty. Choose a file with data.")
    if "\ufffd" in rest[0]:
        raise _wrong_encoding(path, f", row {skipped + 1}, the header")
    separator = lines[0].strip('"')[-1] if skipped else _find_separator(rest)
    header = _fields(rest[0], separator)
    _check_header(path, header)
    return _Form(
        encoding=named or "utf-8", separator=separator, names=tuple(header), skipped=skipped
    )


def _first_bytes(path: Path) -> bytes:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return bytes(file.read(4 * _SAMPLE))
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read: {_reason(error)}. Restore the file.") from error


def _find_separator(lines: list[str]) -> str:
    """Return the sign that stands in the header, and as often in most of the first rows."""
    bare = [_QUOTED.sub("", line) for line in lines[:50]]

    def agreement(separator: str) -> tuple[int, int]:
        wanted = bare[0].count(separator)
        return (sum(line.count(separator) == wanted for line in bare) if wanted else 0, wanted)

    return max(_SEPARATORS, key=agreement)


def _fields(line: str, separator: str) -> list[str]:
    """Return the cells of one line, read as the rows are."""
    table = arrow_csv.read_csv(
        io.BytesIO(f"{line}\n".encode()),
        read_options=arrow_csv.ReadOptions(autogenerate_column_names=True),
        parse_options=arrow_csv.ParseOptions(delimiter=separator),
        convert_options=_as_text([f"f{number}" for number in range(line.count(separator) + 1)]),
    )
    return [str(column[0].as_py()) for column in table.columns]


def _check_header(path: Path, header: list[str]) -> None:
    named = [name.strip() for name in header if name.strip()]
    if named and all(_NUMBER.fullmatch(name) for name in named):
        raise DataError(
            f"{path}: the first row holds numbers alone ({', '.join(named[:3])}), and no names of "
            "columns. Put a line of names before it."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """The columns, the cells of the last row as they stand there, and rows of other lengths."""

    columns: list[Column]
    last: list[str]
    bad: list[Any]


def _read_rows(path: Path, form: _Form) -> _Read:
    """Return what a file holds; rows are read in small blocks, or in large ones if they must."""
    small, large = _BLOCKS
    try:
        return _read(path, form, small)
    except pa.ArrowInvalid as error:
        if "block" not in str(error):
            raise
        return _read(path, form, large)


def _read(path: Path, form: _Form, block_size: int) -> _Read:
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
    with pa.input_stream(str(path), compression="detect") as stream:
        blocks = arrow_csv.open_csv(
            stream,
            read_options=arrow_csv.ReadOptions(
                use_threads=False,
                block_size=block_size,
                column_names=names,
                skip_rows=form.skipped + 1,
                encoding="utf-8" if form.encoding == "utf-8-sig" else form.encoding,
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=form.separator, newlines_in_values=True, invalid_row_handler=note
            ),
            convert_options=_as_text(names),
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


def _as_text(names: list[str]) -> Any:
    return arrow_csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        strings_can_be_null=False,
        quoted_strings_can_be_null=False,
    )


def _ragged(path: Path, form: _Form, bad: list[Any]) -> DataError:
    first = bad[0]
    others = f" {len(bad)} rows have another number of cells than it." if len(bad) > 1 else ""
    return DataError(
        f"{path}, row {first.number}: it has {plural(first.actual_columns, 'cell')}, but the "
        f"header {first.expected_columns} (separated by {_said(form)}): {shown(first.text)}."
        f"{others} Correct the rows, or the header."
    )


def _explained(path: Path, form: _Form, error: pa.ArrowInvalid) -> DataError:
    """Return what pyarrow means: text of another encoding, or no table at all."""
    message = str(error)
    if "invalid UTF8" in message:
        place = re.search(r"CSV column #(\d+): Row #(\d+)", message)
        where = f", row {place[2]}, column {shown(form.names[int(place[1])])}" if place else ""
        return _wrong_encoding(path, where)
    if "Could not skip initial" in message:
        return DataError(f"{path} has a header, but no rows. Choose a file with data.")
    if "block" in message:
        return DataError(
            f"{path}: a row has more than {_BLOCKS[-1] // 2**20} MiB. Look for a quotation mark "
            "that is opened and never closed."
        )
    return DataError(f"{path} cannot be read as a table: {message}. Restore the file.")


def _wrong_encoding(path: Path, where: str) -> DataError:
    return DataError(
        f"{path}{where}: this is no UTF-8 text. Set encoding (cp1252 is that of many "
        "spreadsheets), or store the file as UTF-8."
    )


def _check_quotes(path: Path, read: _Read, first_row: int) -> None:
    """Refuse a quote that is never closed: it has swallowed all rows after it."""
    swallowed = next((value for value in read.last if value.count("\n") > 1), None)
    if swallowed is None or not swallowed.endswith("\n"):
        return
    raise DataError(
        f"{path}, row {first_row + len(read.columns[0]) - 1}: a quotation mark is opened and never "
        f"closed, before {shown(swallowed[:60])}. Close it."
    )


def _said(form: _Form) -> str:
    return _SEPARATORS.get(form.separator, shown(form.separator))


def _reason(error: Exception) -> object:
    return getattr(error, "strerror", None) or error
