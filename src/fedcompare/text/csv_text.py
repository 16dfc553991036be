"""Tables as comma-separated values: UTF-8, lines end with a line feed, a header first.

Numbers are written in full. Text is quoted where it must be, and a text that a spreadsheet would
run as a formula has an apostrophe before it (see `escaping.spreadsheet`).
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence

from fedcompare.text.escaping import from_spreadsheet, spreadsheet

_QUOTED = re.compile(r'[,"\r\n]')


def format_csv(rows: Sequence[Mapping[str, object]]) -> str:
    """Return a header and one line per row; no rows give an empty text."""
    columns = list(rows[0]) if rows else []
    return format_table(columns, (map(row.get, columns) for row in rows)) if rows else ""


def format_table(columns: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a header and one line per row; two columns may have one name."""
    return "".join(f"{','.join(map(_cell, row))}\n" for row in (columns, *rows))


def parse_csv(text: str) -> list[dict[str, str]]:
    """Return the rows of what `format_csv` wrote; every value is text.

    Raises:
        ValueError: a line has fewer or more cells than the header, or is no CSV.
    """
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except csv.Error as error:
        raise ValueError(str(error)) from error
    # Files of rows of numbers are long, and have no apostrophe to take away.
    lines = [list(map(from_spreadsheet, line)) for line in lines] if "'" in text else lines
    header, *rows = lines or [[]]
    return [dict(zip(header, row, strict=True)) for row in rows]


def _cell(value: object) -> str:
    if type(value) in (int, float):  # most of them
        return str(value)
    if not isinstance(value, str):
        return "" if value is None else str(value)
    text = spreadsheet(value)
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text
