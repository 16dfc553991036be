"""Label counts per silo, and Flower Datasets' picture of them."""

import math
from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fedcompare.classes import lacked_by_all, lacking, no_silo_has
from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.data.silos import (
    build_partitioner,
    count_labels,
    count_test_examples,
    excluded_labels,
    find_origin,
)
from fedcompare.names import silo_names
from fedcompare.report.plots import CHARACTER, LINE, picture_names, save_figure
from fedcompare.runs.directory import PARTITION, RunDirectory
from fedcompare.runs.files import write_text
from fedcompare.runs.inputs import wanted_inputs
from fedcompare.runs.writing import write_part
from fedcompare.text.csv_text import format_table

# Inches of the picture; the first four make the 6.4 by 4.8 of a few silos with short names.
_LEFT, _AXES_WIDTH, _LEGEND_WIDTH, _HEIGHT = 0.832, 4.544, 1.024, 4.8
_KEY_WIDTH, _GAP, _WIDEST = 0.65, 0.15, 40.0
_ROWS, _MOST_NAMED_CLASSES = 18, 54


def label_counts(config: ExperimentConfig) -> tuple[tuple[str, ...], list[tuple[int, ...]]]:
    """Return the classes' names, and each silo's number of training examples of each class."""
    return load_dataset(config.data).class_names, list(count_labels(config))


def notes(config: ExperimentConfig) -> list[str]:
    """Return sentences on what the counts leave out: untaught classes, and untested silos."""
    names, counts = label_counts(config)
    found = []
    if unknown := lacked_by_all([lacking(own) for own in counts]):
        found.append(no_silo_has(names[label] for label in unknown))
    sizes = enumerate(count_test_examples(config), start=1)
    if untested := [silo for silo, size in sizes if not size]:
        found.append(f"Without test examples of their own: {silo_names(untested)}.")
    return found


def write_partition(run: RunDirectory, config: ExperimentConfig) -> Path:
    """Write the part `partition/` (counts and picture) and return its path.

    Raises:
        StorageError: something cannot be written.
    """
    names, counts = label_counts(config)
    rows = ((silo, *own) for silo, own in enumerate(counts, start=1))
    figure = _plot(config)
    with run.writing(PARTITION) as folder:
        write_text(folder / "label-counts.csv", format_table(("silo", *names), rows))
        save_figure(figure, folder / "label-counts.png")
        write_part(folder, PARTITION, config, wanted_inputs(config, find_origin(config)))
    return run.path / PARTITION


def _plot(config: ExperimentConfig) -> Figure:
    import datasets
    from flwr_datasets.visualization import plot_label_distributions

    dataset = load_dataset(config.data)
    excluded = excluded_labels(config.partition, dataset.class_names)
    positions = list(map(str, range(len(dataset.class_names))))
    partitioner = build_partitioner(excluded, seed=config.seed, split="train")
    partitioner.dataset = datasets.Dataset.from_dict(
        {"label": dataset.train.labels.numpy()},
        features=datasets.Features({"label": datasets.ClassLabel(names=positions)}),
    )
    figure = Figure()
    axes = figure.subplots()
    # The picture sees positions: a name could be markup, or begin with an underscore.
    plot_label_distributions(
        partitioner, label_name="label", title="Training examples per silo", axis=axes
    )
    silos = config.partition.num_silos
    width = max(_AXES_WIDTH, min(_WIDEST, silos * LINE))
    every = math.ceil(silos * CHARACTER * (len(str(silos)) + 1) / width)
    axes.set_xlabel("silo (partition id + 1)")
    ticks = range(0, silos, every)
    axes.set_xticks(ticks, [str(tick + 1) for tick in ticks])
    for tick in axes.xaxis.get_major_ticks():
        tick.label1.set_visible(True)  # Flower Datasets hides every other one of many
    _add_legend(figure, axes, picture_names(dataset.class_names), width)
    return figure


def _add_legend(figure: Figure, axes: Axes, names: Sequence[str], width: float) -> None:
    """Name the classes, as many as there is room for, beside axes that are `width` inches wide."""
    every = math.ceil(len(names) / _MOST_NAMED_CLASSES)
    shown = list(range(0, len(names), every))[::-1]
    columns = math.ceil(len(shown) / _ROWS)
    longest = max(len(names[label]) for label in shown)
    beside = max(_LEGEND_WIDTH, columns * (CHARACTER * longest + _KEY_WIDTH) + _GAP)
    total = _LEFT + width + beside
    figure.set_size_inches(total, _HEIGHT)
    figure.subplots_adjust(left=_LEFT / total, right=(_LEFT + width) / total)
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
