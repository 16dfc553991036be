"""The folder `comparison/`: the verdict, the report and the tables, made anew each time."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fedcompare.comparison.analysis import Analysis, analyse
from fedcompare.comparison.answers import ANSWERS_REMEDY, coalition_part
from fedcompare.comparison.stages import coalitions_to_train
from fedcompare.config import ExperimentConfig, parse_config, read_settings
from fedcompare.csv_text import format_csv
from fedcompare.errors import ResultsError
from fedcompare.findings import Findings
from fedcompare.regimes.catalog import TRAINED
from fedcompare.report.html import render_html
from fedcompare.report.markdown import render_markdown
from fedcompare.report.schema import from_json, to_json
from fedcompare.results import (
    COALITION_PREDICTIONS,
    COMPARISON,
    CONFIG_FILE,
    PREDICTIONS,
    RunDirectory,
    format_config,
    format_json,
    replacing,
    write_text,
)
from fedcompare.runs.inputs import Inputs
from fedcompare.runs.manifest import (
    RUN_FILE,
    check_file,
    check_files,
    file_digest,
    read_manifest,
    seal,
)

_REMEDY = "write it again: fedcompare compare, with the same --config, --set and --results"
REPORT = "report.json"
_TABLES = (
    "accuracies",
    "qualities",
    "gains",
    "curves",
    "mistakes",
    "forgetting",
    "budgets",
    "contributions",
)


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
    manifest = read_manifest(comparison.folder, remedy=_REMEDY)
    for file in (CONFIG_FILE, REPORT):
        check_file(comparison.folder, manifest, file, remedy=_REMEDY)
    for config in comparison.config.by_seed():
        run = RunDirectory(comparison.results, config)
        for part in used_parts(comparison.config, contributions=comparison.contributions):
            if run.is_finished(part):  # a missing one is named by who reads it
                check_files(run.path / part, run.read_manifest(part), remedy=ANSWERS_REMEDY)
    return manifest.inputs


def write_comparison(
    results: Path,
    config: ExperimentConfig,
    *,
    contributions: bool,
    made_from: Inputs | None = None,
) -> tuple[Path, Findings]:
    """Derive everything from the stored predictions and write it; return where, and the findings.

    `made_from` are the inputs of a comparison that is only to be written again.

    Raises:
        ResultsError: the comparison is not finished, or its inputs are not those of `made_from`.
        WeightsError: a file of predictions is missing, corrupt or altered.
        StorageError: something cannot be written; the old folder is kept then.
    """
    analysis = analyse(config, results, contributions=contributions)
    inputs = comparison_inputs(results, config, contributions=contributions)
    for name in inputs.sources if made_from else ():
        if made_from and made_from.sources.get(name) != inputs.sources[name]:
            raise ResultsError(
                f"{results / config.name / name} is not what the comparison was made from: its "
                f"part was made anew, or altered; {_REMEDY}"
            )
    folder = comparison_folder(results, config)
    with replacing(folder) as new:
        for name, text in comparison_files(config, analysis):
            write_text(new / name, text)
        seal(new, COMPARISON, inputs)
    return folder, analysis.findings


def comparison_inputs(results: Path, config: ExperimentConfig, *, contributions: bool) -> Inputs:
    """Return what a comparison is made from: the manifests of all parts of all seeds.

    Raises:
        ResultsError: a part is missing or damaged.
    """
    parts = used_parts(config, contributions=contributions)
    sources: dict[str, str] = {}
    for own in config.by_seed():
        run = RunDirectory(results, own)
        shared = run.read_manifest(PREDICTIONS).inputs
        sources |= {
            f"{run.path.name}/{part}/{RUN_FILE}": file_digest(run.path / part / RUN_FILE)
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


def comparison_files(config: ExperimentConfig, analysis: Analysis) -> Iterator[tuple[str, str]]:
    """Yield the name and the content of every file; the same results give the same bytes."""
    findings = analysis.findings
    yield CONFIG_FILE, format_config(config)
    yield REPORT, to_json(findings)
    yield "report.html", render_html(findings)
    yield "report.md", render_markdown(findings)
    yield "verdict.json", format_json(verdict_json(findings))
    yield "tables/single-accuracies.csv", format_csv(list(map(asdict, analysis.singles)))
    for table in _TABLES:
        if rows := list(_rows(findings, table)):
            yield f"tables/{table}.csv", format_csv(rows)


def verdict_json(findings: Findings) -> dict[str, Any]:
    """Return the verdict as plain data: sentences and gains, and nothing that was timed."""
    return {
        "name": findings.name,
        "seeds": findings.seeds,
        "summary": findings.summary,
        "verdicts": [asdict(verdict) for verdict in findings.verdicts],
        "gains": [asdict(gain) for gain in findings.gains],
    }


def _rows(findings: Findings, table: str) -> Iterator[dict[str, object]]:
    """Yield flat rows: one per seed, point or class where a finding holds several."""
    names = findings.class_names
    for item in getattr(findings, table):
        row = asdict(item)
        if table == "gains":
            seeds = row.pop("seeds")
            yield from (
                {**_plain(row), **{f"seed_{k}": v for k, v in seed.items()}} for seed in seeds
            )
        elif table == "curves":
            yield from ({**{k: row[k] for k in ("model", "test_set")}, **p} for p in row["points"])
        elif table == "forgetting":
            for index, name in enumerate(names):
                when = {key: row[key][index] for key in ("before", "local", "after")}
                yield {"round": row["round"], "silo": row["silo"], "class": name, **when}
        elif table == "qualities":
            recall = row.pop("recall")
            yield {**row, **{f"recall {n}": v for n, v in zip(names, recall, strict=True)}}
        elif table == "contributions":
            for kind in ("leave_one_out", "shapley"):
                if row[kind]:
                    own = {"silo": row["silo"], "test_set": row["test_set"], "value": kind}
                    yield {**own, **row[kind]}
        else:
            yield row


def _plain(row: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in row.items() if not isinstance(value, tuple | list)}
