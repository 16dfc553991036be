"""Evaluate stored models: one forward pass each, and all else from the predictions."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

from fedcompare.chance import nothing_learnt
from fedcompare.config import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.data.silos import partition_fingerprint
from fedcompare.errors import ResultsError
from fedcompare.evaluator import Evaluator
from fedcompare.model import read_tensors
from fedcompare.predictions import Predictions, class_list
from fedcompare.records import Measurement, Mistake, Regime, model_name
from fedcompare.results import Manifest, RunDirectory, weights_file

_COMMONEST = 3


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


def evaluate_models(config: ExperimentConfig, run: RunDirectory) -> Evaluation:
    """Return the predictions of every isolated model and of the federated one.

    Raises:
        ResultsError: a model is missing, or was made from other data.
        WeightsError: a file of weights is corrupt.
    """
    manifests = [run.read_manifest(regime) for regime in (Regime.ISOLATED, Regime.FEDERATED)]
    check_fingerprints(config, run, {m.regime: m for m in manifests})
    evaluator = Evaluator(config)
    models = []
    for manifest in manifests:
        for file, silo in _weight_files(manifest):
            predictions = evaluator.predict_file(run, manifest.regime, file, manifest)
            models.append(
                EvaluatedModel(regime=manifest.regime, silo=silo, predictions=predictions)
            )
    counts = manifests[0].label_counts
    return Evaluation(
        models=tuple(models),
        seen_classes=tuple(_classes(own, present=True) for own in counts),
        unseen_classes=tuple(_classes(own, present=False) for own in counts),
        class_names=load_dataset(config.data).class_names,
    )


def measure(evaluation: Evaluation, subsets: Sequence[Sequence[int]]) -> Iterator[Measurement]:
    """Yield each model's accuracy on the whole test set and on every part of it.

    An isolated model is measured on its own silo's seen and unseen classes, the federated
    one on every silo's. Parts of the test set that are empty are left out.
    """
    for model in evaluation.models:
        parts: dict[str, Sequence[int] | None] = {"all": None}
        parts |= {class_list(classes): classes for classes in subsets}
        for silo, (seen, unseen) in enumerate(
            zip(evaluation.seen_classes, evaluation.unseen_classes, strict=True), start=1
        ):
            if model.silo in (None, silo):
                parts |= {f"seen:{silo}": seen, f"unseen:{silo}": unseen}
        for name, part in parts.items():
            accuracy, count = model.predictions.accuracy(part)
            if count:
                yield Measurement(
                    regime=model.regime,
                    silo=model.silo,
                    evaluated_on=name,
                    accuracy=accuracy,
                    num_examples=count,
                )


def find_warning(evaluation: Evaluation) -> str | None:
    """Return that no model learnt anything, in two sentences, or None."""
    accuracies = {model.name: model.predictions.accuracy()[0] for model in evaluation.models}
    labels = evaluation.models[0].predictions.labels
    return nothing_learnt(accuracies, labels, evaluation.class_names)


def default_subsets(config: ExperimentConfig) -> list[tuple[int, ...]]:
    """Return each silo's excluded classes, once each."""
    return list(dict.fromkeys(tuple(sorted(c)) for c in config.partition.excluded_classes if c))


def check_subsets(subsets: Sequence[Sequence[int]], num_classes: int) -> None:
    """Raise if a subset names a class that does not exist.

    Raises:
        ResultsError: naming the class.
    """
    for subset in subsets:
        for wrong in (c for c in subset if c >= num_classes):
            raise ResultsError(
                f"--subset {class_list(subset)}: class {wrong} does not exist; "
                f"the dataset has classes 0 to {num_classes - 1}"
            )


def mistakes(evaluation: Evaluation) -> Iterator[Mistake]:
    """Yield, per isolated model and unseen class, the commonest wrong answers, commonest first."""
    for model in evaluation.models:
        if model.silo is not None:
            unseen = evaluation.unseen_classes[model.silo - 1]
            yield from mistakes_of(model.predictions, model.silo, unseen, evaluation.class_names)


def mistakes_of(
    answers: Predictions, silo: int, unseen_classes: Iterable[int], class_names: Sequence[str]
) -> Iterator[Mistake]:
    """Yield one silo's commonest wrong answers per unseen class, commonest first."""
    for unseen in unseen_classes:
        mask = answers.mask([unseen])
        wrong = answers.predicted[mask & (answers.predicted != unseen)]
        counts = np.bincount(wrong, minlength=len(class_names))
        for taken in np.argsort(-counts, kind="stable")[:_COMMONEST]:
            if counts[taken]:
                own = mask & (answers.predicted == taken)
                yield Mistake(
                    silo=silo,
                    unseen_class=class_names[unseen],
                    taken_for=class_names[taken],
                    share=float(counts[taken] / mask.sum()),
                    confidence=float(answers.confidence[own].mean(dtype=np.float64)),
                    num_examples=int(counts[taken]),
                )


def commonest(mistakes: Iterable[Mistake]) -> Iterator[Mistake]:
    """Yield the first of each model's and class's mistakes."""
    for _, own in itertools.groupby(mistakes, key=lambda m: (m.silo, m.unseen_class)):
        yield next(own)


def predictions_to_bytes(predictions: Predictions) -> bytes:
    """Return predictions in the safetensors format: `labels`, `predicted`, `probabilities`."""
    return save(
        {
            "labels": torch.from_numpy(predictions.labels),
            "predicted": torch.from_numpy(predictions.predicted),
            "probabilities": torch.from_numpy(predictions.probabilities),
        }
    )


def read_predictions(path: Path) -> Predictions:
    """Read the predictions that `predictions_to_bytes` wrote.

    Raises:
        WeightsError: the file is corrupt.
    """
    tensors = read_tensors(path)
    return Predictions(
        labels=tensors["labels"].numpy(), probabilities=tensors["probabilities"].numpy()
    )


def _weight_files(manifest: Manifest) -> Iterator[tuple[str, int | None]]:
    federated = manifest.regime is Regime.FEDERATED
    for silo in [None] if federated else range(1, len(manifest.label_counts) + 1):
        yield weights_file(silo), silo


def check_fingerprints(
    config: ExperimentConfig,
    run: RunDirectory,
    manifests: Mapping[Regime, Manifest] | Mapping[str, Manifest],
) -> None:
    """Raise if a part was trained on other data, or another partition, than there are now.

    Raises:
        ResultsError: naming the part.
    """
    data, partition = load_dataset(config.data).fingerprint, partition_fingerprint(config)
    for part, manifest in manifests.items():
        if manifest.data_fingerprint != data:
            raise ResultsError(
                f"{run.regime_path(part)} was made from other data than "
                "the dataset has now; make it again with --force"
            )
        if manifest.partition_fingerprint != partition:
            raise ResultsError(
                f"{run.regime_path(part)} was trained on another partition than the "
                "configuration gives now; make it again with --force"
            )


def _classes(label_counts: Sequence[int], *, present: bool) -> tuple[int, ...]:
    return tuple(c for c, count in enumerate(label_counts) if bool(count) is present)
