"""Classes by name: how lists of names are written and read, and what a silo lacks.

A position (label) is what tensors hold. Whatever people or programs read and write is a name.
"""

import csv
import difflib
import io
import json
from collections.abc import Iterable, Sequence

ClassLists = tuple[tuple[str, ...], ...]

_NO_CLASS = "-"
_FORM = 'write names as "cat,dog -", or as [["cat", "a b"], []] where one has blanks or commas'
_BY_NAME = "Classes are given by name, not by position"
_MANY = 20
# A list of names also stands where "all", "none" and "seen:1" may stand, and must not be these.
_NEEDS_QUOTES = (",", '"', ":", "\r", "\n")
_NOT_NAMES = ("", "all", "none")


def quoted(name: str) -> str:
    """Return a name as it stands in a list: itself, or in double quotes where that is ambiguous."""
    plain = name == name.strip() and name not in _NOT_NAMES
    if plain and not any(sign in name for sign in _NEEDS_QUOTES):
        return name
    return '"' + name.replace('"', '""') + '"'


def join_names(names: Iterable[str]) -> str:
    """Return names as `split_names` reads them: "1,3,7", or `"a,b",c`."""
    return ",".join(map(quoted, names))


def split_names(text: str) -> tuple[str, ...]:
    """Return the names of a comma-separated list; double quotes enclose a name with commas.

    Raises:
        ValueError: the quotes do not match, or there is no name at all.
    """
    try:
        lines = io.StringIO(text, newline="")
        rows = list(csv.reader(lines, skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise ValueError(str(error)) from error
    if len(rows) != 1 or not rows[0]:
        raise ValueError("one line with at least one name is needed")
    return tuple(rows[0])


def listed(names: Iterable[str], most: int | None = None) -> str:
    """Return names as sentences list them: "cat, dog", or "none"; `most` of them by name."""
    every = list(names)
    more = len(every) - len(every[:most])
    said = ", ".join(map(quoted, every[:most])) or "none"
    return f"{said} and {more} more" if more else said


def class_list(labels: Iterable[int], class_names: Sequence[str]) -> str:
    """Return how a set of classes is written in tables and files, in the classes' order."""
    return join_names(class_names[label] for label in sorted(labels))


def parse_class_lists(value: object) -> ClassLists:
    """Return a list of names per silo from lists, from "1,3 -", or from JSON in a string.

    Integers stand for their digits: a class named 7 may be written as 7.

    Raises:
        ValueError: saying how to write it.
    """
    if isinstance(value, str):
        text = value.strip()
        return _parse_json(text) if text.startswith("[") else _parse_plain(text)
    if not isinstance(value, list | tuple):
        raise ValueError(_FORM)
    return tuple(map(_parse_names, value))


def format_class_lists(lists: ClassLists) -> str:
    """Return the string from which `parse_class_lists` makes the same lists: plain if possible."""
    plain = " ".join(",".join(names) or _NO_CLASS for names in lists)
    try:
        if plain.isprintable() and parse_class_lists(plain) == lists:
            return plain
    except ValueError:
        pass
    text = json.dumps(lists, ensure_ascii=False)
    return text if text.isprintable() else json.dumps(lists)


def find_labels(names: Iterable[str], class_names: Sequence[str]) -> tuple[int, ...]:
    """Return the labels of the named classes, once each, in the classes' order.

    Raises:
        KeyError: with the first name that no class has.
    """
    labels = {name: label for label, name in enumerate(class_names)}
    return tuple(sorted({labels[name] for name in names}))


def known_classes(unknown: str, class_names: Sequence[str], instead: str) -> str:
    """Return sentences for who typed an unknown name: one that is close, and all or many.

    `instead` is what to write where positions were typed, else empty.
    """
    close = difflib.get_close_matches(unknown, class_names, n=1)
    hint = f"Did you mean {quoted(close[0])}? " if close else ""
    names = f"{hint}The dataset's classes are {listed(class_names, most=_MANY)}"
    return f"{names}. {_BY_NAME}: write {instead}" if instead else names


def names_at(
    lists: ClassLists, class_names: Sequence[str], stored_names: Sequence[str] = ()
) -> ClassLists | None:
    """Return the names at the positions that somebody evidently typed in place of names.

    Positions are those of `stored_names`, where some of these are no classes, having no example.
    None where the lists are not only integers, name a class, or no class is at one of them.
    """
    stored = enumerate(stored_names or class_names)
    at = {str(position): name for position, name in stored if name in class_names}
    every = {name for names in lists for name in names}
    if not every or every & set(class_names) or not every <= at.keys():
        return None
    return tuple(tuple(at[name] for name in names) for names in lists)


def lacking(label_counts: Sequence[float]) -> tuple[int, ...]:
    """Return the labels of which a silo has no training example."""
    return tuple(label for label, count in enumerate(label_counts) if not count)


def distinct(sets: Iterable[tuple[int, ...]]) -> tuple[tuple[int, ...], ...]:
    """Return sets of labels in their order, once each and without empty ones."""
    return tuple(dict.fromkeys(labels for labels in sets if labels))


def lacked_by_all(lacks: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Return the labels that are in what each silo lacks: nobody can teach a model these."""
    return tuple(sorted(set(lacks[0]).intersection(*lacks[1:])))


def no_silo_has(names: Iterable[str]) -> str:
    """Return the sentence on classes that no silo has."""
    return (
        f"No silo has a training example of {listed(names)}, so no model can name such cases, "
        "and no silo can learn them from another."
    )


def _parse_plain(text: str) -> ClassLists:
    if '"' in text:
        raise ValueError(_FORM)
    lists = [() if silo == _NO_CLASS else tuple(silo.split(",")) for silo in text.split()]
    if any(not name for names in lists for name in names):
        raise ValueError(_FORM)
    return tuple(lists)


def _parse_json(text: str) -> ClassLists:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError(_FORM) from None
    return tuple(map(_parse_names, value))


def _parse_names(names: object) -> tuple[str, ...]:
    if not isinstance(names, list | tuple):
        raise ValueError(_FORM)
    if not all(isinstance(name, str | int) and not isinstance(name, bool) for name in names):
        raise ValueError(_FORM)
    return tuple(map(str, names))
