"""Pictures of many silos' gains: how they are distributed, and the interval of each, in order."""

import math
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement

from fedcompare.findings.gains import Gain
from fedcompare.names import Word, silo_name
from fedcompare.report import svg
from fedcompare.report.blocks import ICONS, TONES, Figure
from fedcompare.report.figures import WIDTH, cut, padded, said_of_gains, signed
from fedcompare.report.svg import Scale
from fedcompare.statistics.ordering import shrunken
from fedcompare.text.escaping import visible
from fedcompare.text.units import Units

_BARS = 24
_ROW, _NAMES = 16.0, 132.0
_LETTERS = 15
# From what is sure and bad to what is sure and good.
_STACKED = (Word.LOSES, Word.NO_WORD, Word.NO_EVIDENCE, Word.NO_DIFFERENCE, Word.GAINS)


def ordered(gains: Sequence[Gain]) -> list[Gain]:
    """Return gains from the largest on, those that are hardly known near the mean of all."""
    known = [gain for gain in gains if math.isfinite(gain.gain + gain.standard_error)]
    values = shrunken([g.gain for g in known], [g.standard_error for g in known]) if known else ()
    places = {gain.silo: value for gain, value in zip(known, values, strict=True)}
    return sorted(gains, key=lambda g: (-places.get(g.silo, -math.inf), -g.gain, g.silo))


def distribution(key: str, caption: str, gains: Sequence[Gain], *, units: Units) -> Figure:
    """Return how many silos have an estimate of which size, by their words."""
    base, top = 150.0, 10.0
    values = [units.plotted(gain.gain) for gain in gains if not math.isnan(gain.gain)]
    low, high = padded(0.0, *values)
    step = svg.tick_step(low, high, about=_BARS)
    first = math.floor(low / step)
    stacks: dict[int, list[Gain]] = {}
    for gain in gains:
        if not math.isnan(gain.gain):
            stacks.setdefault(math.floor(units.plotted(gain.gain) / step), []).append(gain)
    last = max((*stacks, math.ceil(high / step) - 1))
    x = Scale(first * step, (last + 1) * step, 30, WIDTH - 12)
    tallest = max(map(len, stacks.values()), default=1)
    y = Scale(0, tallest, base, top)
    words = [word for word in _STACKED if any(gain.word is word for gain in gains)]
    height = base + 42 + 19.0 * len(words)
    counts = {word: sum(gain.word is word for gain in gains) for word in words}
    said = "; ".join(f"{word.value}: {count} of {len(gains)}" for word, count in counts.items())
    root = svg.picture(key, WIDTH, height, title=f"Distribution, {caption}", description=said)
    for count in sorted({tallest, *_halves(tallest)}):
        svg.line(root, (30, y(count)), (WIDTH - 12, y(count)), css="grid")
        svg.write(root, 24, y(count) + 4, str(count), css="label", anchor="end")
    for number, stack in sorted(stacks.items()):
        _stack(root, stack, x, y, (number * step, (number + 1) * step))
    svg.line(root, (x(0), top - 6), (x(0), base), css="zero")
    _ticks(root, x, units, floor=base, below=base + 32, label="estimated gain")
    for index, word in enumerate(words):
        place = base + 56 + 19 * index
        svg.write(root, 30, place, f"{ICONS[word]} {word.value}", css=f"label {TONES[word]}")
        svg.write(root, WIDTH - 12, place, str(counts[word]), css="value", anchor="end")
    return Figure(caption=caption, svg=svg.to_text(root))


def _halves(tallest: int) -> tuple[int, ...]:
    return (tallest // 2,) if tallest > 3 else ()


def _stack(
    root: Element, stack: Sequence[Gain], x: Scale, y: Scale, bounds: tuple[float, float]
) -> None:
    """Draw the silos of one interval of gains, those that surely lose at the bottom."""
    below = 0
    for word in _STACKED:
        count = sum(gain.word is word for gain in stack)
        if count:
            left, right = map(x, bounds)
            place = {"x": left, "y": y(below + count), "width": right - left}
            place["height"] = y(below) - y(below + count)
            shown = {name: svg.place(value) for name, value in place.items()}
            SubElement(root, "rect", {**shown, "class": f"bar {TONES[word]}"})
            below += count


def intervals(
    key: str, caption: str, gains: Sequence[Gain], names: Sequence[str], *, units: Units
) -> Figure:
    """Return a thin line for each silo, in the order of `ordered`: its word's interval."""
    rows = ordered(gains)
    floor = _ROW * len(rows) + 8
    bounds = [units.plotted(v) for g in rows for v in (g.low, g.gain, g.high)]
    x = Scale(*padded(0.0, *bounds), _NAMES, WIDTH - 12)
    said = "; ".join(f"{silo_name(g.silo, names)} {said_of_gains(g, units)}" for g in rows)
    root = svg.picture(key, WIDTH, floor + 40, title=f"Gains, {caption}", description=said)
    _ticks(root, x, units, floor=floor, below=floor + 32, label="gain", grid=True)
    for index, gain in enumerate(rows):
        name = silo_name(gain.silo, names)
        row = SubElement(root, "g", {"data-silo": visible(name)})
        y, tone = 8 + _ROW * (index + 0.5), TONES[gain.word]
        label = f"{ICONS[gain.word]} {cut(name, _LETTERS)}"
        svg.write(row, _NAMES - 6, y + 4, label, css=f"label {tone}", anchor="end")
        if not math.isnan(gain.low) and not math.isnan(gain.high):
            ends = x(units.plotted(gain.low)), x(units.plotted(gain.high))
            svg.line(row, (ends[0], y), (ends[1], y), css=f"thin {tone}")
        if not math.isnan(gain.gain):
            shape = 0 if gain.word in (Word.GAINS, Word.LOSES) else 3
            svg.marker(row, x(units.plotted(gain.gain)), y, shape=shape, css=f"point {tone}")
    return Figure(caption=caption, svg=svg.to_text(root))


def _ticks(
    root: Element,
    x: Scale,
    units: Units,
    *,
    floor: float,
    below: float,
    label: str,
    grid: bool = False,
) -> None:
    marks = svg.ticks(x.low, x.high, about=5)
    digits = next(d for d in (0, 1, 2, 9) if all(mark == round(mark, d) for mark in marks))
    for tick in marks:
        if grid:
            css = "zero" if tick == 0 else "grid"
            svg.line(root, (x(tick), 0), (x(tick), floor), css=css)
        svg.write(root, x(tick), floor + 15, signed(tick, digits), css="label", anchor="middle")
    unit = f",{units.noun}" if units.noun else ""
    middle = (x.start + x.end) / 2
    svg.write(root, middle, below, f"{label}{unit}", css="label", anchor="middle")
