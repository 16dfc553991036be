"""The report as Markdown: the same content, with tables in place of pictures."""

import re
from collections.abc import Iterable

from fedcompare.findings.findings import Findings
from fedcompare.report.blocks import (
    BEST,
    Block,
    Card,
    Cell,
    Code,
    Figure,
    Fold,
    Grid,
    Search,
    Sheet,
    Terms,
    Text,
)
from fedcompare.report.sections import sections
from fedcompare.text.escaping import markdown, visible_lines
from fedcompare.text.wording import listing, plural


def render_markdown(findings: Findings) -> str:
    """Return the report; text from the findings cannot act as markup."""
    seeds = f"{plural(len(findings.seeds), 'seed')}: {listing(findings.seeds)}"
    parts = [f"# {markdown(findings.name)}: training alone against federating", seeds]
    parts.append(markdown(findings.summary))
    for section in sections(findings):
        parts.append(f"## {section.title}")
        parts += _blocks(section.blocks)
    return "\n\n".join(parts) + "\n"


def _blocks(blocks: Iterable[Block]) -> Iterable[str]:
    for block in blocks:
        yield from _block(block)


def _block(block: Block) -> Iterable[str]:
    match block:
        case Text():
            yield markdown(block.text)
        case Terms():
            yield "\n".join(
                f"- **{markdown(term)}**: {markdown(text)}" for term, text in block.items
            )
        case Code():
            yield f"**{markdown(block.title)}**"
            yield _fenced(block)
        case Card():
            yield from _card(block)
        case Sheet():
            yield f"**{markdown(block.caption)}**"
            yield table(block)
            if block.note:
                yield markdown(block.note)
        case Grid() | Fold():
            if block.title:
                yield f"### {markdown(block.title)}"
            yield from _blocks(block.blocks)
        case Figure() | Search():
            return


def _card(card: Card) -> Iterable[str]:
    yield f"### {markdown(card.owner)}"
    yield f"**{markdown(card.headline)}**"
    yield from map(markdown, card.sentences)
    yield "\n".join(f"- {markdown(question)}: {_cell(cell)}" for question, cell in card.answers)


def _fenced(code: Code) -> str:
    text = visible_lines(code.text)
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{code.language}\n{text}\n{fence}"


def table(sheet: Sheet) -> str:
    """Return a Markdown table, without its caption and its note."""
    texts = sheet.texts
    rules = ["---" if index in texts else "---:" for index in range(len(sheet.columns))]
    rows = [[markdown(column) for column in sheet.columns], rules]
    rows += [[_cell(cell) for cell in row] for row in sheet.rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cell(cell: Cell) -> str:
    text = markdown(f"{cell.icon} {cell.text}" if cell.icon else cell.text)
    text = f"**{text}** {BEST}" if cell.best else text
    return f"{text} ({markdown(cell.note)})" if cell.note else text
