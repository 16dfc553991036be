"""From tables to the terminal and to Markdown; every cell is data, whatever it looks like."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table as RichTable
from rich.text import Text

from fedcompare.report.tables import Cell, Table
from fedcompare.text.escaping import markdown, terminal, visible

# Words, and numbers and names of rows, may be folded to these widths, but no further.
_WORD, _NAME = 16, 24
# Beside a column's text: the rule before it, and a space on each side.
_FRAME = 3


def to_markdown(table: Table) -> str:
    """Return a Markdown table, without its title."""
    rules = ["---:" if numeric else "---" for numeric in _numeric(table)]
    rows = [_marked(table.columns), rules, *map(_marked, table.rows)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def to_terminal(table: Table) -> "TerminalTable":
    """Return what Rich prints: the title, then the table with numbers to the right."""
    return TerminalTable(table)


@dataclass(frozen=True, slots=True)
class TerminalTable:
    """A table for a terminal; one that is too wide becomes blocks with the first column in each."""

    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        encoding = options.encoding
        rows = [
            [terminal(visible(_text(cell)), encoding) for cell in row]
            for row in (self.table.columns, *self.table.rows)
        ]
        numeric = _numeric(self.table)
        narrowest = _narrowest(rows, numeric)
        yield Text(terminal(visible(self.table.title), encoding), style="bold")
        for block in _blocks(narrowest, options.max_width):
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


def _blocks(widths: Sequence[int], room: int) -> Iterator[list[int]]:
    """Yield the columns of each block: the first one, and as many others as there is room for."""
    used = [width + _FRAME for width in widths]
    block = [0]
    for column in range(1, len(widths)):
        wanted = 1 + sum(used[index] for index in (*block, column))
        if wanted > room and len(block) > 1:
            yield block
            block = [0]
        block.append(column)
    yield block


def _marked(row: Sequence[Cell]) -> list[str]:
    return [markdown(_text(cell)) for cell in row]


def _numeric(table: Table) -> list[bool]:
    first = table.rows[0] if table.rows else table.columns
    return [not isinstance(cell, str) for cell in first]


def _text(cell: Cell) -> str:
    if isinstance(cell, float):
        return "–" if cell != cell else f"{cell:.2f}"
    return str(cell)
