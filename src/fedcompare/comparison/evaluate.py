"""The trained models of one seed, evaluated alike: the part `evaluation/`."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fedcompare.classes import (
    distinct,
    find_labels,
    join_names,
    known_classes,
    listed,
    names_at,
    no_silo_has,
    quoted,
)
from fedcompare.comparison.chance import judge
from fedcompare.data.silos import Silos
from fedcompare.errors import ResultsError
from fedcompare.evaluation.answers import Answers, answers_to_bytes
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.evaluator import Evaluator
from fedcompare.evaluation.measures import classification
from fedcompare.evaluation.measures.catalog import Measure
from fedcompare.evaluation.mistakes import find_mistakes
from fedcompare.evaluation.predicting import answer
from fedcompare.evaluation.scores import Score, find_scores
from fedcompare.findings.scores import Measurement, Mistake
from fedcompare.findings.test_sets import ALL, TestSet, of_classes, own, seen, unseen
from fedcompare.regimes.catalog import Regime, row_of
from fedcompare.regimes.models import ModelId, models_of
from fedcompare.report.evaluation import mistakes_table, of_silos_table, whole_table
from fedcompare.report.markdown import table
from fedcompare.report.plots import plot_confusion, plot_rounds, save_figure
from fedcompare.runs.directory import EVALUATION, RunDirectory
from fedcompare.runs.files import write_bytes, write_csv, write_json, write_text
from fedcompare.runs.inputs import wanted_inputs
from fedcompare.runs.manifest import TENSORS, Manifest, check_files
from fedcompare.runs.reading import SERVER_FILE, read_server
from fedcompare.runs.reuse import current_sources, read_comparable
from fedcompare.runs.writing import write_part
from fedcompare.tasks import CLASSES, NUMBERS
from fedcompare.text.csv_text import format_csv, format_table
from fedcompare.text.escaping import markdown

EVALUATED = (Regime.ISOLATED, Regime.FEDERATED)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """What the models answered, how good that is, and what is to be said of it.

    `warning` says that no model learnt anything; `notes` what no number can say.
    """

    answers: Mapping[ModelId, Answers]
    scores: tuple[Score, ...]
    mistakes: tuple[Mistake, ...]
    notes: tuple[str, ...]
    warning: str | None
    class_names: tuple[str, ...]
    silo_names: tuple[str, ...] = ()

    @property
    def measure(self) -> Measure:
        """Return what was measured."""
        return self.scores[0].measure

    def measurements(self) -> list[Measurement]:
        """Return the scores as rows for files and programs."""
        return [
            Measurement(
                regime=score.model.regime,
                silo=score.model.silo,
                evaluated_on=score.test_set.key,
                measure=score.measure.key,
                value=score.value,
                num_examples=score.num_examples,
            )
            for score in self.scores
        ]


def evaluate(run: RunDirectory, silos: Silos, subsets: Sequence[Sequence[int]]) -> Evaluation:
    """Return how good the isolated models and the federated one of a seed are.

    Each is measured on the whole test set, on the `subsets` of classes, and on the classes that
    silos have and lack: an isolated model on those of its own silo. Where a silo has all classes,
    there is no unseen part; a part without test examples has no accuracy. Where labels are numbers,
    each is measured on the silos' own held-out rows in place of classes.

    Raises:
        ResultsError: a model is missing, or was made from other data.
        WeightsError: a file of weights is corrupt.
    """
    models = models_of(map(row_of, EVALUATED), silos.ids)
    manifests: dict[str, Manifest] = {
        regime: read_comparable(run, regime, silos.origin) for regime in EVALUATED
    }
    answers = answer(run, Evaluator(run.config, silos), models, manifests)
    for regime, manifest in manifests.items():
        check_files(run.path / regime, manifest)
    names, test = silos.class_names, silos.dataset.test
    cases = Cases.build(
        test.labels.numpy(),
        [silos.label_counts],
        names,
        test.ids.numpy(),
        silo_names=silos.names,
        owners=silos.test_owners[None] if silos.own_rows else None,
    )
    extra = [of_classes(subset, names) for subset in subsets]

    def test_sets(model: ModelId) -> Iterable[TestSet]:
        owners = silos.ids if model.silo is None else [model.silo]
        of_silos = (part for silo in owners for part in _of_silo(cases, silo))
        return dict.fromkeys((ALL, *extra, *of_silos))

    measures = (cases.measure,)
    found = find_scores(answers, cases, test_sets, measures=measures, seed=run.config.seed)
    scores = tuple(found)
    return Evaluation(
        answers=answers,
        scores=scores,
        mistakes=tuple(
            mistake
            for model in models
            if model.silo is not None
            for mistake in find_mistakes(
                [answers[model]], model.silo, cases.unseen_classes(model.silo), names
            )
        ),
        notes=tuple(_notes(cases)),
        warning=judge([answers], cases).warning,
        class_names=names,
        silo_names=silos.names,
    )


def lacking_sets(silos: Silos) -> tuple[tuple[int, ...], ...]:
    """Return what each silo lacks, once each."""
    return distinct(silos.lacking)


def find_subset(names: Sequence[str], silos: Silos) -> tuple[int, ...]:
    """Return the labels of the classes that `--subset` names, in the classes' order.

    Raises:
        ResultsError: a class does not exist; it is named, and those that do; or labels are
            numbers.
    """
    if silos.task in NUMBERS:
        raise ResultsError(
            f"--subset {join_names(names)}: the labels are numbers, and have no classes to choose "
            "from. Leave it out"
        )
    try:
        return find_labels(names, silos.class_names)
    except KeyError as error:
        (unknown,) = error.args
        meant = names_at((tuple(names),), silos.class_names, silos.dataset.stored_names)
        instead = f"--subset {join_names(meant[0])}" if meant else ""
        raise ResultsError(
            f"--subset {join_names(names)}: class {quoted(unknown)} does not exist. "
            f"{known_classes(unknown, silos.class_names, instead)}"
        ) from error


def write_evaluation(run: RunDirectory, silos: Silos, evaluation: Evaluation) -> Path:
    """Write the part `evaluation/` and return its path; a warning heads its page.

    Raises:
        StorageError: something cannot be written; the old part is kept then.
    """
    rounds = read_server(run, Regime.FEDERATED)
    sources = current_sources(run, evaluated_files(silos))
    inputs = wanted_inputs(run.config, silos.origin, sources=sources)
    measurements = evaluation.measurements()
    measured = evaluation.measure.key
    with run.writing(EVALUATION) as folder:
        write_text(folder / f"{measured}.csv", format_csv([one.row() for one in measurements]))
        write_text(folder / "table.csv", _wide(evaluation.scores))
        write_json(folder / f"{measured}.json", measurements_json(measurements))
        write_text(folder / f"{measured}.md", _page(run, evaluation))
        if silos.task in CLASSES:
            write_csv(folder / "mistakes.csv", evaluation.mistakes)
        save_figure(plot_rounds(rounds), folder / "rounds.png")
        for model, answers in evaluation.answers.items():
            _write_model(folder, model, answers, evaluation)
        write_part(folder, EVALUATION, run.config, inputs)
    return run.path / EVALUATION


def evaluated_files(silos: Silos) -> list[str]:
    """Return the files of other parts that an evaluation is made from."""
    models = models_of(map(row_of, EVALUATED), silos.ids)
    weights = [f"{model.regime}/{model.weights_file()}" for model in models]
    return [*weights, f"{Regime.FEDERATED}/{SERVER_FILE}"]


def measurements_json(measurements: Sequence[Measurement]) -> list[dict[str, object]]:
    """Return one plain object per number."""
    return [measurement.row() for measurement in measurements]


def _of_silo(cases: Cases, silo: int) -> Iterable[TestSet]:
    if cases.task in NUMBERS:
        yield own(silo)
        return
    yield seen(silo)
    if cases.unseen_classes(silo):
        yield unseen(silo)


def _notes(cases: Cases) -> Iterable[str]:
    """Yield sentences on classes that are nowhere trained or tested."""
    if tested := cases.tested(cases.nobodys_classes()):
        yield no_silo_has(cases.names(tested))
    if untested := np.flatnonzero(cases.sizes == 0).tolist():
        yield (
            f"The test set has no example of {listed(cases.names(untested))}, "
            "so no number says anything of it."
        )


def _write_model(folder: Path, model: ModelId, answers: Answers, evaluation: Evaluation) -> None:
    class_names = evaluation.class_names
    write_bytes(folder / "predictions" / f"{model.key}{TENSORS}", answers_to_bytes(answers))
    if not class_names:
        return
    counts = classification.confusion(answers)
    rows = ((name, *row) for name, row in zip(class_names, counts.tolist(), strict=True))
    write_text(
        folder / "confusion" / f"{model.key}.csv", format_table(("true class", *class_names), rows)
    )
    figure = plot_confusion(counts, class_names, title=model.called(evaluation.silo_names))
    save_figure(figure, folder / "confusion" / f"{model.key}.png")


def _wide(scores: Sequence[Score]) -> str:
    """Return scores as CSV with a row per model and a column per part of the test set."""
    found = {(score.model.label, score.test_set.key): score.value for score in scores}
    models = dict.fromkeys(model for model, _ in found)
    parts = tuple(dict.fromkeys(part for _, part in found))
    rows = ((model, *(found.get((model, part)) for part in parts)) for model in models)
    return format_table(("model", *parts), rows)


def _page(run: RunDirectory, evaluation: Evaluation) -> str:
    names = evaluation.silo_names
    sheets = [make(evaluation.scores, names) for make in (whole_table, of_silos_table)]
    sheets += [mistakes_table(evaluation.mistakes, names)] if evaluation.mistakes else []
    sections = [f"{markdown(evaluation.warning)}\n"] if evaluation.warning else []
    sections += [f"## {markdown(sheet.caption)}\n\n{table(sheet)}\n" for sheet in sheets]
    sections += [f"{markdown(note)}\n" for note in evaluation.notes]
    return "\n".join([f"# {markdown(run.config.name)}, seed {run.config.seed}\n", *sections])
