"""Label counts per silo, and Flower Datasets' picture of them."""

from pathlib import Path
from typing import cast

import pandas as pd
from matplotlib.figure import Figure

from fedcompare.classes import lacked_by_all, lacking, no_silo_has
from fedcompare.config import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.data.silos import (
    build_partitioner,
    count_labels,
    count_test_examples,
    excluded_labels,
)
from fedcompare.plots import save_figure
from fedcompare.records import silo_names
from fedcompare.results import CONFIG_FILE, PARTITION, RunDirectory, write_config, write_text


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
    frame = pd.DataFrame(counts, columns=list(names), index=range(1, len(counts) + 1))
    frame.index.name = "silo"
    figure = _plot(config)
    with run.writing(PARTITION) as folder:
        write_config(folder / CONFIG_FILE, config)
        write_text(folder / "label-counts.csv", frame.to_csv(lineterminator="\n"))
        save_figure(figure, folder / "label-counts.png")
    return run.path / PARTITION


def _plot(config: ExperimentConfig) -> Figure:
    import datasets
    from flwr_datasets.visualization import plot_label_distributions

    dataset = load_dataset(config.data)
    excluded = excluded_labels(config.partition, dataset.class_names)
    partitioner = build_partitioner(excluded, seed=config.seed, split="train")
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
