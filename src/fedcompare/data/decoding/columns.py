"""Which columns of a table hold the pictures and the labels, and the labels in one."""

from collections.abc import Collection, Sequence
from typing import Any

from fedcompare.data.several_labels import ONE_LABEL
from fedcompare.errors import DataError

_LABEL_TYPES = ("int", "uint", "bool", "string")
_LISTS = ("Sequence", "List", "LargeList")


def find_image_column(rows: Any, wanted: str) -> str:
    """Return the column `wanted`, or else the only one of pictures.

    Raises:
        DataError: there is none, or several; all columns are listed with their kinds.
    """
    found = [name for name, feature in rows.features.items() if _kind(feature) == "Image"]
    return _choose(rows, found, wanted, kind="Image", key="image-column")


def find_label_column(rows: Any, wanted: str, *, but: Collection[str] = ()) -> str:
    """Return the column `wanted`, or else the only one of classes, or of integers or text.

    Columns that are known to be others, `but`, are none.

    Raises:
        DataError: there is none, or several; all columns are listed with their kinds.
    """
    features = [item for item in rows.features.items() if item[0] not in but]
    classes = [name for name, feature in features if _kind(feature) == "ClassLabel"]
    simple = [name for name, feature in features if _is_label(feature)]
    found = simple if wanted or not classes else classes
    return _choose(rows, found, wanted, kind="label", key="label")


def check_name_column(rows: Any, wanted: str, key: str) -> None:
    """Raise if the column `wanted` by a key is not there, or holds no names.

    Raises:
        DataError: all columns are listed with their kinds.
    """
    found = [name for name, feature in rows.features.items() if _is_label(feature)]
    _choose(rows, found, wanted, kind=key, key=key)


def read_names(rows: Any, column: str) -> list[str]:
    """Return each row's value as text, without blanks at its ends; "" where there is none."""
    names = class_names_of(rows.features[column])
    values = rows[column][:]
    if names is not None:
        values = [None if value is None or value < 0 else names[value] for value in values]
    return ["" if value is None else str(value).strip() for value in values]


def class_names_of(feature: Any) -> list[str] | None:
    """Return the names that a column's type gives to labels 0, 1, ..., or None."""
    feature = _item(feature)
    return list(feature.names) if _kind(feature) == "ClassLabel" else None


def label_notes(rows: Any, column: str, wanted: str) -> list[str]:
    """Say which column was taken, where neither its type nor the user said that it is labels."""
    feature = rows.features[column]
    if wanted or class_names_of(feature) is not None:
        return []
    return [f"Labels are the values of the column {column!r} ({_kind(feature)})."]


def read_labels(rows: Any, column: str, split: str) -> list[Any]:
    """Return a label for each row; None where there is none.

    Raises:
        DataError: a row has several.
    """
    labels = rows[column][:]
    if _kind(rows.features[column]).startswith("list of"):
        return [_only(label, f"{split}, row {row}", column) for row, label in enumerate(labels)]
    return list(labels)


def _only(labels: Sequence[Any] | None, place: str, column: str) -> Any:
    if labels is not None and len(labels) > 1:
        raise DataError(
            f"{place} has {len(labels)} labels in column {column!r}; {ONE_LABEL}, or set label to "
            "another"
        )
    return labels[0] if labels else None


def _choose(rows: Any, found: Sequence[str], wanted: str, *, kind: str, key: str) -> str:
    columns = ", ".join(f"{name} ({_kind(feature)})" for name, feature in rows.features.items())
    if wanted and wanted not in found:
        raise DataError(
            f"{key} = {wanted!r} is no {kind} column; found: {', '.join(found) or 'none'} "
            f"among {columns}"
        )
    if not wanted and not found:
        raise DataError(
            f"no {kind} column: the columns are {columns}. fedcompare needs pictures, and one "
            f"label (a class, an integer or a text) for each; set {key} or choose other data."
        )
    if not wanted and len(found) > 1:
        raise DataError(f"{len(found)} columns can be {key}: the columns are {columns}; set {key}")
    return wanted or found[0]


def _is_label(feature: Any) -> bool:
    kind = _kind(_item(feature))
    return kind == "ClassLabel" or kind.rstrip("0123456789") in _LABEL_TYPES


def _item(feature: Any) -> Any:
    """Return the type of a list's items, or the type itself."""
    return feature.feature if type(feature).__name__ in _LISTS else feature


def _kind(feature: Any) -> str:
    """Return a type's name as messages give it: Image, ClassLabel, int64, list of uint8."""
    if (name := type(feature).__name__) in _LISTS:
        return f"list of {_kind(feature.feature)}"
    return str(feature.dtype).removeprefix("large_") if name == "Value" else name
