"""The files of all silos as one table, whose silo column is the files' names."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from fedcompare.classes import listed, split_names
from fedcompare.config.groups import DataConfig
from fedcompare.data.tables.column import join, repeated, same_word
from fedcompare.data.tables.decimals import with_one_decimal_sign
from fedcompare.data.tables.raw import Given, Part, RawTable
from fedcompare.data.tables.silo_folders import SiloFolder
from fedcompare.errors import DataError
from fedcompare.text.escaping import visible
from fedcompare.text.wording import plural

_SILO, _SPLIT = "silo", "split"
_SHOWN = 3  # files by name


def read_silo_files(
    found: SiloFolder, config: DataConfig, read: Callable[[Path], RawTable]
) -> RawTable:
    """Return the rows of all files, one file after another, with the silo and split of each.

    `read` returns the table of one file. Columns may stand in any order.

    Raises:
        DataError: as `read`, or a file lacks a column that another has and models learn from.
    """
    tables = [read(found.folder / file.name) for file in found.files]
    names = [visible(file.name) for file in found.files]
    every = list(dict.fromkeys(name for table in tables for name in table.columns))
    _check_columns(found.folder, names, tables, [n for n in every if _is_used(n, config)])
    contents, changed = with_one_decimal_sign([table.columns for table in tables])
    lengths = [len(table) for table in tables]
    columns = {
        name: join(
            [
                own.get(name, same_word("", length))
                for own, length in zip(contents, lengths, strict=True)
            ]
        )
        for name in every
    }
    given = Given(
        silo=_unused(_SILO, every), split=_unused(_SPLIT, every) if found.has_splits else ""
    )
    columns[given.silo] = repeated([file.silo for file in found.files], lengths)
    if given.split:
        columns[given.split] = repeated([file.split for file in found.files], lengths)
    starts = np.cumsum([0, *lengths[:-1]])
    return RawTable(
        place=str(found.folder),
        columns=columns,
        first_row=tables[0].first_row,
        notes=(
            _names_note(found),
            *found.notes,
            *_notes(names, tables),
            *_decimal_notes(names, changed),
        ),
        left_out={name: why for table in tables for name, why in table.left_out.items()},
        given=given,
        parts=tuple(
            Part(name=name, start=int(start), first_row=table.first_row)
            for name, start, table in zip(names, starts, tables, strict=True)
        ),
    )


def _is_used(name: str, config: DataConfig) -> bool:
    """Return whether a column has a part in learning, by the keys."""
    if name in (config.label, config.group, config.split_column):
        return True
    features, ignored = (
        split_names(names) if names else () for names in (config.features, config.ignore)
    )
    return name not in ignored and (not features or name in features)


def _check_columns(
    folder: Path, names: Sequence[str], tables: Sequence[RawTable], used: Sequence[str]
) -> None:
    lacking = {
        name: own
        for name, table in zip(names, tables, strict=True)
        if (own := [column for column in used if column not in table.columns])
    }
    if not lacking:
        return
    name, own = next(iter(lacking.items()))
    other = next(n for n, table in zip(names, tables, strict=True) if own[0] in table.columns)
    table = tables[names.index(name)]
    reason = f" ({table.left_out[own[0]]})" if own[0] in table.left_out else ""
    others = len(lacking) - 1
    verb = "lacks" if others == 1 else "lack"
    more = f" {plural(others, 'further file')} {verb} columns." if others else ""
    raise DataError(
        f"{folder}: {name} lacks {plural(len(own), 'column')} that {other} has, "
        f"{listed(own)}{reason}; it has {listed(table.columns)}.{more} Add what is lacking, empty "
        "where nothing is known, or leave it out with ignore."
    )


def _unused(name: str, taken: Sequence[str]) -> str:
    """Return a name for a column that no file has."""
    return name if name not in taken else _unused(f"{name} of the file", taken)


def _names_note(found: SiloFolder) -> str:
    """Say what the names of files were taken for."""
    last = found.files[-1]
    split = f", split {last.split}" if last.split else ""
    return f"Files are called as their silos: {visible(last.name)} is of {last.silo}{split}."


def _notes(names: Sequence[str], tables: Sequence[RawTable]) -> list[str]:
    """Return what was found out about files, once for all of which it is true."""
    files: dict[str, list[str]] = {}
    for name, table in zip(names, tables, strict=True):
        for note in table.notes:
            files.setdefault(note, []).append(name)
    return [f"{_several(own, len(names))}: {note}" for note, own in files.items()]


def _decimal_notes(names: Sequence[str], changed: Sequence[int]) -> list[str]:
    own = [names[place] for place in changed]
    return [f"{_several(own, len(names))}: numbers have decimal commas."] if own else []


def _several(names: Sequence[str], total: int) -> str:
    return "All files" if len(names) == total else listed(names, most=_SHOWN)
