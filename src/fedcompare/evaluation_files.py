"""Write an evaluation: stored predictions, tables, confusion matrices and pictures."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from fedcompare import environment
from fedcompare.config import ExperimentConfig
from fedcompare.errors import ResultsError
from fedcompare.evaluation import EvaluatedModel, Evaluation, predictions_to_bytes
from fedcompare.plots import plot_confusion, plot_rounds, save_figure
from fedcompare.records import Measurement, Mistake, Regime, ServerRecord, model_name
from fedcompare.results import (
    CONFIG_FILE,
    EVALUATION,
    RunDirectory,
    write_bytes,
    write_config,
    write_csv,
    write_json,
    write_text,
)
from fedcompare.tables import (
    accuracy_table,
    measurements_json,
    mistakes_table,
    seen_unseen_table,
    to_markdown,
)


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
    rounds = _read_rounds(run.regime_path(Regime.FEDERATED) / "server.csv")
    with run.writing(EVALUATION) as folder:
        write_config(folder / CONFIG_FILE, config)
        write_json(folder / "environment.json", environment.describe())
        write_csv(folder / "accuracy.csv", measurements)
        write_text(folder / "table.csv", _wide(measurements).to_csv(lineterminator="\n"))
        write_json(folder / "accuracy.json", measurements_json(measurements))
        write_text(folder / "accuracy.md", _markdown(config, measurements, mistakes, warning))
        write_csv(folder / "mistakes.csv", mistakes)
        save_figure(plot_rounds(rounds), folder / "rounds.png")
        for model in evaluation.models:
            _write_model(folder, model, evaluation.class_names)
    return run.path / EVALUATION


def _write_model(folder: Path, model: EvaluatedModel, class_names: Sequence[str]) -> None:
    write_bytes(
        folder / "predictions" / f"{model.slug}.safetensors",
        predictions_to_bytes(model.predictions),
    )
    counts = model.predictions.confusion()
    frame = pd.DataFrame(counts, index=list(class_names), columns=list(class_names))
    frame.index.name = "true class"
    write_text(folder / "confusion" / f"{model.slug}.csv", frame.to_csv(lineterminator="\n"))
    figure = plot_confusion(counts, class_names, title=model.name)
    save_figure(figure, folder / "confusion" / f"{model.slug}.png")


def _wide(measurements: Sequence[Measurement]) -> pd.DataFrame:
    """Return accuracies with a row per model and a column per part of the test set."""
    frame = pd.DataFrame(measurements_json(measurements))
    frame["model"] = [model_name(m.regime, m.silo) for m in measurements]
    order = list(dict.fromkeys(frame["evaluated_on"]))
    wide = frame.pivot(index="model", columns="evaluated_on", values="accuracy")
    return wide.loc[list(dict.fromkeys(frame["model"])), order]


def _markdown(
    config: ExperimentConfig,
    measurements: Sequence[Measurement],
    mistakes: Sequence[Mistake],
    warning: str | None,
) -> str:
    tables = [accuracy_table(measurements), seen_unseen_table(measurements)]
    tables += [mistakes_table(mistakes)] if mistakes else []
    sections = [f"## {table.title}\n\n{to_markdown(table)}" for table in tables]
    head = [f"# {config.name}, seed {config.seed}\n", *([f"{warning}\n"] if warning else [])]
    return "\n".join([*head, *sections])


def _read_rounds(path: Path) -> list[ServerRecord]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [
                ServerRecord(
                    round=int(row["round"]),
                    evaluated_on=row["evaluated_on"],
                    accuracy=float(row["accuracy"]),
                    loss=float(row["loss"]),
                    num_examples=int(row["num_examples"]),
                )
                for row in csv.DictReader(file)
            ]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ResultsError(f"{path} is damaged ({error}); make it again with --force") from error
