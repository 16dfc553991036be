"""The part `partition/`: label counts per silo, and the picture of them; and plans for others."""

from collections.abc import Iterator
from pathlib import Path

from fedcompare.classes import lacked_by_all, no_silo_has
from fedcompare.config.groups import ExperimentConfig
from fedcompare.config.plan_files import PlanFile, format_plan, plan_path
from fedcompare.data.silos import Silos
from fedcompare.errors import ResultsError
from fedcompare.names import silo_names
from fedcompare.report.partition import plot_partition
from fedcompare.report.plots import save_figure
from fedcompare.runs.directory import PARTITION, RunDirectory
from fedcompare.runs.files import check_writable, replacing_file, write_text
from fedcompare.runs.inputs import wanted_inputs
from fedcompare.runs.manifest import CONTRACT_FILE
from fedcompare.runs.writing import write_part
from fedcompare.text.csv_text import format_table


def notes(silos: Silos) -> Iterator[str]:
    """Yield sentences on what the counts leave out: untaught classes, and untested silos."""
    if unknown := lacked_by_all(silos.lacking):
        yield no_silo_has(silos.class_names[label] for label in unknown)
    sizes = zip(silos.ids, silos.test_sizes, strict=True)
    if untested := [silo for silo, size in sizes if not size]:
        yield f"Without test examples of their own: {silo_names(untested, silos.names)}."


def check_export(path: Path, *, force: bool) -> None:
    """Raise before any work if a plan's file could not be written, or there is one already.

    Raises:
        ResultsError: there is one, and `force` is not given.
        StorageError: its folder cannot be written.
    """
    if path.exists() and not force:
        raise ResultsError(f"{path} is there already; add --force to replace it, or name another")
    check_writable(path.parent)


def export_plan(path: Path, config: ExperimentConfig, silos: Silos) -> None:
    """Write which row went to which silo, as a file that the key partition takes.

    Raises:
        StorageError: it cannot be written.
    """
    choice, plan = config.partition.partition, silos.plan
    stored = PlanFile(
        partition=choice.name if plan_path(choice) else str(choice),
        seed=config.seed,
        train=tuple(rows.tolist() for rows in plan.train),
        test=tuple(rows.tolist() for rows in plan.test),
        data=silos.origin.data,
        digest=plan.fingerprint,
    )
    with replacing_file(path) as part:
        write_text(part, format_plan(stored))


def write_partition(run: RunDirectory, silos: Silos) -> Path:
    """Write the part `partition/` (counts and picture) and return its path.

    Raises:
        StorageError: something cannot be written.
    """
    config = run.config
    names = silos.names or list(map(str, silos.ids))
    rows = ((name, *own) for name, own in zip(names, silos.label_counts, strict=True))
    figure = plot_partition(silos.dataset, silos.plan)
    with run.writing(PARTITION) as folder:
        columns = silos.class_names or ("training examples",)
        write_text(folder / "label-counts.csv", format_table(("silo", *columns), rows))
        save_figure(figure, folder / "label-counts.png")
        if silos.contract:
            write_text(folder / CONTRACT_FILE, silos.contract)
        write_part(folder, PARTITION, config, wanted_inputs(config, silos.origin))
    return run.path / PARTITION
