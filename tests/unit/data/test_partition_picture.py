from itertools import pairwise

import pytest
from matplotlib.figure import Figure

from fedcompare.data.silos import load_silos
from fedcompare.report.partition import _add_legend, plot_partition
from fedcompare.report.plots import picture_names, save_figure
from nasty import NAMES


@pytest.mark.parametrize("silos", [3, 60])
def test_the_silos_under_the_axes_do_not_overlap(tiny, tmp_path, silos):
    config = tiny(num_silos=silos, excluded_classes="")
    partition = load_silos(config)
    figure = plot_partition(partition.dataset, partition.plan)
    save_figure(figure, tmp_path / "a.png")
    (axes,) = figure.axes
    labels = [t.label1 for t in axes.xaxis.get_major_ticks() if t.label1.get_visible()]
    every = 1 if silos == 3 else 2
    assert [t.get_text() for t in labels] == [str(s) for s in range(1, silos + 1, every)]
    renderer = figure.canvas.get_renderer()
    places = [label.get_window_extent(renderer) for label in labels]
    assert all(left.x1 < right.x0 for left, right in pairwise(places))
    assert figure.get_size_inches() == pytest.approx([6.4 if silos == 3 else 12.656, 4.8])


@pytest.mark.parametrize(
    "names", [("0", "1"), NAMES[:40], [f"class {label}" for label in range(1000)]], ids=len
)
def test_the_legend_names_classes_beside_the_axes(tmp_path, names):
    figure = Figure()
    axes = figure.subplots()
    for label in range(len(names)):
        axes.bar([0], [1], label=str(label))
    _add_legend(figure, axes, picture_names(names), 4.544)
    save_figure(figure, tmp_path / "a.png")
    (legend,) = figure.legends
    shown = [text.get_text() for text in legend.get_texts()]
    every = -(-len(names) // 54)
    assert shown == picture_names(names)[::every][::-1]
    assert legend.get_title().get_text() == ("class" if every == 1 else f"class (1 of {every})")
    place = legend.get_window_extent()
    assert axes.get_window_extent().x1 < place.x0
    assert 0 < place.y0 < place.y1 < figure.bbox.y1
    assert place.x1 < figure.bbox.x1
