"""What a user typed, as messages show it, and what may have been meant."""

import difflib
import re
import reprlib
from collections.abc import Sequence

_LONGEST = 200


def plain(text: str) -> str:
    """Return a text cut to a length that can be read, and without control characters."""
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return cut if cut.isprintable() else ascii(cut)[1:-1]


def shown(value: object) -> str:
    """Return a value as Python writes it, cut where it is long or deep."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = _LONGEST
    try:
        return short.repr(value)
    except ValueError:  # Python writes no integer of more than 4300 digits
        return "a very large number"


def suggestion(key: str, known: Sequence[str]) -> str:
    """Return a hint at the known keys that an unknown one may stand for.

    Only a slip of the pen is called meant, or a key that has all words of the unknown one;
    keys that share a word are listed as what there is.
    """
    words = _words(key)
    close = difflib.get_close_matches(key[:_LONGEST], known, n=3, cutoff=0.8)
    meant = [name for name in known if name in close or (words and words <= _words(name))]
    if meant:
        return f"did you mean {' or '.join(meant)}?"
    if alike := [name for name in known if words & _words(name)]:
        return f"keys that share a word with it: {', '.join(alike)}"
    return f"known keys: {', '.join(known)}"


def _words(key: str) -> set[str]:
    """Return a key's words, in the singular."""
    words = re.split(r"[^a-z]+", key[:_LONGEST].lower())
    return {word.removesuffix("s") for word in words} - {""}
