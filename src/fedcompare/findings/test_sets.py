"""Parts and weightings of the test set."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fedcompare.classes import join_names


class Kind(StrEnum):
    """Which test examples count, and how much."""

    ALL = "all"
    OWN = "own"
    OTHERS = "others"
    SEEN = "seen"
    UNSEEN = "unseen"
    CLASSES = "classes"


@dataclass(frozen=True, slots=True)
class TestSet:
    """A part of the test set, or a weighting of it.

    OWN is of a silo's own held-out rows where silos differ in more than labels, and OTHERS of all
    other silos'; else OWN weighs examples as the classes in its training data. SEEN and UNSEEN are
    of the classes that a silo has and of those that it never had, in any seed; CLASSES are of
    `classes`, by name. Keys are written here, and never read back.
    """

    kind: Kind
    silo: int | None = None
    classes: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Return the name of rows and columns: "all", "own:1", "unseen:1", "1,3,7".

        A list of classes, as `classes.join_names` writes it, is never one of the others.
        """
        if self.kind is Kind.CLASSES:
            return join_names(self.classes)
        return self.kind.value if self.silo is None else f"{self.kind}:{self.silo}"


ALL = TestSet(Kind.ALL)


def own(silo: int) -> TestSet:
    """Return a silo's own cases: its own rows, or the test set weighted as its training data."""
    return TestSet(Kind.OWN, silo)


def others(silo: int) -> TestSet:
    """Return the held-out rows of all other silos."""
    return TestSet(Kind.OTHERS, silo)


def seen(silo: int) -> TestSet:
    """Return the examples of the classes that a silo has."""
    return TestSet(Kind.SEEN, silo)


def unseen(silo: int) -> TestSet:
    """Return the examples of the classes that a silo never had."""
    return TestSet(Kind.UNSEEN, silo)


def of_classes(labels: Sequence[int], class_names: Sequence[str]) -> TestSet:
    """Return the examples of these classes, in the classes' order."""
    return TestSet(Kind.CLASSES, classes=tuple(class_names[c] for c in sorted(labels)))
