"""Pictures as bytes in a Parquet file, as pandas and the Hugging Face hub write them."""

import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from PIL import Image, UnidentifiedImageError
from pyarrow import parquet

from fedcompare.config.groups import DataConfig, DatasetName
from fedcompare.data.decoding import columns
from fedcompare.data.decoding.files import content_digest
from fedcompare.data.examples import Decoded, Indices
from fedcompare.data.groups import number_groups
from fedcompare.data.held_out import check_ours, split_rows
from fedcompare.data.sources.picture_rows import (
    PICTURE_KEYS,
    PictureRows,
    assemble_rows,
    check_names,
    find_label,
)
from fedcompare.data.tables.reading import table_path
from fedcompare.errors import DataError
from fedcompare.text.typed import shown


class ParquetPictures:
    """A file with a column of pictures, and that of the test where it has its own; not yet read.

    Raises:
        DataError: a file is missing.
    """

    kind: ClassVar[str] = "parquet"

    def __init__(self, config: DataConfig) -> None:
        self._config = config
        names = (config.source, *([DatasetName.parse(config.test_data)] * bool(config.test_data)))
        self._paths = list(map(table_path, names))

    @property
    def reads(self) -> frozenset[str]:
        """Return the keys that have an effect."""
        return PICTURE_KEYS | {"split_column", "test_data", "held_out", "test_fraction"}

    def identity(self) -> Mapping[str, object]:
        """Return the digests of the files' contents: equal files are the same data."""
        return {"contents": list(map(content_digest, self._paths))}

    def decode(self) -> Decoded:
        """Return all pictures and labels.

        Raises:
            DataError: a file cannot be read, or a key names a column that is not there; or see
                `assemble_rows`.
        """
        train, test, notes = self._split()
        is_dealt = not (self._config.test_data or self._config.split_column)
        return assemble_rows(train, test, self._config, notes=notes, is_dealt=is_dealt)

    def _split(self) -> tuple[PictureRows, PictureRows, list[str]]:
        """Return the rows to train on and to test on, and what is told of it."""
        config, path = self._config, self._paths[0]
        if config.test_data or config.split_column:
            check_ours(config, "test-data" if config.test_data else config.split_column)
        rows = _read(path)
        if len(self._paths) == 2:
            if config.split_column:
                raise DataError("test-data and split-column both say what is held out. Choose one.")
            other = _read(self._paths[1])
            return _all(rows, path), _all(other, self._paths[1]), []
        if config.split_column:
            train, test = self._by_column(rows)
            return _some(rows, path, train), _some(rows, path, test), []
        label = find_label(rows, config)
        check_names(rows, config)
        groups = _groups(rows, config.group)
        labels, silos = _codes(rows, label), _codes(rows, config.silo)
        held, note = split_rows(config, labels, silos, groups, noun="picture", key=config.group)
        train, test = np.flatnonzero(~held), np.flatnonzero(held)
        return _some(rows, path, train), _some(rows, path, test), [note]

    def _by_column(self, rows: Any) -> tuple[Indices, Indices]:
        name, splits = (
            self._config.split_column,
            (self._config.train_split, self._config.test_split),
        )
        if name not in rows.features:
            raise DataError(
                f"split-column = {shown(name)}: {self._paths[0]} has no such column; it has "
                f"{', '.join(rows.features)}"
            )
        values = np.array(columns.read_names(rows, name))
        train, test = (np.flatnonzero(values == split) for split in splits)
        for split, found, key in zip(splits, (train, test), ("train", "test"), strict=True):
            if not len(found):
                raise DataError(
                    f"split-column = {shown(name)}: no row has {shown(split)}, but "
                    f"{', '.join(map(shown, np.unique(values)[:10].tolist()))}. Set {key}-split."
                )
        return train, test


def has_pictures(path: Path) -> bool:
    """Return whether a Parquet file has a column of pictures; not if it cannot be read."""
    try:
        return any(True for _ in _picture_columns(path))
    except (OSError, pa.ArrowException):
        return False


def _picture_columns(path: Path) -> Iterator[str]:
    """Yield the columns whose cells are encoded pictures, by their type or their first cell."""
    with parquet.ParquetFile(path) as file:
        known = _declared(file.schema_arrow)
        for field in file.schema_arrow:
            if known.get(field.name) == "Image" or (
                _is_encoded(field.type) and _is_picture(_first(file, field.name))
            ):
                yield field.name


def _declared(schema: Any) -> Mapping[str, str]:
    """Return what Hugging Face datasets wrote of the columns' types."""
    content = (schema.metadata or {}).get(b"huggingface")
    features = json.loads(content)["info"]["features"] if content else {}
    return {name: str(feature.get("_type")) for name, feature in features.items()}


def _is_encoded(kind: Any) -> bool:
    if pa.types.is_struct(kind):
        return {field.name for field in kind} == {"bytes", "path"}
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _first(file: Any, column: str) -> bytes:
    """Return the first picture of a column; empty if it has none."""
    for batch in file.iter_batches(batch_size=64, columns=[column]):
        for cell in batch.column(0).to_pylist():
            if found := cell["bytes"] if isinstance(cell, dict) else cell:
                return bytes(found)
    return b""


def _is_picture(content: bytes) -> bool:
    try:
        with Image.open(io.BytesIO(content)):
            return True
    except (UnidentifiedImageError, OSError):
        return False


def _read(path: Path) -> Any:
    """Return a file's rows, whose pictures are of the type that Hugging Face datasets has."""
    import datasets

    try:
        names = list(_picture_columns(path))
        rows = datasets.Dataset(
            datasets.table.InMemoryTable(parquet.read_table(path, use_threads=False))
        )
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path} cannot be read as Parquet: {error}. Restore the file.") from error
    for name in names:
        if type(rows.features[name]).__name__ != "Image":
            rows = rows.cast_column(name, datasets.Image())
    return rows


def _all(rows: Any, path: Path) -> PictureRows:
    return PictureRows(rows=rows, place=str(path), numbers=range(len(rows)))


def _some(rows: Any, path: Path, numbers: Indices) -> PictureRows:
    return PictureRows(rows=rows.select(numbers), place=str(path), numbers=numbers.tolist())


def _groups(rows: Any, name: str) -> Indices | None:
    return number_groups(columns.read_names(rows, name))[0] if name else None


def _codes(rows: Any, name: str) -> Indices:
    """Return a number for each row's value in a column; the same one for all without a column."""
    values = columns.read_names(rows, name) if name else [""] * len(rows)
    codes: Indices = np.unique(values, return_inverse=True)[1]
    return codes
