"""What a catalog has, for people who look for it."""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fedcompare.config.choices import choosable, written


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One thing of a catalog: what to write, with which arguments, and a line on it."""

    name: str
    line: str
    arguments: str = ""

    @property
    def written(self) -> str:
        """Return the name with its arguments, as in a configuration."""
        return f"{self.name}({self.arguments})" if self.arguments else self.name


def written_arguments(callee: Callable[..., object], *, given: Iterable[str] = ()) -> str:
    """Return the arguments that a choice may set, with their defaults: "alpha, size=10"."""
    defaults = {name: p.default for name, p in choosable(callee, given=given).items()}
    return ", ".join(
        name if default is inspect.Parameter.empty else f"{name}={written(default)}"
        for name, default in defaults.items()
    )
