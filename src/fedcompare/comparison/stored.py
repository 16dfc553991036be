"""A finished comparison on disk: opened, checked, and what it was made from."""

from dataclasses import dataclass, replace
from pathlib import Path

from fedcompare.config.groups import ExperimentConfig
from fedcompare.config.parsing import parse_config, read_settings
from fedcompare.errors import ResultsError
from fedcompare.evaluation.stored import ANSWERS_REMEDY
from fedcompare.execution.plan import seed_runs
from fedcompare.findings.findings import Findings
from fedcompare.findings.schema import from_json
from fedcompare.regimes.catalog import TRAINED
from fedcompare.regimes.coalitions import coalition_part, coalitions_to_train
from fedcompare.runs.directory import COALITION_PREDICTIONS, COMPARISON, PREDICTIONS
from fedcompare.runs.inputs import Inputs
from fedcompare.runs.manifest import (
    CONFIG_FILE,
    RUN_FILE,
    check_file,
    check_files,
    file_digest,
    read_manifest,
)

REMEDY = "write it again: fedcompare compare, with the same --data, --config, --set and --results"
REPORT = "report.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A finished comparison on disk: its folder, its configuration, whether it asked who gives."""

    folder: Path
    config: ExperimentConfig
    contributions: bool

    @property
    def results(self) -> Path:
        """Return the results folder that holds the experiment."""
        return self.folder.parent.parent


def comparison_folder(results: Path, config: ExperimentConfig) -> Path:
    """Return where an experiment's comparison is."""
    return results / config.name / COMPARISON


def open_comparison(path: Path) -> Comparison:
    """Return the comparison of an experiment's folder, such as results/mnist.

    Raises:
        ResultsError: there is none, or it is not finished or damaged.
        ConfigError: its configuration is damaged.
    """
    folder = path / COMPARISON
    if path.name == COMPARISON and not folder.exists():  # an experiment may have this name too
        folder = path
    folder = folder.absolute()
    if not (folder / REPORT).exists():
        raise ResultsError(
            f"{path} has no finished comparison (no {COMPARISON}/{REPORT}). Name the folder of "
            "an experiment, such as results/mnist, and make it first: fedcompare compare"
        )
    config = parse_config(read_settings(folder / CONFIG_FILE))
    if config.name != folder.parent.name:
        raise ResultsError(
            f"{folder / CONFIG_FILE} is of the experiment {config.name}, but lies in "
            f"{folder.parent}; rename the folder to {config.name}"
        )
    contributions = bool(read_findings(folder).contributions)
    return Comparison(folder=folder, config=config, contributions=contributions)


def read_findings(folder: Path) -> Findings:
    """Read a comparison's findings.

    Raises:
        ResultsError: the file is missing or damaged.
    """
    path = folder / REPORT
    try:
        return from_json(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ResultsError(f"{path}: {reason}; run fedcompare compare") from error


def check_unaltered(comparison: Comparison) -> Inputs:
    """Return what a comparison was made from, after checking all that it would be made from again.

    Raises:
        ResultsError: the comparison, or a part of a seed, is damaged or altered.
        WeightsError: a file of weights or predictions is missing or altered.
    """
    manifest = read_manifest(comparison.folder, remedy=REMEDY)
    for file in (CONFIG_FILE, REPORT):
        check_file(comparison.folder, manifest, file, remedy=REMEDY)
    for run in seed_runs(comparison.config, comparison.results):
        for part in used_parts(comparison.config, contributions=comparison.contributions):
            if run.is_finished(part):  # a missing one is named by who reads it
                check_files(run.path / part, run.read_manifest(part), remedy=ANSWERS_REMEDY)
    return manifest.inputs


def comparison_inputs(results: Path, config: ExperimentConfig, *, contributions: bool) -> Inputs:
    """Return what a comparison is made from: the manifests of all parts of all seeds.

    Raises:
        ResultsError: a part is missing or damaged.
    """
    parts = used_parts(config, contributions=contributions)
    sources: dict[str, str] = {}
    for run in seed_runs(config, results):
        shared = run.read_manifest(PREDICTIONS).inputs
        sources |= {
            f"{run.name}/{part}/{RUN_FILE}": file_digest(run.path / part / RUN_FILE)
            for part in parts
        }
    return replace(
        shared,
        settings={**config.to_flat(), "contributions": contributions},
        partition="",
        sources=sources,
    )


def used_parts(config: ExperimentConfig, *, contributions: bool) -> tuple[str, ...]:
    """Return the parts of each seed that a comparison reads."""
    trained = coalitions_to_train(config.partition.num_silos) if contributions else ()
    if not trained:
        return (*TRAINED, PREDICTIONS)
    return (*TRAINED, PREDICTIONS, *map(coalition_part, trained), COALITION_PREDICTIONS)
