"""The first lines of a text file: their encoding, and what separates their columns."""

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv as arrow_csv

from fedcompare.data.tables.blank_files import BLANKS, read_line
from fedcompare.data.tables.values import MISSING
from fedcompare.errors import DataError
from fedcompare.text.typed import shown

_SAMPLE = 65_536  # characters from which the separator is found out
_LINES = 50
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", BLANKS: "blanks"}
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SAID = r"\"?sep=.\"?"  # as spreadsheets write it
_QUOTED = re.compile(r'"[^"]*"?')
_NUMBER = re.compile(r"[+-]?[\d.,]*\d[\d.,]*([eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Top:
    """The first lines that are not empty: their encoding, separator, and how many are skipped."""

    encoding: str
    separator: str
    skipped: int
    lines: tuple[str, ...]

    def cells(self, line: str) -> list[str]:
        """Return the cells of one line, read as the rows are."""
        if self.separator == BLANKS:
            return read_line(line)
        count = line.count(self.separator) + 1
        table = arrow_csv.read_csv(
            io.BytesIO(f"{line}\n".encode()),
            read_options=arrow_csv.ReadOptions(autogenerate_column_names=True),
            parse_options=arrow_csv.ParseOptions(delimiter=self.separator),
            convert_options=as_text([f"f{number}" for number in range(count)]),
        )
        return [str(column[0].as_py()) for column in table.columns]

    def rows(self) -> Iterator[list[str]]:
        """Yield the cells of the first lines, but for those that are no rows in themselves."""
        for line in self.lines:
            with suppress(pa.ArrowInvalid):
                yield [cell.strip() for cell in self.cells(line)]


def find_top(path: Path, encoding: str) -> Top:
    """Return the first lines of a file; `encoding` "" is UTF-8, or what a byte-order mark says.

    Raises:
        DataError: it cannot be read, is empty, or no text.
    """
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
    said = lines[0].strip('"')[-1] if lines and re.fullmatch(_SAID, lines[0]) else ""
    skipped = 1 if said else 0
    while skipped < len(lines) and not lines[skipped].strip():
        skipped += 1
    rest = [line for line in lines[skipped:] if line.strip()][:_LINES]
    if not rest:
        raise DataError(f"{path} is empty. Choose a file with data.")
    if "\ufffd" in rest[0]:
        raise wrong_encoding(path, f", row {skipped + 1}, the header")
    separator = said or _find_separator(rest)
    return Top(
        encoding=named or "utf-8",
        separator=separator,
        skipped=skipped,
        lines=tuple(rest),
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


def said(separator: str) -> str:
    """Return what messages call a separator."""
    return _SEPARATORS.get(separator, shown(separator))


def is_number(cell: str) -> bool:
    """Return whether a cell is written as numbers are."""
    return bool(_NUMBER.fullmatch(cell))


def is_value(cell: str) -> bool:
    """Return whether a cell is a number, or stands for a missing one."""
    return cell.lower() in MISSING or is_number(cell)


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
    may_be_blanks = agreement(best) == (0, 0) or (best == "\t" and _most(_has_runs, bare))
    return BLANKS if may_be_blanks and words[0] > 1 and 2 * alike > len(words) else best


def _most(test: Callable[[str], bool], lines: Sequence[str]) -> bool:
    return 2 * sum(map(test, lines)) > len(lines)


def _has_runs(line: str) -> bool:
    """Return whether there are several numbers between two tabs."""
    cells = (cell.split() for cell in line.split("\t"))
    return any(len(words) > 1 and all(map(is_value, words)) for words in cells)
