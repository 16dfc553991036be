"""Scalable pictures as text: elements, scales and ticks. Colours are the stylesheet's classes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from fedcompare.text.escaping import visible


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight map from values [low, high] to places [start, end]."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the place of a value."""
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)


def picture(key: str, width: float, height: float, *, title: str, description: str) -> Element:
    """Return an empty picture that assistive technology can name; `key` makes its ids unique."""
    root = Element(
        "svg",
        {
            "viewBox": f"0 0 {place(width)} {place(height)}",
            "role": "img",
            "aria-labelledby": f"{key}-title",
            "aria-describedby": f"{key}-text",
        },
    )
    SubElement(root, "title", {"id": f"{key}-title"}).text = title
    SubElement(root, "desc", {"id": f"{key}-text"}).text = description
    return root


def write(
    parent: Element, x: float, y: float, content: str, *, css: str, anchor: str = "start"
) -> None:
    """Add one line of text; `anchor` is start, middle or end."""
    attributes = {"x": place(x), "y": place(y), "class": css, "text-anchor": anchor}
    SubElement(parent, "text", attributes).text = content


def line(
    parent: Element, start: tuple[float, float], end: tuple[float, float], *, css: str
) -> None:
    """Add a straight line."""
    path(parent, [start, end], css=css)


def path(
    parent: Element, points: Sequence[tuple[float, float]], *, css: str, dash: str = ""
) -> None:
    """Add a line through points."""
    steps = " L".join(f"{place(x)} {place(y)}" for x, y in points)
    attributes = {"d": f"M{steps}", "class": css}
    SubElement(parent, "path", attributes | ({"stroke-dasharray": dash} if dash else {}))


def marker(parent: Element, x: float, y: float, *, shape: int, css: str) -> None:
    """Add a mark about 8 units wide; the shapes are disc, square, triangle and diamond."""
    if shape % 4 == 0:
        SubElement(parent, "circle", {"cx": place(x), "cy": place(y), "r": "3.6", "class": css})
        return
    corners = (
        [(-3.4, -3.4), (3.4, -3.4), (3.4, 3.4), (-3.4, 3.4)],
        [(0, -4.6), (4.4, 3.4), (-4.4, 3.4)],
        [(0, -4.8), (4.8, 0), (0, 4.8), (-4.8, 0)],
    )[shape % 4 - 1]
    outline = " ".join(f"{place(x + dx)},{place(y + dy)}" for dx, dy in corners)
    SubElement(parent, "polygon", {"points": outline, "class": css})


def to_text(root: Element) -> str:
    """Return the picture as markup; user strings in it are visible and escaped."""
    for element in root.iter():
        element.text = visible(element.text or "") or None
    return tostring(root, encoding="unicode")


def tick_step(low: float, high: float, *, about: int) -> float:
    """Return the round step that cuts [low, high] into at most `about` parts."""
    raw = (high - low) / about
    magnitude = 10.0 ** math.floor(math.log10(raw))
    return next(m * magnitude for m in (1, 2, 2.5, 5, 10) if m * magnitude >= raw * 0.999)


def ticks(low: float, high: float, *, about: int) -> list[float]:
    """Return round numbers within [low, high], at equal steps."""
    step = tick_step(low, high, about=about)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(index * step, 10) for index in range(first, last + 1)]


def place(value: float) -> str:
    """Return a coordinate with at most one decimal."""
    return f"{value:.1f}".removesuffix(".0")
