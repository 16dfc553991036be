"""Tables on the terminal; every cell is data, whatever it looks like."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table as RichTable
from rich.text import Text

from fedcompare.report.blocks import Sheet
from fedcompare.text.escaping import terminal, visible

# Words, and numbers and names of rows, may be folded to these widths, but no further.
_WORD, _NAME = 16, 24
# Beside a column's text: the rule before it, and a space on each side.
_FRAME = 3


def to_terminal(sheet: Sheet) -> "TerminalTable":
    """Return what Rich prints: the caption, then the table with numbers to the right."""
    return TerminalTable(sheet)


@dataclass(frozen=True, slots=True)
class TerminalTable:
    """A table for a terminal; one that is too wide becomes blocks that all name their rows."""

    sheet: Sheet

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        encoding = options.encoding
        lines = [[cell.line for cell in row] for row in self.sheet.rows]
        rows = [
            [terminal(visible(text), encoding) for text in row]
            for row in (self.sheet.columns, *lines)
        ]
        numeric = [index not in self.sheet.texts for index in range(len(self.sheet.columns))]
        narrowest = _narrowest(rows, numeric)
        yield Text(terminal(visible(self.sheet.caption), encoding), style="bold")
        for block in _blocks(narrowest, options.max_width, heads=max(self.sheet.heads, 1)):
            shown = [[row[column] for column in block] for row in rows]
            widths = _widths(shown, [narrowest[column] for column in block], options.max_width)
            yield _rich_table(shown, widths, [numeric[column] for column in block])


def _rich_table(
    rows: Sequence[Sequence[str]], widths: Sequence[int], numeric: Sequence[bool]
) -> RichTable:
    table = RichTable(box=SIMPLE_HEAD)
    for name, width, to_right in zip(rows[0], widths, numeric, strict=True):
        justify: Literal["left", "right"] = "right" if to_right else "left"
        table.add_column(Text(name), justify=justify, width=width, overflow="fold")
    for row in rows[1:]:
        table.add_row(*map(Text, row))
    return table


def _widths(rows: Sequence[Sequence[str]], narrowest: Sequence[int], room: int) -> list[int]:
    """Return each column's width: what its cells need, or where room is short, an even share."""
    wanted = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    widths = list(map(min, narrowest, wanted))
    spare = room - sum(width + _FRAME for width in widths) - 1
    while spare > 0 and widths != wanted:
        growing = [column for column, width in enumerate(widths) if width < wanted[column]]
        widths[min(growing, key=lambda c: (widths[c], wanted[c], -c))] += 1
        spare -= 1
    return widths


def _narrowest(rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> list[int]:
    """Return how many characters each column needs: numbers and what names a row, or a word."""
    widths = []
    for column, is_numeric in enumerate(numeric):
        head, *cells = [row[column] for row in rows]
        unbroken = cells if is_numeric or column == 0 else []
        words = [word for text in (head, *cells) for word in text.split()]
        widths.append(max(_longest(words, _WORD), _longest(unbroken, _NAME)))
    return widths


def _longest(texts: Sequence[str], limit: int) -> int:
    return min(max(map(cell_len, texts), default=1), limit)


def _blocks(widths: Sequence[int], room: int, *, heads: int) -> Iterator[list[int]]:
    """Yield the columns of each block: those that name a row, and others while there is room."""
    used = [width + _FRAME for width in widths]
    names = list(range(heads))
    block = names
    for column in range(heads, len(widths)):
        wanted = 1 + sum(used[index] for index in (*block, column))
        if wanted > room and len(block) > heads:
            yield block
            block = names
        block = [*block, column]
    yield block
