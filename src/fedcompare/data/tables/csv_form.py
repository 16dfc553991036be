"""In which form a text file holds a table: encoding, separator, and whether there is a header.

All is found out from its first lines, before the rows are read.
"""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv as arrow_csv

from fedcompare.classes import listed
from fedcompare.data.tables.blank_files import BLANKS, read_line
from fedcompare.data.tables.values import MISSING
from fedcompare.errors import DataError
from fedcompare.text.typed import shown
from fedcompare.text.wording import plural

_SAMPLE = 65_536  # characters from which the separator is found out
_LINES = 50
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", BLANKS: "blanks"}
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_QUOTED = re.compile(r'"[^"]*"?')
_NUMBER = re.compile(r"[+-]?[\d.,]*\d[\d.,]*([eE][+-]?\d+)?")
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
        return _said(self.separator)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Top:
    """The first lines that are not empty: their encoding, separator, and how many are skipped."""

    encoding: str
    separator: str
    skipped: int
    lines: tuple[str, ...]


def find_form(path: Path, encoding: str, columns: Sequence[str] = ()) -> Form:
    """Return a file's form; `columns` names the columns of one without a header.

    Raises:
        DataError: it cannot be read, is empty or no text, or has no header and none is named.
    """
    top = _find_top(path, encoding)
    names: Sequence[str] = _fields(top.lines[0], top.separator)
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


def as_text(names: Sequence[str]) -> Any:
    """Return the options by which pyarrow reads every cell as text."""
    return arrow_csv.ConvertOptions(
        column_types=dict.fromkeys(names, pa.string()),
        strings_can_be_null=False,
        quoted_strings_can_be_null=False,
    )


def wrong_encoding(path: Path, where: str) -> DataError:
    """Return the error for text that is not in the encoding that it should have."""
    return DataError(
        f"{path}{where}: this is no UTF-8 text. Set encoding (cp1252 is that of many "
        "spreadsheets), or store the file as UTF-8."
    )


def _find_top(path: Path, encoding: str) -> _Top:
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
    said = lines[0].strip('"')[-1] if re.fullmatch(r"\"?sep=.\"?", lines[0]) else ""
    skipped = 1 if said else 0
    while skipped < len(lines) and not lines[skipped].strip():
        skipped += 1
    rest = [line for line in lines[skipped:] if line.strip()][:_LINES]
    if not rest:
        raise DataError(f"{path} is empty. Choose a file with data.")
    if "\ufffd" in rest[0]:
        raise wrong_encoding(path, f", row {skipped + 1}, the header")
    separator = said or _find_separator(rest)
    return _Top(
        encoding=named or "utf-8",
        separator=separator,
        skipped=skipped,
        lines=tuple(rest),
    )


def _first_bytes(path: Path) -> bytes:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return bytes(file.read(4 * _SAMPLE))
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read: {reason}. Restore the file.") from error


def _find_separator(lines: Sequence[str]) -> str:
    """Return the sign that stands in the first line, and as often in most of the next ones.

    Blanks separate where no other sign does, but for tabs among runs of them.
    """
    bare = [_QUOTED.sub("q", line.strip(" ")) for line in lines]

    def agreement(separator: str) -> tuple[int, int]:
        wanted = bare[0].count(separator)
        return (sum(line.count(separator) == wanted for line in bare) if wanted else 0, wanted)

    best = max((sign for sign in _SEPARATORS if sign != BLANKS), key=agreement)
    words = [len(line.split()) for line in bare]
    alike = words.count(words[0])
    in_runs = any(re.search(r"\S\s{2,}\S", line) for line in bare)
    may_be_blanks = agreement(best) == (0, 0) or (best == "\t" and in_runs)
    return BLANKS if may_be_blanks and words[0] > 1 and 2 * alike > len(words) else best


def _fields(line: str, separator: str) -> list[str]:
    """Return the cells of one line, read as the rows are."""
    if separator == BLANKS:
        return read_line(line)
    table = arrow_csv.read_csv(
        io.BytesIO(f"{line}\n".encode()),
        read_options=arrow_csv.ReadOptions(autogenerate_column_names=True),
        parse_options=arrow_csv.ParseOptions(delimiter=separator),
        convert_options=as_text([f"f{number}" for number in range(line.count(separator) + 1)]),
    )
    return [str(column[0].as_py()) for column in table.columns]


def _is_uci(path: Path) -> bool:
    return path.name.lower().removesuffix(".gz").endswith(_WITHOUT_HEADER)


def _is_header(top: _Top) -> bool:
    """Return whether the first row has words alone, each once, and a column below them numbers."""
    first, *others = _rows(top)
    if len(set(first)) < len(first) or any(map(_is_value, first)):
        return False
    columns = zip(*(row for row in others if len(row) == len(first)), strict=True)
    return any(
        all(map(_is_value, column)) and any(map(_NUMBER.fullmatch, column)) for column in columns
    )


def _rows(top: _Top) -> Iterator[list[str]]:
    """Yield the cells of the first lines, but for those that are no rows in themselves."""
    for line in top.lines:
        with suppress(pa.ArrowInvalid):
            yield [cell.strip() for cell in _fields(line, top.separator)]


def _is_value(cell: str) -> bool:
    return cell.lower() in MISSING or bool(_NUMBER.fullmatch(cell))


def _names(path: Path, top: _Top, first: Sequence[str], columns: Sequence[str]) -> Sequence[str]:
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
    if named and all(_NUMBER.fullmatch(name) for name in named):
        raise DataError(
            f"{path}: the first row holds numbers alone ({', '.join(named[:3])}), and no names of "
            'columns. Put a line of names before it, or set columns (columns = "age,sex,...").'
        )


def _notes(
    path: Path, top: _Top, names: Sequence[str], columns: Sequence[str], *, has_header: bool
) -> Iterator[str]:
    if not has_header and not columns:
        yield (
            f"The first row is taken for data, and columns are called 1 to {len(names)}; the key "
            "columns may name them."
        )
    elif has_header and _is_uci(path):
        yield "The first row is taken for the names of the columns."
    elif has_header and (odd := [name for name in names if _NUMBER.fullmatch(name.strip())]):
        yield (
            f"Columns are called {listed(odd[:3])}: if the first row is data, name the columns "
            "with the key columns."
        )
    if top.separator != ",":
        yield f"Columns are separated by {_said(top.separator)}."
    if top.encoding not in ("utf-8", "utf-8-sig"):
        yield f"Text is {top.encoding}."


def _said(separator: str) -> str:
    return _SEPARATORS.get(separator, shown(separator))
