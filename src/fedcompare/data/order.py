"""Names in the order that people expect: "site 7" before "site 10"."""

import re
from collections.abc import Iterable

_DIGITS = re.compile(r"(\d+)")
_Key = tuple[list[tuple[int, int, str]], str]


def naturally(names: Iterable[str]) -> list[str]:
    """Return names sorted by their words and, where these have digits, by the numbers."""
    return sorted(names, key=_key)


def _key(name: str) -> _Key:
    parts = [
        (0, len(part.lstrip("0")), part.lstrip("0"))
        if part.isdecimal()
        else (1, 0, part.casefold())
        for part in _DIGITS.split(name)
        if part
    ]
    return parts, name
