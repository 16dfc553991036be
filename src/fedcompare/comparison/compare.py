"""`fedcompare compare`, from configuration to the verdict."""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fedcompare.config.groups import SEED_LIMIT, ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.data.silos import count_labels
from fedcompare.errors import ConfigError
from fedcompare.evaluation.cases import check_own_cases
from fedcompare.execution.campaign import Watcher, run_campaign
from fedcompare.execution.plan import seed_stages, unfinished
from fedcompare.machine.cpus import resolve_cpus
from fedcompare.runs.files import check_writable
from fedcompare.runs.lock import claimed, comparison_parts

if TYPE_CHECKING:
    from fedcompare.findings.findings import Findings

MIN_SEEDS = 2


def compare(
    config: ExperimentConfig,
    results: Path,
    *,
    contributions: bool,
    force: bool,
    verbose: bool,
    watcher: Watcher,
) -> tuple[Path, "Findings"]:
    """Make what is missing of all seeds, then derive and write the comparison.

    Raises:
        ConfigError: one seed only.
        FedcompareError: bad data, a failed silo, parts of another configuration (without
            `force`), a folder that another run uses or that cannot be written; finished
            parts are kept.
    """
    check(config)
    with claimed(config, results, "compare", comparison_parts(config)):
        for note in load_dataset(config.data).notes:
            watcher.on_note(note)
        check_writable(results / config.name)
        stages = [
            stage
            for own in config.by_seed()
            for stage in seed_stages(own, results, contributions=contributions)
        ]
        run_campaign(
            config,
            list(unfinished(stages, force=force)),
            log=compare_log(results, config),
            verbose=verbose,
            watcher=watcher,
            meanwhile=_import_analysis,
        )
        from fedcompare.comparison.files import write_comparison

        return write_comparison(results, config, contributions=contributions)


def compare_log(results: Path, config: ExperimentConfig) -> Path:
    """Return the file for what Flower and Ray say, and for tracebacks."""
    return results / config.name / "compare.log"


def check(config: ExperimentConfig) -> None:
    """Raise before anything is trained if the comparison cannot be made.

    Raises:
        ConfigError: one seed only: an interval from one seed would be made up; or too high ones.
        DataError: a silo has a class without test examples.
        FedcompareError: the data are wrong, or more CPUs are asked for than there are.
    """
    seeds = config.comparison.num_seeds
    if seeds < MIN_SEEDS:
        raise ConfigError(
            [
                f"num-seeds: {seeds} is too few: the spread over seeds cannot be seen in one, and "
                f"an interval would be made up; use --seeds {MIN_SEEDS} or more (5 is usual)"
            ]
        )
    last = config.seed + seeds - 1
    if last >= SEED_LIMIT:
        raise ConfigError(
            [f"seed: the last of {seeds} seeds would be {last}, and a seed is below {SEED_LIMIT}"]
        )
    resolve_cpus(config.resources.num_cpus)
    dataset = load_dataset(config.data)
    labels = dataset.test.labels.numpy()
    for own in config.by_seed():
        counts = np.asarray(count_labels(own), dtype=np.float64)
        check_own_cases(labels, counts, dataset.class_names)


def _import_analysis() -> None:
    """Import what is slow to import while the workers train."""
    for name in (
        "fedcompare.comparison.files",
        "sklearn.calibration",
        "sklearn.metrics",
        "statsmodels.stats.contingency_tables",
        "statsmodels.stats.proportion",
    ):
        importlib.import_module(name)
