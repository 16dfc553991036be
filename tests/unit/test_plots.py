"""Pictures of what is empty: no warning, no number, and a word that says so."""

import numpy as np

from fedcompare.plots import plot_confusion, plot_rounds, save_figure
from fedcompare.records import ServerRecord


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
