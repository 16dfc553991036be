"""From labels as they are stored, integers or text, to those of classes that have examples."""

from collections.abc import Sequence
from typing import Any

import torch

from fedcompare.errors import DataError

UNLABELLED = -1
_NAMES_SHOWN = 10


def encode_labels(
    stored: Sequence[tuple[str, Sequence[Any]]], *, names: Sequence[str] | None = None
) -> tuple[list[torch.Tensor], tuple[str, ...], list[str]]:
    """Return int64 labels [N] of each split, the classes' names, and notes of them.

    A class is what at least one example has: a name without any is left out.

    Args:
        stored: each split's name, and a label for each of its examples.
        names: what label 0, 1, ... is called; without, labels are their own names.

    Raises:
        DataError: a label is missing, or is not among `names`, or all examples have one class.
    """
    for split, labels in stored:
        _check_labels(split, labels, names)
    used = sorted(set().union(*(labels for _, labels in stored)))
    found = tuple(str(label) if names is None else names[label] for label in used)
    if len(found) < 2:
        raise DataError(
            f"all examples are of one class, {found[0]}: there is nothing to tell apart"
        )
    position = {label: number for number, label in enumerate(used)}
    encoded = [torch.tensor([position[label] for label in labels]) for _, labels in stored]
    notes = [
        *_unused_notes(names or (), found),
        *_one_sided_notes(stored, used, found),
        *_number_notes(len(found), len(encoded[0])),
    ]
    return encoded, found, notes


def _check_labels(split: str, labels: Sequence[Any], names: Sequence[str] | None) -> None:
    if not len(labels):
        raise DataError(f"split {split!r} has no examples")
    missing = sum(label is None or label in (UNLABELLED, "") for label in labels)
    if missing:
        raise DataError(
            f"split {split!r}: {missing} of {len(labels)} examples have no label (missing, or "
            f"{UNLABELLED}). Label them, take them out, or choose another split or column "
            "(train-split, test-split, label)."
        )
    if names is not None and (wrong := [n for n in labels if not 0 <= n < len(names)]):
        raise DataError(
            f"split {split!r}: {len(wrong)} of {len(labels)} examples have a label that stands for "
            f"no class, such as {wrong[0]}; the classes are 0 to {len(names) - 1}"
        )


def _unused_notes(names: Sequence[str], found: Sequence[str]) -> list[str]:
    unused = [name for name in names if name not in set(found)]
    if not unused:
        return []
    return [f"Classes without any example are left out: {_listed(unused)}."]


def _one_sided_notes(
    stored: Sequence[tuple[str, Sequence[Any]]], used: Sequence[Any], found: Sequence[str]
) -> list[str]:
    """Say which classes have examples in one split alone."""
    notes = []
    for split, labels in stored:
        present = set(labels)
        lacking = [name for label, name in zip(used, found, strict=True) if label not in present]
        if lacking:
            notes.append(f"Split {split!r} has no example of {_listed(lacking)}.")
    return notes


def _number_notes(classes: int, examples: int) -> list[str]:
    """Say that what was taken for labels may be none: identifiers, captions, measurements."""
    if 2 * classes <= examples:
        return []
    return [f"There are {classes} classes for {examples} training examples: are these labels?"]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
