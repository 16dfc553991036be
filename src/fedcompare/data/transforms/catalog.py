"""Transforms: a row for each."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy.typing as npt

from fedcompare.classes import listed
from fedcompare.config.choices import Choice, check_arguments, check_choice, check_values
from fedcompare.config.groups import PartitionConfig
from fedcompare.config.listed import Listed, written_arguments
from fedcompare.data.transforms import noise, pictures, tables
from fedcompare.data.transforms.seen import Columns
from fedcompare.errors import ConfigError

KEY = "transforms"
_GIVEN = ("seen", "labels", "num_classes", "generator")


class Changes(Enum):
    """What a transform can change."""

    PICTURES = "pictures"
    NUMBERS = "numbers of a table"
    INPUTS = "pictures and numbers of a table"
    LABELS = "training labels"


@dataclass(frozen=True, slots=True)
class Row:
    """What makes inputs of what a silo sees, or labels of labels, and which of them it changes."""

    transform: Callable[..., npt.NDArray[Any]]
    changes: Changes


CATALOG: Mapping[str, Row] = {
    "rotation": Row(pictures.rotation, Changes.PICTURES),
    "blur": Row(pictures.blur, Changes.PICTURES),
    "contrast": Row(pictures.contrast, Changes.PICTURES),
    "noise": Row(noise.noise, Changes.INPUTS),
    "shift": Row(tables.shift, Changes.NUMBERS),
    "scale": Row(tables.scale, Changes.NUMBERS),
    "label-noise": Row(noise.label_noise, Changes.LABELS),
}


def changes_labels(choice: Choice) -> bool:
    """Return whether a transform makes labels, and not inputs."""
    return CATALOG[choice.name].changes is Changes.LABELS


def list_transforms() -> Iterator[Listed]:
    """Yield each transform, as the code has it."""
    for name, row in CATALOG.items():
        line = f"{str(row.transform.__doc__).splitlines()[0]} For {row.changes.value}."
        arguments = written_arguments(row.transform, given=_GIVEN)
        yield Listed(name=name, line=line, arguments=arguments)


def check_transforms(config: PartitionConfig) -> None:
    """Raise before any work if there is no such transform, or it has not such arguments.

    Raises:
        ConfigError: with a line for each that is unknown, and each wrong argument.
    """
    problems: list[str] = []
    chains = (entry.chain for entry in config.transforms)
    for choice in dict.fromkeys(choice for chain in chains for choice in chain):
        try:
            check_choice(KEY, choice.name, CATALOG, noun="transform")
            callee = CATALOG[choice.name].transform
            check_arguments(KEY, choice, callee, given=_GIVEN)
            check_values(KEY, choice, callee)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)


def misfit(choice: Choice, columns: Columns | None, num_classes: int) -> str:
    """Return why a transform cannot be done to these data, and what can; empty if it can.

    `columns` are the numeric ones of a table, None for pictures; there are no classes where labels
    are numbers.
    """
    changes = CATALOG[choice.name].changes
    if changes is Changes.LABELS:
        only = "labels are numbers" if num_classes == 0 else "there is only one"
        return f"{choice.name} gives another class, and {only}" if num_classes < 2 else ""
    fitting = Changes.PICTURES if columns is None else Changes.NUMBERS
    if changes not in (fitting, Changes.INPUTS):
        names = [name for name, row in CATALOG.items() if row.changes in (fitting, Changes.INPUTS)]
        data = "pictures" if columns is None else "a table"
        return (
            f"{choice.name} is for {changes.value}, and these data are {data}; for them there are "
            f"{', '.join(names)}, and label-noise"
        )
    if columns is None:
        return ""
    if not columns:
        return f"{choice.name} changes numbers, and no column of the table is numeric"
    chosen = choice.keywords.get("columns") or ()
    assert isinstance(chosen, tuple)
    if strange := [str(name) for name in chosen if name not in columns]:
        return (
            f"{choice.name}: {listed(strange)} is no numeric column to learn from; those are "
            f"{listed(columns)}"
        )
    return ""
