"""Text whose columns are separated by blanks, one or several; pandas reads, all cells as text."""

import io
import re
from pathlib import Path
from typing import Any

import pyarrow as pa

from fedcompare.data.tables.column import Column, column_of
from fedcompare.errors import DataError
from fedcompare.text.wording import plural

BLANKS = " "  # as a separator, any number of them


def read_line(line: str) -> list[str]:
    """Return the cells of one line."""
    return [str(cell) for cell in _read(io.StringIO(line)).iloc[0]]


def read_blanks(path: Path, *, encoding: str, skipped: int) -> list[Column]:
    """Return the columns of a file; its first lines may be `skipped`.

    Raises:
        DataError: a row has another number of cells than the first.
        OSError: the file cannot be read.
        UnicodeError: it is text of another encoding.
    """
    from pandas.errors import ParserError

    try:
        table = _read(path, encoding=encoding, skiprows=skipped)
    except ParserError as error:
        found = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
        if not found:
            raise DataError(f"{path} cannot be read as a table: {error}") from error
        raise _ragged(path, int(found[2]), int(found[3]), int(found[1])) from error
    short = (table.iloc[:, -1] == "").to_numpy()
    if short.any():
        row = int(short.argmax())
        count = int((table.iloc[row] != "").sum())
        raise _ragged(path, skipped + 1 + row, count, table.shape[1])
    return [column_of(pa.array(table[name].tolist(), pa.string())) for name in table]


def _read(source: Any, **how: Any) -> Any:
    import pandas as pd

    return pd.read_csv(source, sep=r"\s+", header=None, dtype=str, na_filter=False, **how)


def _ragged(path: Path, row: int, count: int, wanted: int) -> DataError:
    return DataError(
        f"{path}, row {row}: it has {plural(count, 'cell')}, but the first row {wanted} (separated "
        "by blanks). Correct the rows, or put words with blanks into double quotes."
    )
