"""Which forms words have: each is asked once for each word, and most once for all words alike."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fedcompare.data.tables.column import Words, tell_apart
from fedcompare.data.tables.values import (
    COMMA,
    DAY_FORMATS,
    POINT,
    days,
    has_sign,
    is_code,
    is_missing,
    is_number,
    is_prose,
    is_whole,
)

Flags = npt.NDArray[np.uint16]

MISSING, CODE, PROSE, BROKEN = "missing", "code", "prose", "not whole"
THOUSANDS, PERCENT = "thousands", "percent"
# The bits of a flag from the lowest on; a sign and the form of a day say that a word has not
# this form. What is missing has no other bit.
BITS = {
    name: 1 << place
    for place, name in enumerate(
        (MISSING, CODE, PROSE, BROKEN, THOUSANDS, PERCENT, POINT, COMMA, *DAY_FORMATS)
    )
}
# Only a zero is another digit than the others to any form, but for that of a day.
_DIGITS = np.arange(256, dtype=np.uint8)
_DIGITS[ord("1") : ord("9") + 1] = ord("9")
_LIKE_A_DAY = r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}"


def find_flags(words: Words) -> Flags:
    """Return the forms of each word, as bits."""
    shapes, places = tell_apart(_shapes(words))
    flags = np.zeros(len(shapes), dtype=np.uint16)
    for name, found in (
        (CODE, is_code(shapes)),
        (PROSE, is_prose(shapes)),
        (BROKEN, ~is_whole(shapes)),
        (THOUSANDS, has_sign(shapes, ",") & is_number(shapes, POINT)),
        (PERCENT, has_sign(shapes, "%")),
        (POINT, ~is_number(shapes, POINT)),
        (COMMA, ~is_number(shapes, COMMA)),
    ):
        flags |= found * np.uint16(BITS[name])
    flags |= np.uint16(sum(BITS[form] for form in DAY_FORMATS))
    flags[is_missing(shapes)] = BITS[MISSING]
    return _without_days(words, flags[places])


def _without_days(words: Words, flags: Flags) -> Flags:
    """Return the flags but for the bits of those forms that words have which look like a day."""
    candidates = np.asarray(pc.match_substring_regex(words, _LIKE_A_DAY))
    some = words.filter(pa.array(candidates))
    for form in DAY_FORMATS if len(some) else ():
        no_day = np.isnan(days(some, form))
        flags[candidates] &= np.where(no_day, ~np.uint16(0), ~np.uint16(BITS[form]))
    return flags


def _shapes(words: Words) -> Words:
    """Return words with a 9 for each digit but 0: there are few such, however many numbers."""
    _, ends, text = words.buffers()
    shaped = _DIGITS[np.frombuffer(text or b"", dtype=np.uint8)]
    return pa.Array.from_buffers(
        words.type, len(words), [None, ends, pa.py_buffer(shaped)], offset=words.offset
    )
