"""Pictures: every name as it is, readable at any number, and a word for what is empty."""

import math

import numpy as np
import pytest
from matplotlib.font_manager import findfont
from matplotlib.text import Text

from fedcompare.regimes.records import EpochRecord, ServerRecord
from fedcompare.report import fonts
from fedcompare.report.plots import plot_confusion, plot_losses, plot_rounds, save_figure
from fedcompare.text.escaping import visible
from nasty import NAMES

SHORT = tuple(name for name in NAMES if len(visible(name)) <= 40)


def confusion(names, title="t"):
    return plot_confusion(np.eye(len(names), dtype=np.int64), names, title=title)


def losses(silos):
    return plot_losses(
        [EpochRecord(silo=s, round=1, epoch=e, loss=1.0 / e) for s in silos for e in (1, 2)]
    )


def rounds(parts):
    return plot_rounds(
        [
            ServerRecord(round=r, evaluated_on=part, accuracy=0.5, loss=1.0, num_examples=1)
            for r in (0, 1)
            for part in parts
        ]
    )


def drawn(figure, path):
    """Write a picture, and return all of its texts as they are read, with no formula in them."""
    save_figure(figure, path)
    assert path.read_bytes().startswith(b"\x89PNG")
    found = [text for text in figure.findobj(Text) if text.get_text()]
    for text in found:
        plain, is_formula = text._preprocess_math(text.get_text())
        assert is_formula is False
        yield plain


def test_the_legend_calls_silos_as_the_data_do(tmp_path):
    names = ["Torgersen", "$x_{", "_site"]
    figure = plot_losses(
        [EpochRecord(silo=s, round=1, epoch=1, loss=1.0) for s in (1, 2, 3)], names
    )
    assert set(names) <= set(drawn(figure, tmp_path / "a.png"))


def test_every_name_is_in_the_picture(tmp_path):
    texts = list(drawn(confusion(SHORT, title="$x_{"), tmp_path / "a.png"))
    assert "$x_{" in texts
    for name in SHORT:
        assert texts.count(visible(name)) >= 2, name


@pytest.mark.parametrize("name", ["$x_{", "$y^", "_hidden", "糖尿病", "\x1b[31m", "caf\udce9"])
def test_parts_of_the_test_set_are_named_in_the_legend(name, tmp_path):
    texts = list(drawn(rounds(["all", name]), tmp_path / "a.png"))
    assert {"all classes", f"classes {visible(name)}"} <= set(texts)


def test_long_names_lose_their_middle_and_stay_unlike():
    alike = ["a" * 60 + "b" + "a" * 60, "a" * 60 + "c" + "a" * 60]
    for names in (["x" * 60, "y"], alike):
        labels = [text.get_text() for text in confusion(names).axes[0].get_yticklabels()]
        assert len(set(labels)) == 2
        assert max(map(len, labels)) == (39 if names is not alike else 121)


@pytest.mark.parametrize("count", [1, 2, 1000])
def test_any_number_of_classes_fits(count, tmp_path):
    names = [f"a class that has the number {label}" for label in range(count)]
    figure = confusion(names)
    shown = len(figure.axes[0].get_xticks())
    assert shown <= 300
    assert shown == math.ceil(count / math.ceil(count / shown))
    save_figure(figure, tmp_path / "a.png")


def test_few_silos_have_a_legend_and_many_a_scale_of_colours(tmp_path):
    few, many = losses(range(1, 4)), losses(range(1, 61))
    assert [t.get_text() for t in few.axes[0].get_legend().get_texts()] == [
        "silo 1",
        "silo 2",
        "silo 3",
    ]
    assert many.axes[0].get_legend() is None
    assert len({line.get_color() for line in many.axes[0].lines}) == 60
    assert "silo" in drawn(many, tmp_path / "a.png")


def test_many_parts_share_a_line_of_the_legend(tmp_path):
    figure = rounds(["all", *(f"{a},{b}" for a in range(8) for b in range(a))])
    texts = list(drawn(figure, tmp_path / "a.png"))
    assert [t for t in texts if "classes" in t] == ["all classes", "28 groups of classes"]


def test_a_character_that_the_font_lacks_comes_from_another_one(tmp_path):
    own = fonts._covered(findfont("DejaVu Sans"))
    covered = {
        font.name: fonts._covered(font.fname)
        for font in fonts.fontManager.ttflist
        if font.name.startswith("STIX")
    }
    char = chr(min(code for codes in covered.values() for code in codes - own if code > 0xFF))
    figure = confusion([f"a{char}", "b"])
    list(drawn(figure, tmp_path / "a.png"))
    families = [t.get_fontfamily() for t in figure.findobj(Text) if char in t.get_text()]
    assert families
    for _, *lenders in families:
        files = [font.fname for font in fonts.fontManager.ttflist if font.name in lenders]
        assert any(ord(char) in fonts._covered(file) for file in files)
        assert not [name for name in lenders if "Last" in name]


def test_a_font_file_that_is_gone_lends_nothing(monkeypatch, tmp_path):
    assert fonts._covered(str(tmp_path / "gone.ttf")) == frozenset()


def record(round_, part, accuracy):
    return ServerRecord(
        round=round_, evaluated_on=part, accuracy=accuracy, loss=accuracy, num_examples=1
    )


def test_a_part_without_examples_has_no_line_and_says_so(tmp_path):
    records = [record(r, part, a) for r in (0, 1) for part, a in (("all", 0.5), ("owl", None))]
    figure = plot_rounds(records)
    save_figure(figure, tmp_path / "rounds.png")
    (axes,) = figure.axes
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == ["all classes", "classes owl: no test examples"]
    assert [list(line.get_ydata()) for line in axes.lines] == [[50.0, 50.0], []]


def test_a_row_without_examples_is_empty_and_says_so(tmp_path):
    figure = plot_confusion(np.array([[3, 1], [0, 0]]), ["cat", "owl"], title="t")
    save_figure(figure, tmp_path / "confusion.png")
    (axes,) = figure.axes
    assert axes.images[0].get_array().mask.tolist() == [[False, False], [True, True]]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["cat", "owl: no test examples"]
