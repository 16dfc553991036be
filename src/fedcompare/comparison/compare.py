"""The comparison, from configuration to the verdict."""

import importlib
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fedcompare.config.groups import SEED_LIMIT, ExperimentConfig
from fedcompare.data.silos import Silos, load_silos
from fedcompare.errors import ConfigError
from fedcompare.evaluation.cases import check_own_cases
from fedcompare.evaluation.deciding import check_measure
from fedcompare.execution.campaign import make_parts
from fedcompare.execution.engine_choice import choose_engine
from fedcompare.execution.plan import (
    check_choices,
    check_trainable,
    seed_runs,
    seed_stages,
    unfinished,
)
from fedcompare.machine.cpus import resolve_cpus
from fedcompare.regimes.folds import told_folds
from fedcompare.regimes.listener import Listener
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
    listener: Listener,
) -> tuple[Path, "Findings"]:
    """Make what is missing of all seeds, then derive and write the comparison.

    Raises:
        ConfigError: one seed only, or a choice that there is not.
        FedcompareError: bad data, a failed silo, parts of another configuration (without
            `force`), a folder that another run uses or that cannot be written; finished
            parts are kept.
    """
    check(config)
    with claimed(config, results, "compare", comparison_parts(config)):
        if told := told_folds(config.comparison):
            listener.on_note(f"folds: {told}")
        for note in load_silos(config.by_repeat()[0]).notes:
            listener.on_note(f"data: {note}")
        check_writable(results / config.name)
        stages = [
            stage
            for run in seed_runs(config, results)
            for stage in seed_stages(run, contributions=contributions)
        ]
        missing = list(unfinished(stages, force=force))
        check_trainable(config, missing)
        choice = choose_engine(config, missing)
        if choice.note:
            listener.on_note(f"engine: {choice.note}")
        make_parts(
            config,
            missing,
            engine=choice.engine,
            log=compare_log(results, config),
            verbose=verbose,
            listener=listener,
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
        ConfigError: one seed only: an interval from one seed would be made up; or too high ones;
            or a choice that there is not; or a measure that does not fit the labels.
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
    check_choices(config)
    resolve_cpus(config.resources.num_cpus)
    for _, folds in itertools.groupby(config.by_repeat(), key=lambda own: own.seed):
        _check_cases(config.comparison.measure, list(map(load_silos, folds)))


def _check_cases(measure: str, folds: Sequence[Silos]) -> None:
    """Raise if the test examples of a seed, of all its folds, cannot decide; as `check`."""
    silos, strata = folds[0], np.concatenate([own.dataset.test.strata.numpy() for own in folds])
    if not silos.own_rows:
        counts = np.asarray(silos.label_counts, dtype=np.float64)
        check_own_cases(strata, counts, silos.class_names, silos.names)
    check_measure(measure, silos.task, strata, silos.class_names)


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
