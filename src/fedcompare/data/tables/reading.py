"""Which reader the file of a table needs."""

from pathlib import Path

from fedcompare.classes import split_names
from fedcompare.config.groups import (
    CSV,
    FOLDER,
    LEAF,
    PARQUET,
    SILO_FILES,
    DataConfig,
    DatasetName,
    kind_of_file,
)
from fedcompare.data.decoding.files import content_digest, find_folder
from fedcompare.data.decoding.leaf import read_leaf
from fedcompare.data.decoding.leaf_folder import LeafFolder, find_leaf, holds_leaf
from fedcompare.data.tables.csv_files import read_csv
from fedcompare.data.tables.leaf_table import leaf_table
from fedcompare.data.tables.parquet_files import read_parquet
from fedcompare.data.tables.raw import RawTable
from fedcompare.data.tables.silo_files import read_silo_files
from fedcompare.data.tables.silo_folders import SiloFolder, find_silo_files, holds_silo_files
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
            f"{CSV}:FILE, {PARQUET}:FILE, {SILO_FILES}:FOLDER, or {LEAF}:FOLDER"
        )
    if not path.is_file():
        kind = "is a folder" if path.is_dir() else "does not exist"
        raise DataError(f"{path} {kind}. Name the file of a table.")
    return path


def by_content(name: DatasetName) -> DatasetName:
    """Return a folder's name with the kind of what lies in it: tables, or LEAF's; others stay.

    Raises:
        DataError: the folder cannot be read.
    """
    folder = find_folder(name.place or "").absolute()
    if name.kind == FOLDER and folder.is_dir():
        for kind, holds in ((SILO_FILES, holds_silo_files), (LEAF, holds_leaf)):
            if holds(folder):
                return DatasetName(kind, str(folder))
    return name


def read_table(name: DatasetName, config: DataConfig) -> RawTable:
    """Return a table's columns as text, read as the keys of `config` say.

    Raises:
        DataError: as `table_path`, `read_csv`, `read_parquet`, `find_silo_files`,
            `read_silo_files`, `find_leaf`, `read_leaf` and `leaf_table`.
    """
    name = by_content(name)
    if name.kind == LEAF:
        return leaf_table(read_leaf(_leaf_folder(name, config)))
    if name.kind == SILO_FILES:
        return read_silo_files(
            _silo_folder(name, config),
            config,
            lambda path: _read_file(path, kind_of_file(path.name), config),
        )
    return _read_file(table_path(name), name.kind, config)


def table_identity(name: DatasetName, config: DataConfig) -> list[tuple[str, ...]]:
    """Return what changes whenever a table's content does, and not where it lies.

    Raises:
        DataError: as `table_path`, `find_silo_files` and `find_leaf`, or a file cannot be read.
    """
    name = by_content(name)
    if name.kind == LEAF:
        folder = _leaf_folder(name, config)
        return [(file, content_digest(folder.folder / file)) for file in folder.files]
    if name.kind == SILO_FILES:
        found = _silo_folder(name, config)
        return [(file.name, content_digest(found.folder / file.name)) for file in found.files]
    path = table_path(name)
    return [(path.suffix, content_digest(path))]


def _read_file(path: Path, kind: str | None, config: DataConfig) -> RawTable:
    columns = split_names(config.columns) if config.columns else ()
    if kind != PARQUET:
        return read_csv(path, config.encoding, columns)
    if columns:
        raise DataError(
            f"columns names the columns of text without a header; {path} has names. Leave it out."
        )
    return read_parquet(path)


def _silo_folder(name: DatasetName, config: DataConfig) -> SiloFolder:
    return find_silo_files(find_folder(name.place or ""), (config.train_split, config.test_split))


def _leaf_folder(name: DatasetName, config: DataConfig) -> LeafFolder:
    return find_leaf(find_folder(name.place or ""), (config.train_split, config.test_split))
