"""Write an evaluation: stored predictions, tables, confusion matrices and pictures."""

from collections.abc import Sequence
from pathlib import Path

from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.silos import find_origin
from fedcompare.errors import ResultsError
from fedcompare.evaluation.answers import predictions_to_bytes
from fedcompare.evaluation.scores import EvaluatedModel, Evaluation, notes
from fedcompare.findings.scores import Measurement, Mistake
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import model_name, weights_file
from fedcompare.regimes.records import ServerRecord
from fedcompare.report.plots import plot_confusion, plot_rounds, save_figure
from fedcompare.report.tables import (
    accuracy_table,
    measurements_json,
    mistakes_table,
    seen_unseen_table,
)
from fedcompare.report.terminal import to_markdown
from fedcompare.runs.directory import EVALUATION, RunDirectory
from fedcompare.runs.files import write_bytes, write_csv, write_json, write_text
from fedcompare.runs.inputs import wanted_inputs
from fedcompare.runs.reuse import current_sources
from fedcompare.runs.writing import write_part
from fedcompare.text.csv_text import format_table, parse_csv
from fedcompare.text.escaping import markdown

_ROUNDS = f"{Regime.FEDERATED}/server.csv"


def write_evaluation(
    run: RunDirectory,
    config: ExperimentConfig,
    evaluation: Evaluation,
    measurements: Sequence[Measurement],
    mistakes: Sequence[Mistake],
    *,
    warning: str | None = None,
) -> Path:
    """Write the part `evaluation/` and return its path; a `warning` heads its page.

    Raises:
        StorageError: something cannot be written; the old part is kept then.
    """
    rounds = _read_rounds(run.path / _ROUNDS)
    text = _markdown(config, measurements, mistakes, notes(evaluation), warning)
    sources = current_sources(run, evaluated_files(config))
    inputs = wanted_inputs(config, find_origin(config), sources=sources)
    with run.writing(EVALUATION) as folder:
        write_csv(folder / "accuracy.csv", measurements)
        write_text(folder / "table.csv", _wide(measurements))
        write_json(folder / "accuracy.json", measurements_json(measurements))
        write_text(folder / "accuracy.md", text)
        write_csv(folder / "mistakes.csv", mistakes)
        save_figure(plot_rounds(rounds), folder / "rounds.png")
        for model in evaluation.models:
            _write_model(folder, model, evaluation.class_names)
        write_part(folder, EVALUATION, config, inputs)
    return run.path / EVALUATION


def evaluated_files(config: ExperimentConfig) -> list[str]:
    """Return the files of other parts that an evaluation is made from."""
    silos = range(1, config.partition.num_silos + 1)
    isolated = [f"{Regime.ISOLATED}/{weights_file(silo)}" for silo in silos]
    return [*isolated, f"{Regime.FEDERATED}/{weights_file(None)}", _ROUNDS]


def _write_model(folder: Path, model: EvaluatedModel, class_names: Sequence[str]) -> None:
    write_bytes(
        folder / "predictions" / f"{model.slug}.safetensors",
        predictions_to_bytes(model.predictions),
    )
    counts = model.predictions.confusion()
    rows = ((name, *row) for name, row in zip(class_names, counts.tolist(), strict=True))
    table = format_table(("true class", *class_names), rows)
    write_text(folder / "confusion" / f"{model.slug}.csv", table)
    figure = plot_confusion(counts, class_names, title=model.name)
    save_figure(figure, folder / "confusion" / f"{model.slug}.png")


def _wide(measurements: Sequence[Measurement]) -> str:
    """Return accuracies as CSV with a row per model and a column per part of the test set."""
    found = {(model_name(m.regime, m.silo), m.evaluated_on): m.accuracy for m in measurements}
    models = dict.fromkeys(model for model, _ in found)
    parts = tuple(dict.fromkeys(part for _, part in found))
    rows = ((model, *(found.get((model, part)) for part in parts)) for model in models)
    return format_table(("model", *parts), rows)


def _markdown(
    config: ExperimentConfig,
    measurements: Sequence[Measurement],
    mistakes: Sequence[Mistake],
    remarks: Sequence[str],
    warning: str | None,
) -> str:
    tables = [accuracy_table(measurements), seen_unseen_table(measurements)]
    tables += [mistakes_table(mistakes)] if mistakes else []
    sections = [f"{markdown(warning)}\n"] if warning else []
    sections += [f"## {markdown(table.title)}\n\n{to_markdown(table)}" for table in tables]
    sections += [f"{markdown(remark)}\n" for remark in remarks]
    return "\n".join([f"# {markdown(config.name)}, seed {config.seed}\n", *sections])


def _read_rounds(path: Path) -> list[ServerRecord]:
    try:
        return [
            ServerRecord(
                round=int(row["round"]),
                evaluated_on=row["evaluated_on"],
                accuracy=_number(row["accuracy"]),
                loss=_number(row["loss"]),
                num_examples=int(row["num_examples"]),
            )
            for row in parse_csv(path.read_bytes().decode())
        ]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ResultsError(f"{path} is damaged ({error}); make it again with --force") from error


def _number(cell: str) -> float | None:
    return float(cell) if cell else None
