"""One seed's answers on the test set: predictions of every model, and after every round.

They are written once, from the stored weights, and all that a comparison says is derived
from them. `verify` makes them again and compares the bytes.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save

from fedcompare.config import ExperimentConfig
from fedcompare.data.silos import count_labels, find_origin
from fedcompare.errors import ResultsError, WeightsError
from fedcompare.evaluation import predictions_to_bytes, read_predictions
from fedcompare.evaluator import Evaluator, read_weights
from fedcompare.model import State, read_tensors
from fedcompare.predictions import Predictions
from fedcompare.records import Origin, Regime
from fedcompare.regimes.catalog import FOLLOWED, TRAINED, row_of
from fedcompare.results import (
    COALITION_PREDICTIONS,
    PREDICTIONS,
    RunDirectory,
    weights_file,
    write_bytes,
)
from fedcompare.runs.inputs import wanted_inputs
from fedcompare.runs.manifest import TENSORS, Manifest, Training, check_files, read_manifest
from fedcompare.runs.reuse import check_agree, read_comparable
from fedcompare.runs.writing import write_part

ROUNDS = "rounds.safetensors"
LOCAL = "local"
_FINISH = "Go on with it: fedcompare compare, with the same --config, --set and --results"
ANSWERS_REMEDY = (
    "make it again: fedcompare compare --force, with the same --config, --set and --results"
)
Answers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeedAnswers:
    """What one seed's models answered, and what is known of their training.

    `predictions` is by model key ("isolated-equal-silo-1"); `rounds` holds the answers
    int64 [N] after each round by (model key, round), where the key "local-silo-1" is the
    model that silo 1 sent back, and round 0 is before training. `model_bytes` is the size
    of one model's serialised weights.
    """

    seed: int
    predictions: Mapping[str, Predictions]
    rounds: Mapping[tuple[str, int], Answers]
    origin: Origin
    trainings: Mapping[Regime, Training]
    model_bytes: int


def model_key(regime: str, silo: int | None) -> str:
    """Return the name of a model's files and rows: "isolated-equal-silo-1" or "federated"."""
    return regime if silo is None else f"{regime}-silo-{silo}"


def coalition_part(members: Sequence[int]) -> str:
    """Return the part of a coalition of silos: "coalition-1-2"."""
    return "-".join(["coalition", *map(str, members)])


def write_seed_answers(config: ExperimentConfig, run: RunDirectory) -> None:
    """Evaluate everything that was trained with one seed and write the part `predictions/`.

    Raises:
        ResultsError: a regime is missing, or was made from other inputs.
        WeightsError: a file of weights is corrupt or altered.
        StorageError: something cannot be written.
    """
    manifests = _comparable(config, run, TRAINED)
    _write(run, config, PREDICTIONS, dict(_seed_files(config, run, manifests)), TRAINED)


def write_coalition_answers(
    config: ExperimentConfig, run: RunDirectory, coalitions: Sequence[Sequence[int]]
) -> None:
    """Evaluate the coalitions' models and write the part `coalition-predictions/`.

    Raises: as `write_seed_answers`.
    """
    parts = list(map(coalition_part, coalitions))
    files = dict(_coalition_files(config, run, _comparable(config, run, parts)))
    _write(run, config, COALITION_PREDICTIONS, files, parts)


def read_seed_answers(config: ExperimentConfig, run: RunDirectory) -> SeedAnswers:
    """Read what `write_seed_answers` wrote; the data themselves are not needed.

    Raises:
        ResultsError: a part is missing, altered, of another configuration, or not what the
            answers were made from.
        WeightsError: a file is missing, corrupt or altered; it is named.
    """
    answers, folder = open_answers(run, PREDICTIONS), run.path / PREDICTIONS
    manifests = {regime: run.read_manifest(regime) for regime in TRAINED}
    check_made_from(run, answers, manifests.values())
    return SeedAnswers(
        seed=config.seed,
        predictions={
            Path(file).stem: read_predictions(folder / file)
            for file in answers.files
            if file.endswith(TENSORS) and file != ROUNDS
        },
        rounds=_read_rounds(folder / ROUNDS),
        origin=answers.inputs.origin,
        trainings={regime: run.training(manifest) for regime, manifest in manifests.items()},
        model_bytes=(run.regime_path(Regime.FEDERATED) / weights_file(None)).stat().st_size,
    )


def read_coalition_answers(run: RunDirectory) -> dict[tuple[int, ...], Predictions]:
    """Read the coalitions' predictions, by their members.

    Raises: as `read_seed_answers`.
    """
    answers, folder = open_answers(run, COALITION_PREDICTIONS), run.path / COALITION_PREDICTIONS
    parts = [Path(file).stem for file in answers.files if file.endswith(TENSORS)]
    check_made_from(run, answers, list(map(run.read_manifest, parts)))
    return {
        tuple(map(int, part.split("-")[1:])): read_predictions(folder / f"{part}{TENSORS}")
        for part in parts
    }


def weights_of(run: RunDirectory, parts: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of every file of weights of the parts, by part and file.

    Raises:
        ResultsError: a part is missing or damaged.
    """
    return {
        name: digest for part in parts for name, digest in run.read_manifest(part).sources().items()
    }


def check_made_from(run: RunDirectory, answers: Manifest, manifests: Collection[Manifest]) -> None:
    """Raise if answers were made from other weights, data or settings than the models were.

    Raises:
        ResultsError: naming the part.
    """
    sources = answers.inputs.sources
    for manifest in manifests:
        own = {name: d for name, d in sources.items() if name.startswith(f"{manifest.part}/")}
        if own != manifest.sources():
            raise ResultsError(
                f"{run.path / answers.part} was made from other weights than {manifest.part} has "
                f"now. {_FINISH}"
            )
    check_agree(run, [answers, *manifests], answers.inputs)


def open_answers(run: RunDirectory, part: str) -> Manifest:
    """Return what a part of answers says of itself, after checking all of its files.

    Raises:
        ResultsError: the part is missing or damaged.
        WeightsError: a file is missing or altered.
    """
    folder = run.path / part
    if not run.is_finished(part):
        raise ResultsError(f"{folder} is missing: the comparison is not finished. {_FINISH}")
    manifest = read_manifest(folder, remedy=ANSWERS_REMEDY)
    check_files(folder, manifest, remedy=ANSWERS_REMEDY)
    return manifest


def remake(
    config: ExperimentConfig, run: RunDirectory, part: str, sources: Sequence[str]
) -> Iterator[tuple[str, bytes]]:
    """Yield (file name, bytes) of a part as its sources' weights give it now."""
    manifests = {source: run.read_manifest(source) for source in sources}
    make = _seed_files if part == PREDICTIONS else _coalition_files
    yield from make(config, run, manifests)


def _seed_files(
    config: ExperimentConfig, run: RunDirectory, manifests: Mapping[str, Manifest]
) -> Iterator[tuple[str, bytes]]:
    evaluator, label_counts = Evaluator(config), count_labels(config)
    silos = range(1, len(label_counts) + 1)
    final: dict[str, Predictions] = {}
    rounds: dict[str, torch.Tensor] = {}
    for regime in TRAINED:
        manifest = manifests[regime]
        for silo in row_of(regime).owners(silos):
            key = model_key(regime, silo)
            final[key] = evaluator.predict_file(run, regime, weights_file(silo), manifest)
    isolated = [model_key(Regime.ISOLATED_EQUAL, silo) for silo in silos]
    final[Regime.ENSEMBLE] = _ensemble([final[key] for key in isolated])
    final[Regime.AVERAGE] = evaluator.predict(
        _average(
            [
                read_weights(
                    run, Regime.ISOLATED_EQUAL, weights_file(silo), manifests[Regime.ISOLATED_EQUAL]
                )
                for silo in silos
            ],
            [sum(counts) for counts in label_counts],
        ),
        source=f"the one-shot average, seed {config.seed}",
    )
    for key, number, predictions in _after_rounds(config, run, evaluator, manifests, final, silos):
        rounds[f"{key}/{number}"] = torch.from_numpy(predictions.predicted.astype(np.int16))
    for key, predictions in final.items():
        yield f"{key}.safetensors", predictions_to_bytes(predictions)
    yield ROUNDS, save(dict(sorted(rounds.items())))


def _after_rounds(
    config: ExperimentConfig,
    run: RunDirectory,
    evaluator: Evaluator,
    manifests: Mapping[str, Manifest],
    final: Mapping[str, Predictions],
    silos: range,
) -> Iterator[tuple[str, int, Predictions]]:
    """Yield (key, round, predictions) of everything that has rounds."""
    last = config.budget.num_server_rounds
    followed = [(row.regime, silo) for row in FOLLOWED for silo in row.owners(silos)]
    initial = evaluator.predict(evaluator.initial)
    for regime, silo in followed:
        key = model_key(regime, silo)
        yield key, 0, initial
        for number in range(1, last):
            file = weights_file(silo, round=number)
            yield key, number, evaluator.predict_file(run, regime, file, manifests[regime])
        yield key, last, final[key]
    for silo in silos:
        for number in range(1, last + 1):
            file = weights_file(silo, round=number)
            manifest = manifests[Regime.FEDERATED]
            predictions = evaluator.predict_file(run, Regime.FEDERATED, file, manifest)
            yield model_key(LOCAL, silo), number, predictions


def _coalition_files(
    config: ExperimentConfig, run: RunDirectory, manifests: Mapping[str, Manifest]
) -> Iterator[tuple[str, bytes]]:
    evaluator = Evaluator(config)
    for part, manifest in manifests.items():
        predictions = evaluator.predict_file(run, part, weights_file(None), manifest)
        yield f"{part}.safetensors", predictions_to_bytes(predictions)


def _ensemble(models: Sequence[Predictions]) -> Predictions:
    """Return the mean of the models' probabilities."""
    stacked = np.stack([model.probabilities for model in models])
    mean = stacked.mean(axis=0, dtype=np.float64).astype(np.float32)
    return Predictions(labels=models[0].labels, probabilities=np.asarray(mean))


def _average(states: Sequence[State], weights: Sequence[int]) -> State:
    """Return the states' mean, weighted by examples: FedAvg's aggregation, once."""
    total = sum(weights)
    return {
        name: torch.stack(
            [state[name].double() * w / total for state, w in zip(states, weights, strict=True)]
        )
        .sum(dim=0)
        .to(states[0][name].dtype)
        for name in states[0]
    }


def _write(
    run: RunDirectory,
    config: ExperimentConfig,
    part: str,
    files: Mapping[str, bytes],
    made_from: Sequence[str],
) -> None:
    inputs = wanted_inputs(config, find_origin(config), sources=weights_of(run, made_from))
    with run.writing(part) as folder:
        for name, content in files.items():
            write_bytes(folder / name, content)
        write_part(folder, part, config, inputs)


def _comparable(
    config: ExperimentConfig, run: RunDirectory, parts: Sequence[str]
) -> dict[str, Manifest]:
    origin = find_origin(config)
    return {part: read_comparable(run, part, origin) for part in parts}


def _read_rounds(path: Path) -> dict[tuple[str, int], Answers]:
    """Read the answers after each round, by (model key, round).

    Raises:
        WeightsError: the file is corrupt, or holds something else.
    """
    rounds = {}
    for name, tensor in read_tensors(path).items():
        key, _, number = name.rpartition("/")
        if not (key and number.isdecimal() and tensor.dtype == torch.int16 and tensor.dim() == 1):
            raise WeightsError(f"{path} holds no answers after rounds; {ANSWERS_REMEDY}")
        rounds[key, int(number)] = tensor.long().numpy()
    return rounds
