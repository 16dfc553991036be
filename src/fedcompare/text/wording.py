"""How numbers are written: shares in percent, gains in percentage points, human units."""

import math
from collections.abc import Iterable, Sequence

DASH = "–"
MINUS = "−"


def gain_digits(gain: float) -> int:
    """Return how many decimals a gain needs: two below one percentage point, else one."""
    return 2 if abs(gain) < 0.01 else 1


def number(value: float, digits: int) -> str:
    """Return a number with a real minus sign and never a negative zero; NaN is a dash."""
    if math.isnan(value):
        return DASH
    text = f"{round(value, digits) + 0.0:.{digits}f}"
    return text.replace("-", MINUS)


def percent(share: float | None, digits: int = 1) -> str:
    """Return a share in [0, 1] as percent, without the sign; None or NaN is a dash."""
    return DASH if share is None else number(100 * share, digits)


def points(gain: float, digits: int | None = None) -> str:
    """Return a gain in [-1, 1] as signed percentage points, without the unit."""
    text = percent(gain, gain_digits(gain) if digits is None else digits)
    return text if text.startswith((MINUS, DASH)) or not text.strip("0.") else f"+{text}"


def interval(low: float, high: float, digits: int) -> str:
    """Return the bounds of an interval of gains, or a dash."""
    if math.isnan(low) or math.isnan(high):
        return DASH
    return " to ".join(points(end, told_from_zero(100 * end, digits)) for end in (low, high))


def told_from_zero(value: float, digits: int) -> int:
    """Return so many decimals, or as many more as tell a number from 0, up to three more.

    A word says on which side of 0 an interval lies, and what is written must not contradict it.
    """
    enough = (n for n in range(digits, digits + 4) if not value or round(value, n))
    return next(enough, digits)


def spread(lowest: float, highest: float) -> str:
    """Return the lowest and highest share over seeds, in percent; nothing if they are NaN."""
    if math.isnan(lowest) or math.isnan(highest):
        return ""
    return f"{percent(lowest)}–{percent(highest)}"


def p_value(value: float) -> str:
    """Return a p-value with three decimals, the smallest as a bound."""
    return "< 0.001" if value < 0.001 else number(value, 3)


def level(confidence: float) -> str:
    """Return the level of an interval, as "95 %" or "98.3 %"; the space does not break."""
    text = f"{100 * confidence:.1f}".removesuffix(".0")
    return f"{text}\u00a0%" if confidence < 0.9995 else "over 99.9\u00a0%"


def count(value: float) -> str:
    """Return a count with thousands separators, with one decimal where it is a broken mean."""
    if math.isnan(value):
        return DASH
    return f"{value:,.0f}" if value == round(value) or value >= 1000 else f"{value:,.1f}"


def size(num_bytes: float) -> str:
    """Return a number of bytes in decimal units."""
    for unit in ("B", "kB", "MB", "GB"):
        if num_bytes < 1000:
            return f"{count(round(num_bytes, 1 if unit != 'B' else 0))} {unit}"
        num_bytes /= 1000
    return f"{num_bytes:,.1f} TB"


def duration(seconds: float) -> str:
    """Return seconds as people say them: "42.3 s", "3 min 20 s", "1 h 5 min"."""
    if math.isnan(seconds):
        return DASH
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def plural(count: int, noun: str, several: str = "") -> str:
    """Return "1 seed" or "5 seeds"; `several` where an s is not enough."""
    return f"{count} {noun}" if count == 1 else f"{count} {several or f'{noun}s'}"


def several(noun: str) -> str:
    """Return a noun's plural: "mean absolute errors", "log losses"."""
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"


def sentence(text: str) -> str:
    """Return a text as a sentence or a title begins with it: only its first letter changes."""
    return text[:1].upper() + text[1:]


def enumerated(items: Sequence[str]) -> str:
    """Return items as a sentence has them: "a", "a and b", "a, b and c"."""
    *before, last = items
    return f"{', '.join(before)} and {last}" if before else last


def listing(items: Iterable[object]) -> str:
    """Return a comma-separated list, or "none"."""
    return ", ".join(map(str, items)) or "none"
