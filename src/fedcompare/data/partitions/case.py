"""What a partitioner is asked for, as far as its limits depend on it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fedcompare.config.choices import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A partitioner's arguments, the number of silos, and the sizes of the classes that there are.

    Types are those that the partitioner's signature asks for; values may still be impossible.
    `things` are what is dealt, and what sizes count.
    """

    arguments: Mapping[str, Value]
    num_silos: int
    class_sizes: tuple[int, ...]
    things: str = "training examples"

    @property
    def total(self) -> int:
        """Return the number of things that are dealt."""
        return sum(self.class_sizes)

    @property
    def written(self) -> tuple[tuple[str, Value], ...]:
        """Return the arguments as a choice has them."""
        return tuple(self.arguments.items())

    def of(self, name: str, default: Any = None) -> Any:
        """Return an argument, or what it is by default."""
        return self.arguments.get(name, default)

    def but(self, **arguments: Value) -> "Case":
        """Return the same case with other arguments."""
        return replace(self, arguments={**self.arguments, **arguments})
