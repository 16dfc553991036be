"""The part `partition/`: label counts per silo, and the picture of them."""

from collections.abc import Iterator
from pathlib import Path

from fedcompare.classes import lacked_by_all, no_silo_has
from fedcompare.data.silos import Silos
from fedcompare.names import silo_names
from fedcompare.report.partition import plot_partition
from fedcompare.report.plots import save_figure
from fedcompare.runs.directory import PARTITION, RunDirectory
from fedcompare.runs.files import write_text
from fedcompare.runs.inputs import wanted_inputs
from fedcompare.runs.writing import write_part
from fedcompare.text.csv_text import format_table


def notes(silos: Silos) -> Iterator[str]:
    """Yield sentences on what the counts leave out: untaught classes, and untested silos."""
    if unknown := lacked_by_all(silos.lacking):
        yield no_silo_has(silos.class_names[label] for label in unknown)
    sizes = zip(silos.ids, silos.test_sizes, strict=True)
    if untested := [silo for silo, size in sizes if not size]:
        yield f"Without test examples of their own: {silo_names(untested)}."


def write_partition(run: RunDirectory, silos: Silos) -> Path:
    """Write the part `partition/` (counts and picture) and return its path.

    Raises:
        StorageError: something cannot be written.
    """
    config = run.config
    rows = ((silo, *own) for silo, own in zip(silos.ids, silos.label_counts, strict=True))
    figure = plot_partition(silos.dataset, config.partition, seed=config.seed)
    with run.writing(PARTITION) as folder:
        write_text(folder / "label-counts.csv", format_table(("silo", *silos.class_names), rows))
        save_figure(figure, folder / "label-counts.png")
        write_part(folder, PARTITION, config, wanted_inputs(config, silos.origin))
    return run.path / PARTITION
