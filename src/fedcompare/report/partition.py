"""Flower Datasets' picture of how many examples of each class each silo has."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fedcompare.data.examples import Dataset
from fedcompare.data.partitions.rows import Plan
from fedcompare.report.plots import CHARACTER, LINE, picture_names

# Inches of the picture; the first four make the 6.4 by 4.8 of a few silos with short names.
_LEFT, _AXES_WIDTH, _LEGEND_WIDTH, _HEIGHT = 0.832, 4.544, 1.024, 4.8
_KEY_WIDTH, _GAP, _WIDEST, _MARGIN = 0.65, 0.15, 40.0, 0.3
_ROWS, _MOST_NAMED_CLASSES = 18, 54


def plot_partition(dataset: Dataset, plan: Plan) -> Figure:
    """Return a figure of a stacked bar for each silo's training examples, a colour a class."""
    from flwr_datasets.visualization import plot_label_distributions

    from fedcompare.data.partitions.planned_partitioner import LABEL, PlannedPartitioner

    names = dataset.class_names or ("any",)
    partitioner = PlannedPartitioner(plan.train, dataset.train.strata.numpy(), len(names))
    figure = Figure()
    axes = figure.subplots()
    # The picture sees positions: a name could be markup, or begin with an underscore.
    plot_label_distributions(
        partitioner, label_name=LABEL, title="Training examples per silo", axis=axes
    )
    silos = len(plan)
    width = max(_AXES_WIDTH, min(_WIDEST, silos * LINE))
    every = math.ceil(silos * CHARACTER * (len(str(silos)) + 1) / width)
    axes.set_xlabel("silo (partition id + 1)")
    ticks = range(0, silos, every)
    axes.set_xticks(ticks, [str(tick + 1) for tick in ticks])
    for tick in axes.xaxis.get_major_ticks():
        tick.label1.set_visible(True)  # Flower Datasets hides every other one of many
    if dataset.class_names:
        _add_legend(figure, axes, picture_names(names), width)
    else:
        _place(figure, width, beside=_MARGIN)
    return figure


def _place(figure: Figure, width: float, *, beside: float) -> float:
    """Give the axes so many inches, and return the width of the picture, with what is beside."""
    total = _LEFT + width + beside
    figure.set_size_inches(total, _HEIGHT)
    figure.subplots_adjust(left=_LEFT / total, right=(_LEFT + width) / total)
    return total


def _add_legend(figure: Figure, axes: Axes, names: Sequence[str], width: float) -> None:
    """Name the classes, as many as there is room for, beside axes that are `width` inches wide."""
    every = math.ceil(len(names) / _MOST_NAMED_CLASSES)
    shown = list(range(0, len(names), every))[::-1]
    columns = math.ceil(len(shown) / _ROWS)
    longest = max(len(names[label]) for label in shown)
    beside = max(_LEGEND_WIDTH, columns * (CHARACTER * longest + _KEY_WIDTH) + _GAP)
    total = _place(figure, width, beside=beside)
    handles, _ = axes.get_legend_handles_labels()
    legend = figure.legend(
        [handles[label] for label in shown],
        list(map(str, shown)),
        title="class" if every == 1 else f"class (1 of {every})",
        loc="center right",
        bbox_to_anchor=(1 - 0.064 / total, 0.5),
        ncols=columns,
    )
    for text, label in zip(legend.get_texts(), shown, strict=True):
        text.set_text(names[label])
