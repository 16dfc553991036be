"""The folder `comparison/`: the verdict, the report and the tables, made anew each time."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fedcompare.comparison.analysis import Analysis, analyse
from fedcompare.comparison.stored import REMEDY, REPORT, comparison_folder, comparison_inputs
from fedcompare.config.groups import ExperimentConfig
from fedcompare.errors import ResultsError
from fedcompare.evaluation.measures.catalog import ACCURACY
from fedcompare.evaluation.scores import Score
from fedcompare.execution.plan import seed_runs
from fedcompare.findings.findings import Findings
from fedcompare.findings.schema import to_json
from fedcompare.report.html import render_html
from fedcompare.report.markdown import render_markdown
from fedcompare.runs.directory import COMPARISON
from fedcompare.runs.files import format_json, replacing, write_text
from fedcompare.runs.inputs import Inputs
from fedcompare.runs.manifest import CONFIG_FILE, format_config, seal
from fedcompare.tasks import NUMBERS, Task
from fedcompare.text.csv_text import format_csv

_TABLES = (
    "scores",
    "qualities",
    "fits",
    "gains",
    "class_gains",
    "forms",
    "references",
    "curves",
    "mistakes",
    "forgetting",
    "budgets",
    "contributions",
)
_OF_CLASSES = (
    "unseen_part",
    "seen_part",
    "seed_won",
    "seed_lost",
    "seed_mcnemar",
    "seed_mcnemar_adjusted",
)


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
    analysis = analyse(config, seed_runs(config, results), contributions=contributions)
    inputs = comparison_inputs(results, config, contributions=contributions)
    for name in inputs.sources if made_from else ():
        if made_from and made_from.sources.get(name) != inputs.sources[name]:
            raise ResultsError(
                f"{results / config.name / name} is not what the comparison was made from: its "
                f"part was made anew, or altered; {REMEDY}"
            )
    folder = comparison_folder(results, config)
    with replacing(folder) as new:
        for name, text in comparison_files(config, analysis):
            write_text(new / name, text)
        seal(new, COMPARISON, inputs)
    return folder, analysis.findings


def comparison_files(config: ExperimentConfig, analysis: Analysis) -> Iterator[tuple[str, str]]:
    """Yield the name and the content of every file; the same results give the same bytes."""
    findings = analysis.findings
    yield CONFIG_FILE, format_config(config)
    yield REPORT, to_json(findings)
    yield "report.html", render_html(findings)
    yield "report.md", render_markdown(findings)
    yield "verdict.json", format_json(verdict_json(findings))
    yield "tables/single-scores.csv", format_csv(list(map(_single, analysis.singles)))
    for table in _TABLES:
        if rows := list(_rows(findings, table)):
            yield f"tables/{table}.csv", format_csv(rows)


def verdict_json(findings: Findings) -> dict[str, Any]:
    """Return the verdict as plain data: sentences and gains, and nothing that was timed."""
    measure = findings.measures[0]
    return {
        "name": findings.name,
        "seeds": findings.seeds,
        "summary": findings.summary,
        **({"measure": asdict(measure)} if measure.name != ACCURACY.name else {}),
        "verdicts": [asdict(verdict) for verdict in findings.verdicts],
        "gains": [asdict(gain) for gain in findings.gains],
        "unasked": [asdict(item) for item in findings.unasked],
        "decisions": [asdict(decision) for decision in findings.forms.decisions],
    }


def _rows(findings: Findings, table: str) -> Iterator[dict[str, object]]:
    """Yield flat rows: one per seed, point or class where a finding holds several."""
    names = findings.class_names
    for item in findings.forms.gains if table == "forms" else getattr(findings, table):
        row = asdict(item)
        if table == "gains":
            seeds = row.pop("seeds")
            rows = ({**_plain(row), **{f"seed_{k}": v for k, v in seed.items()}} for seed in seeds)
            yield from (_meaningful(own) for own in rows) if findings.task in NUMBERS else rows
        elif table == "curves":
            yield from ({**{k: row[k] for k in ("model", "test_set")}, **p} for p in row["points"])
        elif table == "forgetting":
            for index, name in enumerate(names):
                when = {key: row[key][index] for key in ("before", "local", "after")}
                yield {"round": row["round"], "silo": row["silo"], "class": name, **when}
        elif table == "qualities":
            recall = row.pop("recall")
            if findings.task is not Task.BINARY:
                del row["average_precision"]
            yield {**row, **{f"recall {n}": v for n, v in zip(names, recall, strict=True)}}
        elif table == "contributions":
            for kind in ("leave_one_out", "shapley"):
                if row[kind]:
                    own = {"silo": row["silo"], "test_set": row["test_set"], "value": kind}
                    yield {**own, **row[kind]}
        else:
            yield row


def _single(score: Score) -> dict[str, object]:
    return {
        "seed": score.seed,
        "model": score.model.key,
        "test_set": score.test_set.key,
        "measure": score.measure.name,
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "num_examples": score.num_examples,
    }


def _meaningful(row: dict[str, object]) -> dict[str, object]:
    """Return a gain of numbers, without what only classes have."""
    return {key: value for key, value in row.items() if key not in _OF_CLASSES}


def _plain(row: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in row.items() if not isinstance(value, tuple | list)}
