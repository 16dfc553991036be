"""What `fedcompare inspect` shows."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fedcompare.statistics.skew import MeasuredSkew

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiloExamples:
    """A silo's examples: those to train on, those held out, and all of each class.

    Where the label is a number, there are no classes, but the `mean` and `deviation` of all.
    """

    name: str
    train: int
    test: int
    by_class: tuple[int, ...]
    mean: float | None = None
    deviation: float | None = None

    @classmethod
    def of_numbers(cls, name: str, train: Floats, test: Floats) -> "SiloExamples":
        """Return a silo's examples whose labels are numbers, [N]."""
        every = np.concatenate([train, test])
        return cls(
            name=name,
            train=len(train),
            test=len(test),
            by_class=(),
            mean=float(every.mean()),
            deviation=float(every.std()),
        )


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

    `noun` is what one example is, a row or a picture, and `form` what models take of it; `skew` is
    how much silos differ in what they train on, `has_silos` whether it is known who they are, and
    `command` what to go on with.
    """

    place: str
    noun: str
    examples: int
    train: int
    test: int
    form: str
    classes: tuple[str, ...]
    silos: tuple[SiloExamples, ...]
    has_silos: bool
    skew: MeasuredSkew
    columns: tuple[ColumnUse, ...]
    notes: tuple[str, ...]
    command: str
