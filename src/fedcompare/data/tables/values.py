"""What a word stands for: nothing, a number, a day, yes or no. All work on many words at once."""

import re
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fedcompare.data.tables.column import Words

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

# In small letters; what people and programs write where there is no value.
MISSING = ("", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none", "?", "-", "–", ".")
_LONGEST = max(len(word.encode()) for word in MISSING)
POINT, COMMA = ".", ","
# The words of a column that says yes or no, the positive one first.
YES_NO = (("yes", "no"), ("y", "n"), ("true", "false"), ("t", "f"))
_TIME = r"(?:[ T](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?)?"
# How a day may be written, and which of the groups are its year, month and day.
_DAYS = {
    "year-month-day": (rf"^(\d{{4}})-(\d{{1,2}})-(\d{{1,2}})({_TIME})$", r"\1-0\2-0\3\4"),
    "year/month/day": (r"^(\d{4})/(\d{1,2})/(\d{1,2})$", r"\1-0\2-0\3"),
    "day.month.year": (r"^(\d{1,2})\.(\d{1,2})\.(\d{4})$", r"\3-0\2-0\1"),
    "day/month/year": (r"^(\d{1,2})/(\d{1,2})/(\d{4})$", r"\3-0\2-0\1"),
    "month/day/year": (r"^(\d{1,2})/(\d{1,2})/(\d{4})$", r"\3-0\1-0\2"),
}
DAY_FORMATS = tuple(_DAYS)
_MICROSECONDS = 86_400_000_000
_LARGEST = 1e100
_INFINITE = r"[+-]?(?i:inf(?:inity)?)"


def is_missing(words: Words) -> Mask:
    """Return which words say that there is no value."""
    missing = _mask(pc.less_equal(pc.binary_length(words), _LONGEST))
    short = pc.utf8_lower(words.filter(pa.array(missing)))
    missing[missing] = _mask(pc.is_in(short, value_set=pa.array(MISSING, words.type)))
    return missing


def numbers(words: Words, decimal: str) -> Floats:
    """Return the number that each word stands for, NaN where it stands for none.

    `decimal` is the sign before decimals; the other one, blanks and apostrophes group thousands.
    A Unicode minus and a percent sign are understood; infinite numbers stay infinite, and those
    whose squares no sum could hold are.
    """
    if decimal == POINT:
        try:
            return _bounded(_floats(pc.cast(words, pa.float64())))
        except pa.ArrowInvalid:
            pass
    return _bounded(_floats(pc.cast(_digits(words, decimal), pa.float64())))


def with_points(words: Words) -> Words:
    """Return words whose numbers with decimal commas have points; what is no number stays."""
    return pc.coalesce(_digits(words, COMMA), words)


def is_number(words: Words, decimal: str) -> Mask:
    """Return which words stand for a number, an infinite one too; see `numbers`."""
    return _mask(pc.match_substring_regex(_clean(words), _pattern(decimal)))


def days(words: Words, form: str) -> Floats:
    """Return the days since 1970 that each word stands for, NaN where it is no day of this form."""
    pattern, order = _DAYS[form]
    texts = pc.if_else(pc.match_substring_regex(words, pattern), words, None)
    plain = pc.replace_substring_regex(texts, pattern, order)
    plain = pc.replace_substring_regex(plain, r"-0(\d\d)", r"-\1")
    day = pc.utf8_slice_codeunits(plain, 0, 10)
    read = pc.strptime(day, format="%Y-%m-%d", unit="us", error_is_null=True)
    real = pc.equal(pc.cast(pc.strftime(read, format="%Y-%m-%d"), day.type), day)
    whole = pc.cast(pc.if_else(pc.fill_null(real, False), plain, None), pa.timestamp("us"))
    return _floats(pc.cast(whole, pa.int64())) / _MICROSECONDS


def yes_no(words: Words, pair: tuple[str, str]) -> Floats:
    """Return 1 for the positive word, 0 for the other, in whatever case; NaN for all else."""
    lower = pc.utf8_lower(words)
    positive, negative = (_mask(pc.equal(lower, word)) for word in pair)
    return np.where(positive, 1.0, np.where(negative, 0.0, np.nan))


def has_sign(words: Words, sign: str) -> Mask:
    """Return which words hold a sign."""
    return _mask(pc.match_substring(words, sign))


def is_code(words: Words) -> Mask:
    """Return which words are digits that no number keeps: leading zeros, or 16 and more of them."""
    return _mask(pc.match_substring_regex(words, r"^[+-]?(?:0\d+|\d{16,})$"))


def is_whole(words: Words) -> Mask:
    """Return which words are whole numbers and nothing else."""
    return _mask(pc.match_substring_regex(words, r"^[+-]?\d+$"))


def is_prose(words: Words) -> Mask:
    """Return which words are several."""
    return _mask(pc.match_substring_regex(words, r"\S+\s+\S+\s+\S+"))


def _clean(words: Words) -> Words:
    """Return words with ASCII's minus and blank in the place of others."""
    plain = pc.replace_substring(words, "\u2212", "-")
    return pc.replace_substring_regex(plain, "[\u00a0\u2009\u202f]", " ")


def _digits(words: Words, decimal: str) -> Words:
    """Return the text of each word's number with a decimal point; null where there is none."""
    clean = _clean(words)
    fits = pc.match_substring_regex(clean, _pattern(decimal))
    digits = pc.replace_substring_regex(clean, _grouping(decimal) + r"|\s*%$", "")
    if decimal == COMMA:
        digits = pc.replace_substring(digits, ",", ".")
    return pc.if_else(fits, digits, None)


def _pattern(decimal: str) -> str:
    sign = re.escape(decimal)
    whole = rf"(?:\d{{1,3}}(?:{_grouping(decimal)}\d{{3}})+|\d+)"
    number = rf"[+-]?(?:{whole}(?:{sign}\d*)?|{sign}\d+)(?:[eE][+-]?\d+)?"
    return rf"^(?:{number}\s?%?|{_INFINITE})$"


def _grouping(decimal: str) -> str:
    return r"[, ']" if decimal == POINT else r"[. ']"


def _bounded(found: Floats) -> Floats:
    bounded: Floats = np.where(np.abs(found) > _LARGEST, np.copysign(np.inf, found), found)
    return bounded


def _mask(found: Any) -> Mask:
    mask: Mask = np.array(pc.fill_null(found, False))
    return mask


def _floats(found: Any) -> Floats:
    array: Floats = np.asarray(pc.cast(found, pa.float64()).to_numpy(zero_copy_only=False))
    return array
