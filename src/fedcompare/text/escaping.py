"""Text of users (names of classes, folders and files) in every kind of output: data, not markup.

One function for each kind of output; whatever writes such text there goes through it. HTML is
escaped by the page's template, which shows `visible` text only.
"""

import json
import re
import unicodedata
from collections.abc import Mapping

# Controls, formatting (zero width, direction), lone surrogates, and separators of lines.
_HIDDEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINER = re.compile(r"(?<=[^\x00-\x7f])[\u200c\u200d](?=[^\x00-\x7f])")
# What fedcompare itself writes beyond ASCII, for terminals that have no such signs.
_PLAIN_SIGNS = str.maketrans({"−": "-", "–": "-", "•": "*", "…": "..."})
_FORMULA = re.compile(r"[\x00-\x20]*[=+\-@＝＋－＠]|[\t\r\n']")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


def visible(text: str) -> str:
    r"""Return text on one line in which nothing is hidden and nothing acts on a terminal.

    Control characters, line breaks, marks of zero width or of writing direction, and lone
    surrogates (bytes of a file name that are no UTF-8) become escapes such as \x1b or \u202e.
    Only joiners between characters that are not ASCII stay, since scripts and emoji need them.
    """
    if text.isprintable():
        return text
    kept = {match.start() for match in _JOINER.finditer(text)}
    return "".join(
        char.encode("unicode_escape").decode()
        if unicodedata.category(char) in _HIDDEN and index not in kept
        else char
        for index, char in enumerate(text)
    )


def visible_lines(text: str) -> str:
    """Return `visible` text whose line feeds stay: for messages, commands and logs."""
    return "\n".join(map(visible, text.split("\n")))


def terminal(text: str, encoding: str = "utf-8") -> str:
    """Return `visible_lines` that a stream of this encoding can show; the rest is escaped."""
    text = visible_lines(text)
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plain = text.translate(_PLAIN_SIGNS)
        return plain.encode(encoding, errors="backslashreplace").decode(encoding)
    return text


def markdown(text: str) -> str:
    """Return text on one line in which Markdown, HTML and autolinks see no markup."""
    text = " ".join(visible(text).split())
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_\[\]|~#$@]|:(?=\S))", r"\\\1", text)
    text = re.sub(r"\b(www)\.", r"\1\\.", text, flags=re.IGNORECASE)
    # At a line's start these would begin a list, a rule or a heading.
    return re.sub(r"^(\d+)?([-+.)=])(?=[\s=-]|$)", r"\1\\\2", text)


def mathtext(text: str) -> str:
    """Return text on one line in which matplotlib sees no formula."""
    return visible(text).replace("$", r"\$")


def spreadsheet(text: str) -> str:
    """Return a cell of text that no spreadsheet runs as a formula.

    An apostrophe comes before what begins as a formula does (=, +, -, @, a tab or the end of a
    line) or with an apostrophe; a signed number is none. `from_spreadsheet` takes it away.
    """
    runs = _FORMULA.match(text) and not _NUMBER.fullmatch(text)
    return f"'{text}" if runs else text


def from_spreadsheet(cell: str) -> str:
    """Return the text that `spreadsheet` made this cell of."""
    return cell.removeprefix("'")


def toml(table: Mapping[str, str | int | float]) -> str:
    """Return a flat table as TOML, a line per key; keys are bare words, strings are quoted."""
    lines = (f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in table.items())
    # JSON leaves this one as it is; everything else that it escapes, TOML reads alike.
    return "".join(lines).replace("\x7f", r"\u007f")
