"""What `fedcompare inspect` shows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SiloRows:
    """A silo's rows: those to train on, those held out, and all of each class."""

    name: str
    train: int
    test: int
    by_class: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnUse:
    """A column: its role or kind, what becomes of it, and how many training rows lack a value."""

    name: str
    kind: str
    treatment: str
    missing: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """All that `fedcompare inspect` shows; without a label or a silo column, what could be one.

    `command` is what to go on with.
    """

    place: str
    rows: int
    train: int
    test: int
    inputs: int
    classes: tuple[str, ...]
    silos: tuple[SiloRows, ...]
    columns: tuple[ColumnUse, ...]
    notes: tuple[str, ...]
    command: str
