"""Which column is the label, which the silo, and from which ones models learn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from fedcompare.classes import listed, split_names
from fedcompare.config.groups import DataConfig
from fedcompare.data.asked_task import check_task
from fedcompare.data.order import naturally
from fedcompare.data.several_labels import ONE_LABEL, several_columns, several_labels
from fedcompare.data.tables.column import Column, Indices, join, places
from fedcompare.data.tables.raw import RawTable
from fedcompare.data.tables.values import Mask
from fedcompare.errors import DataError
from fedcompare.text.typed import shown
from fedcompare.text.wording import plural

_WHOLE = r"^([+-]?\d+)\.0+$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The names of the columns in their roles; "" where there is none."""

    label: str
    silo: str
    group: str
    split: str
    features: tuple[str, ...]
    ignored: tuple[str, ...]
    categories: frozenset[str] = frozenset()


def find_roles(table: RawTable, config: DataConfig) -> Roles:
    """Return what the keys say of a table's columns.

    Raises:
        DataError: a key names a column that is not there, or several, or two of them the same one.
    """
    given = table.given
    if config.label not in table.columns and (
        several := several_columns(config.label, table.columns)
    ):
        raise DataError(f"label = {shown(config.label)} ({table.place}): {several}")
    single = {
        "label": config.label or given.label,
        "silo": _said("silo", config.silo, given.silo, table),
        "group": config.group,
        "split-column": _said("split-column", config.split_column, given.split, table),
    }
    wanted = _names(config.features)
    ignored = _names(config.ignore)
    categories = _names(config.categories)
    named = {key: (name,) for key, name in single.items() if name}
    lists = {"features": wanted, "ignore": ignored, "categories": categories}
    for key, names in {**named, **lists}.items():
        for name in names:
            table.find(name, key)
    _check_distinct({key: name for key, name in single.items() if name})
    taken = {name for name in single.values() if name}
    if both := [name for name in wanted if name in taken or name in ignored]:
        raise DataError(
            f"features lists {listed(both)}, which label, silo, group, split-column or ignore name "
            "too. A column has one role."
        )
    others = [name for name in table.columns if name not in taken and name not in ignored]
    features = tuple(name for name in others if not wanted or name in wanted)
    if not features:
        raise DataError(f"{table.place} has no column left to learn from; see features and ignore")
    if other := [name for name in categories if name not in features]:
        raise DataError(f"categories lists {listed(other)}, which models do not learn from")
    left = tuple(name for name in table.columns if name not in taken and name not in features)
    return Roles(
        label=single["label"],
        silo=single["silo"],
        group=single["group"],
        split=single["split-column"],
        features=features,
        ignored=left,
        categories=frozenset(categories),
    )


def _said(key: str, wanted: str, given: str, table: RawTable) -> str:
    """Return the column that a key names, or the form of the data; both together are refused."""
    if wanted and given:
        raise DataError(
            f"{key} = {shown(wanted)}: {table.place} says it by the names of files and folders. "
            f"Leave {key} out, or use a single file"
        )
    return wanted or given


def label_texts(column: Column) -> Column:
    """Return names that may look like numbers: 1.0, which gaps make of 1, is 1."""
    return join([Column(pc.replace_substring_regex(column.words, _WHOLE, r"\1"), column.codes)])


def names_in(column: Column, rows: Indices) -> tuple[str, ...]:
    """Return the values of these rows, each once, in their natural order."""
    return tuple(naturally(column.words_of(rows).to_pylist()))


def positions(column: Column, names: Sequence[str]) -> Indices:
    """Return where each row's value is among these names, or `UNKNOWN`."""
    return places(column.words, names)[column.codes]


def is_filled(column: Column) -> Mask:
    """Return which cells of a label or a silo are not empty: any word names one."""
    filled: Mask = np.asarray(pc.not_equal(column.words, ""))[column.codes]
    return filled


def check_classes(
    table: RawTable, label: str, rows: int, classes: Sequence[str], task: str
) -> None:
    """Raise if a label is no class: several of them, a name of each row, or always the same.

    Or as `check_task`.

    Raises:
        DataError: saying so.
    """
    where = f"label = {shown(label)} ({table.place})"
    if several := several_labels(classes):
        raise DataError(f"{where}: {several}; {ONE_LABEL}")
    if len(classes) < 2:
        raise DataError(
            f"{where}: all training rows are of one class, {listed(classes)}: there is nothing to "
            "tell apart. Choose another label"
        )
    if len(classes) > 20 and 2 * len(classes) > rows:
        raise DataError(
            f"{where}: {len(classes)} classes for {plural(rows, 'row')}, such as "
            f"{listed(classes[:3])}, are names or a measurement, and no classes. Choose another "
            "label, or set task = regression where it is a number"
        )
    check_task(task, f"label = {shown(label)}", classes)


def _names(text: str) -> tuple[str, ...]:
    return split_names(text) if text else ()


def _check_distinct(single: dict[str, str]) -> None:
    keys = list(single)
    for index, key in enumerate(keys):
        for other in keys[:index]:
            if single[key] == single[other]:
                raise DataError(
                    f"{other} and {key} both name {shown(single[key])}. A column has one role."
                )
