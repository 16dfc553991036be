"""How the values of a measure are written: shares in percent, and numbers in the label's unit."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from fedcompare.text import wording
from fedcompare.text.wording import DASH, MINUS

_DIGITS = 3  # that a number keeps, before and after the decimal sign


class Unit(StrEnum):
    """What a measure's values are in, as tables say it; LABEL stands for the label's own unit."""

    PERCENT = "%"
    POINTS = "points"
    NATS = "nats"
    LABEL = "label"
    NONE = ""

    @property
    def in_hundredths(self) -> bool:
        """Return whether values are parts of 1 that people read and write times 100."""
        return self in (Unit.PERCENT, Unit.POINTS)


class Units(Protocol):
    """How values of one measure are written, and differences of two of them.

    `of_values` and `of_gains` follow the name of a column; `noun` follows a gain in a sentence.
    """

    @property
    def in_points(self) -> bool:
        """Return whether values are parts of 1, written times 100, and gains are in points."""
        ...

    @property
    def of_values(self) -> str:
        """Return what follows the name of values: ", %"."""
        ...

    @property
    def of_gains(self) -> str:
        """Return what follows the name of gains: ", points"."""
        ...

    @property
    def noun(self) -> str:
        """Return what follows a gain in sentences: " points"."""
        ...

    def digits(self, gain: float, *others: float) -> int:
        """Return how many decimals a gain needs, and all numbers beside it."""
        ...

    def value(self, value: float | None, digits: int | None = None) -> str:
        """Return a value of the measure; None or NaN is a dash."""
        ...

    def gain(self, gain: float, digits: int | None = None) -> str:
        """Return a difference with its sign."""
        ...

    def interval(self, low: float, high: float, digits: int) -> str:
        """Return the bounds of an interval of gains, or a dash."""
        ...

    def spread(self, lowest: float, highest: float) -> str:
        """Return the lowest and highest value over seeds; nothing if they are NaN."""
        ...

    def plotted(self, value: float) -> float:
        """Return a value or a gain as pictures show it."""
        ...


@dataclass(frozen=True, slots=True)
class Percent:
    """Shares, or other parts of 1: values in percent, gains in percentage points."""

    in_points: bool = True
    of_values: str = ", %"
    of_gains: str = ", points"
    noun: str = " points"

    def digits(self, gain: float, *others: float) -> int:
        """Return two below one percentage point, else one."""
        return wording.gain_digits(gain)

    def value(self, value: float | None, digits: int | None = None) -> str:
        """Return a share in percent, without the sign."""
        return wording.percent(value, 1 if digits is None else digits)

    def gain(self, gain: float, digits: int | None = None) -> str:
        """Return signed percentage points."""
        return wording.points(gain, digits)

    def interval(self, low: float, high: float, digits: int) -> str:
        """Return signed percentage points, or a dash."""
        return wording.interval(low, high, digits)

    def spread(self, lowest: float, highest: float) -> str:
        """Return shares in percent."""
        return wording.spread(lowest, highest)

    def plotted(self, value: float) -> float:
        """Return percent."""
        return 100 * value


@dataclass(frozen=True, slots=True)
class Plain:
    """Numbers in the unit of what they are: about three digits of each."""

    in_points: bool = False
    of_values: str = ""
    of_gains: str = ""
    noun: str = ""

    def digits(self, gain: float, *others: float) -> int:
        """Return as many decimals as the largest one needs for three digits."""
        known = [abs(number) for number in (gain, *others) if math.isfinite(number)]
        largest = max(known, default=0.0)
        if not largest:
            return _DIGITS - 1
        return max(0, _DIGITS - 1 - math.floor(math.log10(largest)))

    def value(self, value: float | None, digits: int | None = None) -> str:
        """Return a number; three digits, where nobody says how many decimals."""
        if value is None or math.isnan(value):
            return DASH
        return _number(value, self.digits(value) if digits is None else digits)

    def gain(self, gain: float, digits: int | None = None) -> str:
        """Return a signed number."""
        text = self.value(gain, digits)
        return text if text.startswith((MINUS, DASH)) or not text.strip("0.") else f"+{text}"

    def interval(self, low: float, high: float, digits: int) -> str:
        """Return signed numbers, or a dash."""
        if math.isnan(low) or math.isnan(high):
            return DASH
        ends = (low, high)
        return " to ".join(self.gain(end, wording.told_from_zero(end, digits)) for end in ends)

    def spread(self, lowest: float, highest: float) -> str:
        """Return numbers."""
        if math.isnan(lowest) or math.isnan(highest):
            return ""
        digits = self.digits(lowest, highest)
        return f"{self.value(lowest, digits)}–{self.value(highest, digits)}"

    def plotted(self, value: float) -> float:
        """Return the number itself."""
        return value


def _number(value: float, digits: int) -> str:
    """Return a number with thousands separators; a very small one in powers of ten."""
    if digits > 6:
        return f"{value:.{_DIGITS - 1}e}".replace("-", MINUS)
    return f"{round(value, digits) + 0.0:,.{digits}f}".replace("-", MINUS)


PERCENT, POINTS, PLAIN = Percent(), Percent(of_values=", points"), Plain()


def units_in(unit: Unit) -> Units:
    """Return how values of a unit are written."""
    return {Unit.PERCENT: PERCENT, Unit.POINTS: POINTS}.get(unit, PLAIN)
