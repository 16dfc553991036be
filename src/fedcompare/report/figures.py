"""The report's pictures: small panels that are readable at the width of a phone."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from unicodedata import east_asian_width
from xml.etree.ElementTree import Element, SubElement

from fedcompare.findings.gains import Gain
from fedcompare.names import Word, silo_name
from fedcompare.regimes.catalog import Regime, Role
from fedcompare.report import svg
from fedcompare.report.blocks import ICONS, TONES, Figure
from fedcompare.report.svg import Scale
from fedcompare.text.units import PERCENT, Units
from fedcompare.text.wording import level, number

WIDTH = 340.0
# Colour never stands alone: the federated line is solid, baselines differ in dashes.
_DASHES = {
    Role.FEDERATED: ("",),
    Role.REFERENCE: ("2 3",),
    Role.BASELINE: ("7 3", "9 3 2 3", "4 2"),
}
_SHORT = {Word.NO_EVIDENCE: "no evidence", Word.NO_DIFFERENCE: "no difference"}
_LONGEST = 46
_MOST_NAMED = 12
_LONGEST_NAME = 10
_LETTER = 7.2  # the width of one


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One line of a chart: rows of (x, mean, lowest, highest), the last three as they are shown.

    `role` gives colour and dashes: it is also the style class.
    """

    label: str
    role: Role
    rows: tuple[tuple[float, float, float, float], ...]


def forest(
    key: str,
    caption: str,
    gains: Sequence[Gain],
    names: Sequence[str] = (),
    *,
    units: Units = PERCENT,
) -> Figure:
    """Return one question's gains: a row per silo with its point, its word's interval, and zero.

    `names` are the silos' own. Each panel has a scale of its own, so that a gain of one point is
    as legible as one of 95.
    """
    row, bottom = 50.0, 34.0
    height = row * len(gains) + bottom
    bounds = [units.plotted(v) for g in gains for v in (g.low, g.gain, g.high)]
    low, high = padded(0.0, *bounds)
    scale = Scale(low, high, 12, WIDTH - 12)
    said = "; ".join(f"{silo_name(g.silo, names)} {said_of_gains(g, units)}" for g in gains)
    root = svg.picture(key, WIDTH, height, title=f"Gain, {caption}", description=said)
    marks = svg.ticks(low, high, about=6)
    digits = next(d for d in (0, 1, 2, 9) if all(mark == round(mark, d) for mark in marks))
    below = "gain, points" if units.in_points else "gain: a lower error"
    for tick in marks:
        x, floor = scale(tick), height - bottom
        svg.line(root, (x, 0), (x, floor), css="zero" if tick == 0 else "grid")
        svg.write(root, x, floor + 15, signed(tick, digits), css="small", anchor="middle")
    svg.write(root, WIDTH / 2, height - 4, below, css="small", anchor="middle")
    for index, gain in enumerate(gains):
        name = cut(silo_name(gain.silo, names))
        _forest_row(root, gain, name, scale, units, top=row * index)
    return Figure(caption=caption, svg=svg.to_text(root))


def chart(
    key: str,
    caption: str,
    series: Sequence[Series],
    *,
    x_label: str,
    description: str,
    units: Units = PERCENT,
) -> Figure:
    """Return lines over rounds, with the spread over seeds as a band and a legend below.

    Too many baselines to tell apart look alike, have no band, and share a line of the legend.
    """
    left, right, top, base, legend = 38.0, 10.0, 10.0, 196.0, 19.0
    crowd, named = _crowd(series)
    height = base + 44 + legend * len(named)
    shown = [value for line in series for row in line.rows for value in row[1:]]
    marks = _axis(shown) if units.in_points else _free_axis(shown)
    if not units.in_points:
        left = max(left, 10 + _LETTER * max(len(f"{mark:g}") for mark in marks))
    y = Scale(marks[0], marks[-1], base, top)
    rounds = [row[0] for line in series for row in line.rows]
    x = Scale(*padded(*rounds, share=0.02), left, WIDTH - right)
    root = svg.picture(key, WIDTH, height, title=caption, description=description)
    for mark in marks:
        svg.line(root, (left, y(mark)), (WIDTH - right, y(mark)), css="grid")
        svg.write(root, left - 6, y(mark) + 4, f"{mark:g}", css="small", anchor="end")
    for mark in _round_marks(rounds):
        svg.write(root, x(mark), base + 16, f"{mark:g}", css="small", anchor="middle")
    svg.write(root, (left + WIDTH) / 2, base + 32, x_label, css="small", anchor="middle")
    for line in series:
        if line not in crowd:
            _band(root, line, x, y)
    for line in crowd:
        _draw(root, line, x, y, dash=_DASHES[line.role][0], shape=0)
    for index, line in enumerate(named):
        dash = _dash(named[:index], line)
        _draw(root, line, x, y, dash=dash, shape=index)
        _legend(root, line, top=base + 50 + legend * index, dash=dash, shape=index)
    return Figure(caption=caption, svg=svg.to_text(root))


def cut(name: str, longest: int = _LONGEST_NAME) -> str:
    """Return a name that leaves room for the answer and its numbers."""
    while _breadth(name) > longest:
        name = f"{name.removesuffix('…')[:-1]}…"
    return name


def _breadth(name: str) -> int:
    """Return how many letters are as wide as a name: those of some scripts are two wide."""
    return sum(1 + (east_asian_width(letter) in "WF") for letter in name)


def said_of_gains(gain: Gain, units: Units) -> str:
    """Return a gain in words: its word, its size and its interval."""
    digits = units.digits(gain.gain, gain.low, gain.high)
    bounds = units.interval(gain.low, gain.high, digits)
    return (
        f"{gain.word.value}: {units.gain(gain.gain, digits)}{units.noun}, "
        f"{level(gain.confidence)} interval {bounds}"
    )


def _forest_row(
    root: Element, gain: Gain, name: str, scale: Scale, units: Units, *, top: float
) -> None:
    digits = units.digits(gain.gain, gain.low, gain.high)
    digits -= not units.in_points and digits > 0  # there is little room
    word = _SHORT.get(gain.word, gain.word.value)
    value = f"{units.gain(gain.gain, digits)} ({units.interval(gain.low, gain.high, digits)})"
    # The words stand above the line, on a ground of their own where grid lines would cross them.
    SubElement(
        root,
        "rect",
        {"x": "0", "y": svg.place(top), "width": "340", "height": "24", "class": "ground"},
    )
    svg.write(root, 12, top + 17, name, css="label")
    tone = TONES[gain.word]
    word_start = 62 + 7.5 * max(0, _breadth(name) - len("silo 12"))
    svg.write(root, word_start, top + 17, f"{ICONS[gain.word]} {word}", css=f"label {tone}")
    room = WIDTH - 12 - word_start - _LETTER * len(f"{ICONS[gain.word]} {word}")
    if not units.in_points and _LETTER * len(value) > room:  # the line shows the interval
        value = units.gain(gain.gain)
    svg.write(root, WIDTH - 12, top + 17, value, css="value", anchor="end")
    y = top + 37
    if not math.isnan(gain.low) and not math.isnan(gain.high):
        ends = scale(units.plotted(gain.low)), scale(units.plotted(gain.high))
        svg.line(root, (ends[0], y), (ends[1], y), css=f"whisker {tone}")
        for end in ends:
            svg.line(root, (end, y - 4), (end, y + 4), css=f"whisker {tone}")
    if not math.isnan(gain.gain):
        shape = 0 if gain.word in (Word.GAINS, Word.LOSES) else 3
        svg.marker(root, scale(units.plotted(gain.gain)), y, shape=shape, css=f"point {tone}")


def _crowd(series: Sequence[Series]) -> tuple[Sequence[Series], Sequence[Series]]:
    """Return the lines that look alike, if any, and all that the legend names."""
    crowd = [line for line in series if line.role is Role.BASELINE]
    if len(crowd) <= _MOST_NAMED:
        return (), series
    others = [line for line in series if line.role is not Role.BASELINE]
    label = f"{Regime.ISOLATED_EQUAL}, each of {len(crowd)} silos"
    return crowd, [replace(crowd[0], label=label), *others]


def _band(root: Element, line: Series, x: Scale, y: Scale) -> None:
    rows = [row for row in line.rows if not any(map(math.isnan, row))]
    if any(lowest != highest for _, _, lowest, highest in rows):
        upper = [(x(row[0]), y(row[3])) for row in rows]
        lower = [(x(row[0]), y(row[2])) for row in reversed(rows)]
        svg.path(root, [*upper, *lower], css=f"band {line.role}")


def _dash(before: Sequence[Series], line: Series) -> str:
    dashes = _DASHES[line.role]
    return dashes[sum(other.role == line.role for other in before) % len(dashes)]


def _draw(root: Element, line: Series, x: Scale, y: Scale, *, dash: str, shape: int) -> None:
    places = [(x(row[0]), y(row[1])) for row in line.rows if not math.isnan(row[1])]
    if places:
        svg.path(root, places, css=f"curve {line.role}", dash=dash)
    for place in places if len(places) <= 24 else places[-1:]:
        svg.marker(root, *place, shape=shape, css=f"dot {line.role}")


def _legend(root: Element, line: Series, *, top: float, dash: str, shape: int) -> None:
    svg.path(root, [(12, top), (44, top)], css=f"curve {line.role}", dash=dash)
    svg.marker(root, 28, top, shape=shape, css=f"dot {line.role}")
    label = line.label if len(line.label) <= _LONGEST else f"{line.label[: _LONGEST - 1]}…"
    svg.write(root, 52, top + 4, label, css="label")


def padded(*values: float, share: float = 0.06) -> tuple[float, float]:
    """Return bounds around all values with some air; NaN is left out."""
    known = [value for value in values if not math.isnan(value)] or [0.0]
    low, high = min(known), max(known)
    air = (high - low) * share or 0.5
    return low - air, high + air


def _axis(values: Sequence[float]) -> list[float]:
    """Return marks that enclose all percentages, within 0 to 100."""
    low, high = padded(*values, share=0.02)
    low, high = max(low, 0.0), min(high, 100.0)
    if high - low < 1:
        low, high = max(0.0, high - 1), max(high, 1.0)
    return _enclosing(low, high)


def _free_axis(values: Sequence[float]) -> list[float]:
    """Return marks that enclose all values, which are of any size."""
    known = [value for value in values if not math.isnan(value)] or [0.0]
    low, high = min(known), max(known)
    air = 0.02 * (high - low) or 0.05 * abs(high) or 1.0
    return _enclosing(low - air, high + air)


def _enclosing(low: float, high: float) -> list[float]:
    step = svg.tick_step(low, high, about=5)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [float(f"{index * step:.10g}") for index in range(first, last + 1)]


def _round_marks(rounds: Sequence[float]) -> list[float]:
    if not rounds or min(rounds) == max(rounds):
        return sorted(set(rounds))
    marks = svg.ticks(min(rounds), max(rounds), about=6)
    return [mark for mark in marks if mark == round(mark)]


def signed(value: float, digits: int) -> str:
    """Return a number with its sign, as axes have it."""
    text = number(value, digits)
    return f"+{text}" if value > 0 else text
