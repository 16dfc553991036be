"""A folder in which each file is a silo: which files there are, and what their names say.

The layouts are FOLDER/north.csv, FOLDER/SPLIT/north.csv, FOLDER/north/SPLIT.csv, and
FOLDER/north/any-name.csv with one file in each.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from PIL import Image

from fedcompare.config.groups import CSV, PARQUET, kind_of_file
from fedcompare.data.decoding.files import is_hidden, list_files
from fedcompare.data.splits import check_splits
from fedcompare.data.tables.parquet_files import has_single_values
from fedcompare.errors import DataError
from fedcompare.text.escaping import visible

_SPLITS = ("train", "training", "test", "testing", "val", "valid", "validation", "dev")
# What the library datasets leaves in a folder, and the tables that it reads beside pictures.
_OTHERS = ("dataset_dict.json", "state.json", "metadata.csv", "metadata.parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class SiloFile:
    """A silo's file, by its path below the folder; `split` is "" where no name says one."""

    name: str
    silo: str
    split: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiloFolder:
    """The files of all silos in the order of their names, and notes on the others."""

    folder: Path
    files: tuple[SiloFile, ...]
    notes: tuple[str, ...]

    @property
    def has_splits(self) -> bool:
        """Return whether names say which files are trained on."""
        return bool(self.files[0].split)


def holds_silo_files(folder: Path) -> bool:
    """Return whether a folder's files are tables, and not those in which others keep pictures.

    Raises:
        DataError: the folder cannot be read.
    """
    paths = [PurePosixPath(file.name) for file in list_files(folder)]
    tables = _tables(paths)
    pictures = sum(map(_is_picture, paths))
    if pictures > len(tables) or any(path.name in _OTHERS for path in paths):
        return False
    near = [path for path in tables if len(path.parts) <= 2]
    return any(not _is_shard(path) or has_single_values(folder / path) for path in near)


def find_silo_files(folder: Path, splits: Sequence[str]) -> SiloFolder:
    """Return the silos' files; `splits` are the names of the training and of the test split.

    Raises:
        DataError: the folder cannot be read, has no such files, or its names do not say who is
            who.
    """
    if not folder.is_dir():
        kind = "is a file" if folder.exists() else "does not exist"
        raise DataError(f"{folder} {kind}. Name a folder with one table for each silo.")
    check_splits(splits)
    every = [PurePosixPath(file.name) for file in list_files(folder)]
    tables = _tables(every)
    if not tables:
        raise DataError(
            f"{folder} holds no table (.csv, .tsv or .parquet). Put one file for each silo "
            "there, such as north.csv and south.csv."
        )
    files = tuple(_files(folder, tables, splits))
    _check_silos(folder, files)
    return SiloFolder(folder=folder, files=files, notes=tuple(_notes(every, tables, files)))


def _files(
    folder: Path, tables: Sequence[PurePosixPath], splits: Sequence[str]
) -> Iterator[SiloFile]:
    """Yield the files of the layout that there is."""
    direct = [path for path in tables if len(path.parts) == 1]
    inner = [path for path in tables if len(path.parts) == 2]
    if direct:
        _check_no_splits(folder, direct, splits)
        yield from (SiloFile(name=str(path), silo=_stem(path)) for path in direct)
    elif set(splits) <= {path.parts[0] for path in inner}:
        for path in inner:
            if path.parts[0] in splits:
                yield SiloFile(name=str(path), silo=_stem(path), split=path.parts[0])
    elif inner and all(_stem(path) in splits for path in inner):
        for path in inner:
            yield SiloFile(name=str(path), silo=_clean(path.parts[0]), split=_stem(path))
    elif inner and max(Counter(path.parts[0] for path in inner).values()) == 1:
        yield from (SiloFile(name=str(path), silo=_clean(path.parts[0])) for path in inner)
    else:
        first, second = splits
        raise DataError(
            f"{folder}: which silo has {tables[0]} cannot be told from its name. Put one file for "
            f"each silo into the folder (north.csv), or into its folders {first} and {second} "
            f"({first}/north.csv), or into a folder for each silo (north/{first}.csv)."
        )


def _check_no_splits(folder: Path, paths: Sequence[PurePosixPath], splits: Sequence[str]) -> None:
    """Refuse files that are called as the splits of one table are."""
    stems = {_stem(path).lower(): path for path in paths}
    if set(splits) <= stems.keys() or stems.keys() <= {*_SPLITS, *splits}:
        (first, *_), (*_, last) = splits, splits
        train, test = (stems.get(name, paths[-1]) for name in (first, last))
        raise DataError(
            f"{folder}: {train} and {test} are called as splits are, not as silos. For one table "
            f"in two files use --data {folder / train} --set test-data={folder / test} and --silo."
        )


def _check_silos(folder: Path, files: Sequence[SiloFile]) -> None:
    """Refuse one silo alone, and two files of one silo."""
    seen: dict[tuple[str, str], str] = {}
    for file in files:
        if other := seen.get((file.split, file.silo)):
            raise DataError(
                f"{folder}: {other} and {file.name} are both of silo {file.silo!r}. Keep one of "
                "them, or rename one."
            )
        seen[file.split, file.silo] = file.name
    if len({file.silo for file in files}) < 2:
        raise DataError(
            f"{folder} holds the file of one silo alone, {files[0].name}: there is nobody to "
            f"federate with. Add the others' files, or use --data {folder / files[0].name} with a "
            "column that names silos (--silo COLUMN)."
        )


def _notes(
    every: Iterable[PurePosixPath], tables: Iterable[PurePosixPath], files: Iterable[SiloFile]
) -> Iterator[str]:
    """Say which files are left out: those that are no tables, and tables elsewhere."""
    used, known = {file.name for file in files}, set(tables)
    others = [path for path in every if path not in known and not is_hidden(path.name)]
    elsewhere = [path for path in known if str(path) not in used]
    for what, paths in (("that are no tables", others), ("in other folders", elsewhere)):
        if paths:
            yield f"Files {what}, {len(paths)}, such as {visible(str(min(paths)))}: left out."


def _tables(paths: Iterable[PurePosixPath]) -> list[PurePosixPath]:
    return [
        path
        for path in paths
        if kind_of_file(path.name) in (CSV, PARQUET) and not is_hidden(path.name)
    ]


def _is_picture(path: PurePosixPath) -> bool:
    return Image.registered_extensions().get(path.suffix.lower()) in Image.OPEN


def _is_shard(path: PurePosixPath) -> bool:
    """Return whether a file is called as those are in which the hub stores a split's rows."""
    first = re.split(r"[-_.]", path.name)[0].lower()
    return kind_of_file(path.name) == PARQUET and first in _SPLITS


def _stem(path: PurePosixPath) -> str:
    return _clean(PurePosixPath(path.name.removesuffix(".gz")).stem)


def _clean(name: str) -> str:
    """Return a silo's name: systems that store é as two characters have the same silo."""
    return visible(unicodedata.normalize("NFC", name)).strip()
