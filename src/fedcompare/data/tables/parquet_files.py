"""Parquet files, whose columns have types: they become text that reads back to the same value."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from fedcompare.data.tables.column import column_of, release_unused
from fedcompare.data.tables.raw import RawTable, build_table
from fedcompare.errors import DataError


def read_parquet(path: Path) -> RawTable:
    """Return a file's columns as text; those with several values in a cell are left out.

    Raises:
        DataError: it is no Parquet file, or damaged, or see `build_table`.
    """
    names, columns, left_out = [], [], {}
    try:
        with path.open("rb") as file:
            for name, column in _columns(parquet.ParquetFile(file)):
                text = as_text(column)
                if text is None:
                    left_out[name] = f"its cells are no single values ({column.type})"
                elif name.startswith("__index_level_"):
                    left_out[name] = "row numbers, the index of pandas"
                else:
                    names.append(name)
                    columns.append(column_of(text.combine_chunks()))
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path} cannot be read as Parquet: {error}. Restore the file.") from error
    if not names:
        raise DataError(f"{path} has no column of single values. Choose a file with data.")
    return build_table(str(path), names, columns, first_row=1, left_out=left_out)


def _columns(file: Any) -> Iterator[tuple[str, Any]]:
    """Yield the name and the values of each column, of which one at a time is held."""
    names = file.schema_arrow.names
    for place, name in enumerate(names):
        release_unused()
        # A name selects others too: those with a dot after it.
        table = file.read(columns=[name], use_threads=False)
        pairs = zip(table.column_names, table.columns, strict=True)
        same = [column for other, column in pairs if other == name]
        yield name, same[names[:place].count(name)]


def has_single_values(path: Path) -> bool:
    """Return whether no column holds bytes or several values a cell, as pictures and texts are."""
    try:
        with path.open("rb") as file:
            kinds = parquet.read_schema(file).types
    except (OSError, pa.ArrowException):
        return False
    return not any(map(_is_compound, kinds))


def _is_compound(kind: Any) -> bool:
    binary = pa.types.is_binary(kind) or pa.types.is_large_binary(kind)
    return bool(binary or pa.types.is_nested(kind))


def as_text(column: Any) -> Any:
    """Return a column as text, or None; whole numbers stay whole where pandas made them floats."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return as_text(column.cast(kind.value_type))
    if _is_compound(kind):
        return None
    if pa.types.is_floating(kind):
        column = pc.if_else(pc.is_nan(column), None, column)
        with suppress(pa.ArrowInvalid):
            column = column.cast(pa.int64())
    try:
        return column.cast(pa.large_string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
