"""Label counts per silo, and Flower Datasets' picture of them."""

from pathlib import Path
from typing import cast

import pandas as pd
from matplotlib.figure import Figure

from fedcompare.config import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.data.silos import find_origin, load_silos
from fedcompare.plots import save_figure
from fedcompare.results import PARTITION, RunDirectory, write_text
from fedcompare.runs.inputs import wanted_inputs
from fedcompare.runs.writing import write_part


def label_counts(config: ExperimentConfig) -> tuple[tuple[str, ...], list[tuple[int, ...]]]:
    """Return the classes' names, and each silo's number of training examples of each class."""
    names = load_dataset(config.data).class_names
    return names, [silo.label_counts(len(names)) for silo in load_silos(config)]


def write_partition(run: RunDirectory, config: ExperimentConfig) -> Path:
    """Write the part `partition/` (counts and picture) and return its path.

    Raises:
        StorageError: something cannot be written.
    """
    names, counts = label_counts(config)
    frame = pd.DataFrame(counts, columns=list(names), index=range(1, len(counts) + 1))
    frame.index.name = "silo"
    figure = _plot(config)
    with run.writing(PARTITION) as folder:
        write_text(folder / "label-counts.csv", frame.to_csv(lineterminator="\n"))
        save_figure(figure, folder / "label-counts.png")
        write_part(folder, PARTITION, config, wanted_inputs(config, find_origin(config)))
    return run.path / PARTITION


def _plot(config: ExperimentConfig) -> Figure:
    import datasets
    from flwr_datasets.visualization import plot_label_distributions

    from fedcompare.data.silos import build_partitioner

    dataset = load_dataset(config.data)
    partitioner = build_partitioner(config.partition, seed=config.seed, split="train")
    partitioner.dataset = datasets.Dataset.from_dict(
        {"label": dataset.train.labels.numpy()},
        features=datasets.Features({"label": datasets.ClassLabel(names=list(dataset.class_names))}),
    )
    figure, axes, _ = plot_label_distributions(
        partitioner, label_name="label", title="Training examples per silo", legend=True
    )
    axes.set_xlabel("silo (partition id + 1)")
    axes.set_xticklabels([str(index + 1) for index in range(config.partition.num_silos)])
    (legend,) = figure.legends
    legend.set(title="class", loc="center right")
    legend.set_bbox_to_anchor((0.99, 0.5), transform=figure.transFigure)
    figure.subplots_adjust(left=0.13, right=0.84)
    return cast(Figure, figure)
