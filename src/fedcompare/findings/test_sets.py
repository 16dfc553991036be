"""The keys of test sets, written and read in one place.

A key is "all", "own:1", "seen:1", "unseen:1", or a list of classes as `classes.join_names` writes
it, which is never one of the others.
"""

import re

ALL = "all"
_OF_SILO = re.compile(r"(own|seen|unseen):([1-9][0-9]*)")


def own(silo: int) -> str:
    """Return the key of the test set that is weighted as a silo's training data."""
    return f"own:{silo}"


def unseen(silo: int) -> str:
    """Return the key of the classes that a silo never had, in any seed."""
    return f"unseen:{silo}"


def seen(silo: int) -> str:
    """Return the key of the classes that a silo has."""
    return f"seen:{silo}"


def read_key(key: str) -> tuple[str, int | None]:
    """Return a key's kind ("all", "own", "seen", "unseen" or "classes") and its silo, if any."""
    if match := _OF_SILO.fullmatch(key):
        return match[1], int(match[2])
    return ("all" if key == ALL else "classes"), None
