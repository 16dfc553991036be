"""Evaluate stored models: one forward pass each, and all else from the predictions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fedcompare.classes import (
    class_list,
    distinct,
    find_labels,
    join_names,
    known_classes,
    lacked_by_all,
    lacking,
    listed,
    names_at,
    no_silo_has,
    quoted,
)
from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.data.silos import count_labels, find_origin
from fedcompare.errors import ResultsError
from fedcompare.evaluation.answers import Predictions
from fedcompare.evaluation.chance import nothing_learnt
from fedcompare.evaluation.evaluator import Evaluator
from fedcompare.findings.scores import Measurement
from fedcompare.findings.test_sets import ALL, seen, unseen
from fedcompare.regimes.catalog import Regime, row_of
from fedcompare.regimes.models import model_name, weights_file
from fedcompare.runs.directory import RunDirectory
from fedcompare.runs.manifest import check_files
from fedcompare.runs.reuse import read_comparable


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EvaluatedModel:
    """A model's name and owner, and its predictions on the whole test set."""

    regime: Regime
    silo: int | None
    predictions: Predictions

    @property
    def name(self) -> str:
        """Return what tables call this model."""
        return model_name(self.regime, self.silo)

    @property
    def slug(self) -> str:
        """Return the stem of this model's files."""
        return self.name.replace(", ", "-").replace(" ", "-")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation:
    """All models on one test set, and what each silo has and lacks in its training data."""

    models: tuple[EvaluatedModel, ...]
    seen_classes: tuple[tuple[int, ...], ...]
    unseen_classes: tuple[tuple[int, ...], ...]
    class_names: tuple[str, ...]

    @property
    def lacking_sets(self) -> tuple[tuple[int, ...], ...]:
        """Return what each silo lacks, once each."""
        return distinct(self.unseen_classes)


def evaluate_models(config: ExperimentConfig, run: RunDirectory) -> Evaluation:
    """Return the predictions of every isolated model and of the federated one.

    Raises:
        ResultsError: a model is missing, or was made from other data.
        WeightsError: a file of weights is corrupt.
    """
    origin, evaluator = find_origin(config), Evaluator(config)
    regimes = (Regime.ISOLATED, Regime.FEDERATED)
    manifests = {regime: read_comparable(run, regime, origin) for regime in regimes}
    counts = count_labels(config)
    models = []
    for regime, manifest in manifests.items():
        for silo in row_of(regime).owners(range(1, len(counts) + 1)):
            predictions = evaluator.predict_file(run, regime, weights_file(silo), manifest)
            models.append(EvaluatedModel(regime=regime, silo=silo, predictions=predictions))
        check_files(run.path / regime, manifest)
    return Evaluation(
        models=tuple(models),
        seen_classes=tuple(tuple(np.flatnonzero(own).tolist()) for own in counts),
        unseen_classes=tuple(map(lacking, counts)),
        class_names=load_dataset(config.data).class_names,
    )


def measure(evaluation: Evaluation, subsets: Sequence[Sequence[int]]) -> Iterator[Measurement]:
    """Yield each model's accuracy on the whole test set and on every part of it.

    An isolated model is measured on its own silo's seen and unseen classes, the federated
    one on every silo's. Where a silo has all classes, there is no unseen part; a part without
    test examples has no accuracy.
    """
    for model in evaluation.models:
        parts: dict[str, Sequence[int]] = {
            class_list(classes, evaluation.class_names): classes for classes in subsets
        }
        for silo, lacks in enumerate(evaluation.unseen_classes, start=1):
            if model.silo in (None, silo):
                parts |= {seen(silo): evaluation.seen_classes[silo - 1]}
                parts |= {unseen(silo): lacks} if lacks else {}
        for name, classes in ((ALL, None), *parts.items()):
            accuracy, count = model.predictions.accuracy(classes)
            yield Measurement(
                regime=model.regime,
                silo=model.silo,
                evaluated_on=name,
                accuracy=accuracy,
                num_examples=count,
            )


def find_warning(evaluation: Evaluation) -> str | None:
    """Return that no model learnt anything, in two sentences, or None."""
    found = {model.name: model.predictions.accuracy()[0] for model in evaluation.models}
    accuracies = {name: share for name, share in found.items() if share is not None}
    labels = evaluation.models[0].predictions.labels
    return nothing_learnt(accuracies, labels, evaluation.class_names)


def find_subset(
    names: Sequence[str], class_names: Sequence[str], stored_names: Sequence[str] = ()
) -> tuple[int, ...]:
    """Return the labels of the classes that `--subset` names, in the classes' order.

    `stored_names` are those of a `Dataset`.

    Raises:
        ResultsError: a class does not exist; it is named, and those that do.
    """
    try:
        return find_labels(names, class_names)
    except KeyError as error:
        (unknown,) = error.args
        meant = names_at((tuple(names),), class_names, stored_names)
        instead = f"--subset {join_names(meant[0])}" if meant else ""
        raise ResultsError(
            f"--subset {join_names(names)}: class {quoted(unknown)} does not exist. "
            f"{known_classes(unknown, class_names, instead)}"
        ) from error


def notes(evaluation: Evaluation) -> list[str]:
    """Return sentences on what no number can say: of classes that are nowhere trained or tested."""
    names, every = evaluation.class_names, range(len(evaluation.class_names))
    sizes = np.bincount(evaluation.models[0].predictions.labels, minlength=len(names))
    found = []
    unknown = lacked_by_all(evaluation.unseen_classes)
    if tested := [label for label in unknown if sizes[label]]:
        found.append(no_silo_has(names[label] for label in tested))
    if untested := [label for label in every if not sizes[label]]:
        found.append(
            f"The test set has no example of {listed(names[label] for label in untested)}, "
            "so no number says anything of it."
        )
    return found
