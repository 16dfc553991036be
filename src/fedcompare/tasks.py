"""What labels are, which decides the outputs, the loss and the measures."""

from collections.abc import Sequence
from enum import StrEnum


class Task(StrEnum):
    """What models are to tell: one of several classes, one of two, or a number."""

    MULTI_CLASS = "multi-class"
    BINARY = "binary"
    REGRESSION = "regression"

    @classmethod
    def of(cls, class_names: Sequence[str]) -> "Task":
        """Return the task whose labels have these names: labels without names are numbers."""
        if not class_names:
            return cls.REGRESSION
        return cls.BINARY if len(class_names) == 2 else cls.MULTI_CLASS


CLASSES = frozenset({Task.MULTI_CLASS, Task.BINARY})
NUMBERS = frozenset({Task.REGRESSION})
