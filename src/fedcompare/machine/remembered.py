"""Values that were made last, kept as long as together they are not too large."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

_FEW = 2
_BYTES = 256 * 2**20


class Remembered(Generic[Key, Value]):
    """A function whose last values are kept: a few, and more while they are small.

    `size` returns a value's bytes. Large values that are kept are two: those of a comparison.
    """

    def __init__(self, make: Callable[[Key], Value], size: Callable[[Value], int]) -> None:
        self._make, self._size = make, size
        self._known: OrderedDict[Key, Value] = OrderedDict()
        self.__doc__ = make.__doc__

    def __call__(self, key: Key) -> Value:
        """Return the function's value, the one that is known if it still is."""
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        value = self._known[key] = self._make(key)
        total = sum(map(self._size, self._known.values()))
        while len(self._known) > _FEW and total > _BYTES:
            total -= self._size(self._known.popitem(last=False)[1])
        return value

    def cache_clear(self) -> None:
        """Forget all values."""
        self._known.clear()


def remembered(
    size: Callable[[Value], int],
) -> Callable[[Callable[[Key], Value]], Remembered[Key, Value]]:
    """Return what makes a function keep its last values, whose bytes `size` returns."""
    return lambda make: Remembered(make, size)
