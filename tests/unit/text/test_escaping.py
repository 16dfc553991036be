import tomllib
import unicodedata
from html import unescape

import pytest
from markdown_it import MarkdownIt

from fedcompare.text.escaping import (
    from_spreadsheet,
    markdown,
    mathtext,
    spreadsheet,
    terminal,
    toml,
    visible,
    visible_lines,
)
from nasty import NAMES, ORDINARY

ENCODINGS = ("utf-8", "latin-1", "ascii", "cp1252", "cp437")


def words(text):
    return " ".join(text.split())


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_names_stay_as_they_are(name):
    assert visible(name) == terminal(name) == name


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_hidden_or_acts_on_a_terminal(name):
    shown = visible(name)
    joiners = "\u200c\u200d" if name in ORDINARY else ""
    odd = [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    assert not [c for c in odd if c not in joiners]
    assert visible(shown) == shown
    assert len(shown.splitlines()) == 1


def test_hidden_characters_are_named():
    assert visible("\x1b[1m\u202e\udce9\n") == r"\x1b[1m\u202e\udce9\n"
    assert visible_lines("one\ntwo\r") == "one\ntwo\\r"


@pytest.mark.parametrize("show", [visible, mathtext, spreadsheet, markdown])
def test_unlike_names_stay_unlike(show):
    assert len(set(map(show, NAMES))) == len(NAMES)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_terminal_can_show_every_name(encoding):
    for name in NAMES:
        shown = terminal(name, encoding)
        assert shown.encode(encoding).decode(encoding) == shown
        assert shown


def test_what_a_terminal_lacks_is_named_and_our_own_signs_have_plain_ones():
    assert terminal("糖 ö", "latin-1") == r"\u7cd6 ö"
    assert terminal("• −2.05 to –", "ascii") == "* -2.05 to -"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", ["{}", "| a |\n| --- |\n| {} |", "- **{}**: x", "### {}"])
def test_markdown_shows_the_name_and_nothing_else(name, form):
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = parser.parse(form.format(markdown(name)))
    allowed = {"{}": "p", "|": "table thead tbody tr th td", "-": "ul li p strong", "#": "h3"}
    tags = {token.tag for token in tokens if token.tag}
    (inline,) = [t for t in tokens if t.type == "inline" and t.content not in ("a", "")]
    inner = {child.tag for child in inline.children if child.tag}
    start = form if form == "{}" else form[0]
    assert tags | inner <= set(allowed[start].split())
    text = "".join(child.content for child in inline.children)
    assert words(text.removesuffix(": x")) == words(visible(name))


@pytest.mark.parametrize("address", ["https://example.org", "www.example.org", "a@example.org"])
def test_markdown_makes_no_link_of_an_address(address):
    text = markdown(address)
    assert address not in text
    assert unescape(text).replace("\\", "") == address


@pytest.mark.parametrize("name", NAMES)
def test_no_cell_of_a_spreadsheet_is_a_formula_and_all_come_back(name):
    cell = spreadsheet(name)
    assert from_spreadsheet(cell) == name
    assert cell.lstrip()[:1] not in ("=", "@", "＝") or cell == ""
    assert cell[:1] not in ("\t", "\r", "\n")
    if cell[:1] in ("+", "-"):
        float(cell)


def test_signed_numbers_are_no_formulas():
    assert [spreadsheet(text) for text in ("-1", "+5.5", "1e-3")] == ["-1", "+5.5", "1e-3"]


@pytest.mark.parametrize("name", [name for name in NAMES if "\udce9" not in name])
def test_toml_gives_the_text_back(name):
    assert tomllib.loads(toml({"name": name, "number": 1.5})) == {"name": name, "number": 1.5}
