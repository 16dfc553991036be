"""Examples with several labels each, which nothing here can tell: how they are recognised."""

import re
from collections.abc import Iterable, Sequence

from fedcompare.classes import listed
from fedcompare.text.typed import shown

ONE_LABEL = (
    "fedcompare tells one label of an example: store a column for each label, with yes or no, and "
    "compare once for each"
)
_LIST = re.compile(r"\[.*\]|\{.*\}", re.DOTALL)
_SIGNS = ";|"


def several_labels(classes: Sequence[str]) -> str:
    """Return why classes are several labels in a cell, as a clause; empty where they are not.

    They are where all cells are written as lists, which are of several lengths, as intervals are
    not; or where all that a semicolon or a bar divides stands alone in other cells: "flu; cold"
    beside "flu" and "cold".
    """
    lengths = {name.count(",") for name in classes}
    if len(lengths) > 1 and all(_LIST.fullmatch(name) for name in classes):
        longest = max(classes, key=lambda name: name.count(","))
        return f"cells are lists, such as {shown(longest)}"
    alone = {name.strip() for name in classes}
    for name in classes:
        parts = _parts(name)
        if len(parts) > 1 and all(part and part in alone for part in parts):
            return f"cells hold several labels, such as {shown(name)} beside {listed(parts)}"
    return ""


def several_columns(name: str, columns: Iterable[str]) -> str:
    """Return what to do where a label is several columns, as a clause; empty where it is not."""
    parts, known = [part.strip() for part in name.split(",")], set(columns)
    if len(parts) > 1 and all(part in known for part in parts):
        return (
            f"these are {len(parts)} columns, and fedcompare tells one label of an example. "
            f"Compare once for each of them, at first with --label {parts[0]}"
        )
    return ""


def _parts(name: str) -> list[str]:
    signs = [sign for sign in _SIGNS if sign in name]
    return [part.strip() for part in name.split(signs[0])] if signs else [name]
