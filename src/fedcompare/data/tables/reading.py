"""Which reader the file of a table needs."""

import hashlib
from pathlib import Path

from fedcompare.config.groups import CSV, PARQUET, DatasetName
from fedcompare.data.decoding.files import find_folder
from fedcompare.data.tables.csv_files import read_csv
from fedcompare.data.tables.parquet_files import read_parquet
from fedcompare.data.tables.raw import RawTable
from fedcompare.errors import DataError


def table_path(name: DatasetName) -> Path:
    """Return the file that a table's name means.

    Raises:
        DataError: there is no such file.
    """
    path = find_folder(name.place or "")
    if name.kind not in (CSV, PARQUET) or not name.place:
        raise DataError(
            f"{str(name)!r} is no table; use a path that ends in .csv, .tsv or .parquet, or "
            f"{CSV}:FILE, or {PARQUET}:FILE"
        )
    if not path.is_file():
        kind = "is a folder" if path.is_dir() else "does not exist"
        raise DataError(f"{path} {kind}. Name the file of a table.")
    return path


def read_table(name: DatasetName, encoding: str) -> RawTable:
    """Return a table's columns as text; raises as `table_path`, `read_csv` and `read_parquet`."""
    path = table_path(name)
    return read_parquet(path) if name.kind == PARQUET else read_csv(path, encoding)


def content_digest(path: Path) -> str:
    """Return the SHA-256 of a file's content.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
