"""What a report is made of, whatever it is rendered to."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from fedcompare.names import Word

ICONS = {
    Word.GAINS: "▲",
    Word.LOSES: "▼",
    Word.NO_DIFFERENCE: "■",
    Word.NO_EVIDENCE: "○",
    Word.NO_WORD: "·",
}
TONES = {
    Word.GAINS: "gains",
    Word.LOSES: "loses",
    Word.NO_DIFFERENCE: "same",
    Word.NO_EVIDENCE: "open",
    Word.NO_WORD: "open",
}
BEST = "★"
Value = str | int | float
# More blocks than this, one for each silo, are closed until somebody asks.
MANY = 12


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, a smaller `note` below, and how it is set off from the others.

    `shade` in [0, 1] fills the cell by degrees; `best` marks the best of its column.
    """

    text: str
    note: str = ""
    word: Word | None = None
    shade: float | None = None
    best: bool = False

    @property
    def icon(self) -> str:
        """Return the sign that goes with the word, so that colour never stands alone."""
        return ICONS[self.word] if self.word else ""

    @property
    def tone(self) -> str:
        """Return the word's style class."""
        return TONES[self.word] if self.word else ""

    @property
    def line(self) -> str:
        """Return all that it says on one line."""
        text = f"{self.icon} {self.text}" if self.icon else self.text
        return f"{text} ({self.note})" if self.note else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A table; the first `heads` cells of a row name it, the columns in `words` hold text.

    `key` is unique in the report; `dense` is for matrices of many small numbers.
    """

    kind: ClassVar[str] = "sheet"
    key: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    heads: int = 1
    words: frozenset[int] = field(default_factory=frozenset)
    note: str = ""
    dense: bool = False

    @property
    def texts(self) -> frozenset[int]:
        """Return the columns that hold names and words; numbers stand to the right."""
        return self.words | frozenset(range(self.heads))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A picture: `svg` is trusted markup; its numbers are also in a sheet."""

    kind: ClassVar[str] = "figure"
    caption: str
    svg: str


@dataclass(frozen=True, slots=True)
class Text:
    """One paragraph."""

    kind: ClassVar[str] = "text"
    text: str


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms and what they mean."""

    kind: ClassVar[str] = "terms"
    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """Lines to copy, in a language that highlighters know."""

    kind: ClassVar[str] = "code"
    title: str
    language: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One silo's verdict; `answers` pair each question with its cell.

    `silo` is the name by which it is found, where silos are many.
    """

    kind: ClassVar[str] = "card"
    owner: str
    headline: str
    sentences: tuple[str, ...]
    answers: tuple[tuple[str, Cell], ...]
    silo: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Blocks that stand side by side where there is room."""

    kind: ClassVar[str] = "grid"
    title: str = ""
    blocks: "tuple[Block, ...]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Details that are closed on the screen until somebody asks, and open on paper."""

    kind: ClassVar[str] = "fold"
    title: str
    blocks: "tuple[Block, ...]"


@dataclass(frozen=True, slots=True)
class Search:
    """A field that leaves of cards, rows and lines those of the silos whose names have a text."""

    kind: ClassVar[str] = "search"


Block = Sheet | Figure | Text | Terms | Code | Card | Grid | Fold | Search


def sheet_of(
    key: str, caption: str, columns: Sequence[str], rows: Sequence[Sequence[Value]]
) -> Sheet:
    """Return a table of plain values; floats have two decimals, and NaN is a dash."""
    first = rows[0] if rows else columns
    return Sheet(
        key=key,
        caption=caption,
        columns=tuple(columns),
        rows=tuple(tuple(Cell(_plain(value)) for value in row) for row in rows),
        heads=0,
        words=frozenset(index for index, value in enumerate(first) if isinstance(value, str)),
    )


def _plain(value: Value) -> str:
    if isinstance(value, float):
        return "–" if math.isnan(value) else f"{value:.2f}"
    return str(value)


def folded(title: str, block: "Block", count: int) -> "Block":
    """Return a block in which each of so many silos has a line, in a fold where they are many."""
    return Fold(title=title, blocks=(block,)) if count > MANY else block


def fold_many(title: str, blocks: "Sequence[Block]", *, grid: bool) -> "tuple[Block, ...]":
    """Return blocks of which there is one for each silo, in a fold where they are many.

    With `grid`, they stand side by side.
    """
    shown: tuple[Block, ...] = (Grid(blocks=tuple(blocks)),) if grid else tuple(blocks)
    return (Fold(title=title, blocks=shown),) if len(blocks) > MANY else shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A titled part of the report; `key` is its anchor."""

    key: str
    title: str
    blocks: tuple[Block, ...]
