"""Files and folders that are written whole or not at all."""

import json
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from fedcompare.errors import FedcompareError, StorageError
from fedcompare.text.csv_text import format_table

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield an empty folder that takes `target`'s place if the block succeeds, else vanishes.

    Raises:
        StorageError: something cannot be written.
    """
    with _folder_beside(target) as folder:
        yield folder
        folder.chmod(0o755)
        _replace(folder, target)


@contextmanager
def replacing_file(target: Path) -> Iterator[Path]:
    """Yield a path for a file that takes `target`'s place if the block succeeds, else vanishes.

    Raises:
        StorageError: something cannot be written.
    """
    with _folder_beside(target) as folder:
        part = folder / target.name
        yield part
        part.replace(target)


@contextmanager
def _folder_beside(target: Path) -> Iterator[Path]:
    """Yield a hidden, empty folder beside `target`; what is there of it at the end is removed."""
    beside = target.parent
    with storage_errors(beside):
        beside.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=beside))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def check_writable(folder: Path) -> None:
    """Raise before any work is done that could not be stored.

    Raises:
        StorageError: `folder` cannot be written.
    """
    with storage_errors(folder):
        probe_writable(folder)


def probe_writable(folder: Path) -> None:
    """Raise OSError if `folder`, or what is there of the way to it, cannot be written."""
    above = (folder, *folder.absolute().parents)
    existing = next(path for path in above if path.exists() or path.is_symlink())
    tempfile.TemporaryFile(dir=existing).close()


def write_json(path: Path, content: object) -> None:
    """Write JSON for people and programs."""
    write_text(path, format_json(content))


def format_json(content: object) -> str:
    """Return indented JSON, keys in the given order."""
    return json.dumps(content, indent=2) + "\n"


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text; a lone surrogate, which UTF-8 does not have, becomes an escape."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def write_csv(
    path: Path, records: Sequence["DataclassInstance"], *, leave_out: Collection[str] = ()
) -> None:
    """Write one row per record, with the fields as columns in their order but for some."""
    # Records are many: `asdict` would copy each.
    columns = [field.name for field in fields(records[0])] if records else []
    columns = [name for name in columns if name not in leave_out]
    rows = ([getattr(record, name) for name in columns] for record in records)
    write_text(path, format_table(columns, rows) if records else "")


def _replace(folder: Path, target: Path) -> None:
    """Put `folder` in the place of `target`; the old one is kept until the new one is there."""
    old = folder.with_name(f"{folder.name}-old")
    if target.exists():
        target.rename(old)
    try:
        folder.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    if old.is_file():
        old.unlink()
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn what the system says of `path` in the block into a StorageError."""
    try:
        yield
    except FedcompareError:
        raise
    except OSError as error:
        raise StorageError.from_os_error(error, path) from error
