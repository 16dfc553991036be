"""One seed's answers on the test set: predictions of every model, and after every round.

They are written once, from the stored weights, and all that a comparison says is derived
from them. `verify` makes them again and compares the bytes.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save

from fedcompare.config import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.data.silos import partition_fingerprint
from fedcompare.errors import ResultsError
from fedcompare.evaluation import check_fingerprints, predictions_to_bytes, read_predictions
from fedcompare.evaluator import Evaluator, read_weights
from fedcompare.model import State, read_tensors
from fedcompare.predictions import Predictions
from fedcompare.records import Regime
from fedcompare.results import (
    COALITION_PREDICTIONS,
    CONFIG_FILE,
    PREDICTIONS,
    RUN_FILE,
    Manifest,
    RunDirectory,
    check_digest,
    weights_file,
    write_bytes,
    write_config,
    write_json,
)

TRAINED = (
    Regime.ISOLATED,
    Regime.ISOLATED_EQUAL,
    Regime.FEDERATED,
    Regime.FINE_TUNED,
    Regime.CENTRALIZED,
)
ROUNDS = "rounds.safetensors"
LOCAL = "local"
_REMEDY = "make it again: fedcompare compare --force, with the same --config, --set and --results"
Answers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeedAnswers:
    """What one seed's models answered, and the manifests of their training.

    `predictions` is by model key ("isolated-equal-silo-1"); `rounds` holds the answers
    int64 [N] after each round by (model key, round), where the key "local-silo-1" is the
    model that silo 1 sent back, and round 0 is before training. `model_bytes` is the size
    of one model's serialised weights.
    """

    seed: int
    predictions: Mapping[str, Predictions]
    rounds: Mapping[tuple[str, int], Answers]
    manifests: Mapping[Regime, Manifest]
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
        ResultsError: a regime is missing.
        WeightsError: a file of weights is corrupt or altered.
        StorageError: something cannot be written.
    """
    manifests = {regime: run.read_manifest(regime) for regime in TRAINED}
    _write(run, config, PREDICTIONS, dict(_seed_files(config, run, manifests)), manifests)


def write_coalition_answers(
    config: ExperimentConfig, run: RunDirectory, coalitions: Sequence[Sequence[int]]
) -> None:
    """Evaluate the coalitions' models and write the part `coalition-predictions/`.

    Raises: as `write_seed_answers`.
    """
    manifests = {part: run.read_manifest(part) for part in map(coalition_part, coalitions)}
    files = dict(_coalition_files(config, run, manifests))
    _write(run, config, COALITION_PREDICTIONS, files, manifests)


def read_seed_answers(config: ExperimentConfig, run: RunDirectory) -> SeedAnswers:
    """Read what `write_seed_answers` wrote.

    Raises:
        ResultsError: a part is missing or of another configuration.
        WeightsError: a file is missing, corrupt or altered; it is named.
    """
    folder = check_files(run, PREDICTIONS)
    manifests = {regime: run.read_manifest(regime) for regime in TRAINED}
    check_fingerprints(config, run, manifests)
    stored = read_tensors(folder / ROUNDS)
    return SeedAnswers(
        seed=config.seed,
        predictions={
            path.stem: read_predictions(path)
            for path in sorted(folder.glob("*.safetensors"))
            if path.name != ROUNDS
        },
        rounds={_round_of(name): tensor.long().numpy() for name, tensor in stored.items()},
        manifests=manifests,
        model_bytes=(run.regime_path(Regime.FEDERATED) / weights_file(None)).stat().st_size,
    )


def read_coalition_answers(run: RunDirectory) -> dict[tuple[int, ...], Predictions]:
    """Read the coalitions' predictions, by their members.

    Raises: as `read_seed_answers`.
    """
    folder = check_files(run, COALITION_PREDICTIONS)
    return {
        tuple(map(int, path.stem.split("-")[1:])): read_predictions(path)
        for path in sorted(folder.glob("coalition-*.safetensors"))
    }


def are_current(run: RunDirectory, part: str, sources: Sequence[str]) -> bool:
    """Return whether `part` was derived from the weights that its source parts have now."""
    if not all(map(run.is_finished, (part, *sources))):
        return False
    now = _sources({source: run.read_manifest(source) for source in sources})
    return _read_run_file(run.path / part)["sources"] == now


def check_files(run: RunDirectory, part: str) -> Path:
    """Return the folder of a part after checking each file against its recorded SHA-256.

    Raises:
        ResultsError: the part is missing or damaged.
        WeightsError: a file is missing or altered.
    """
    folder = run.path / part
    if not run.is_finished(part):
        raise ResultsError(
            f"{folder} is missing: the comparison is not finished. "
            "Go on with it: fedcompare compare, with the same --config, --set and --results"
        )
    for name, expected in _read_run_file(folder)["files"].items():
        check_digest(folder, name, expected, remedy=_REMEDY)
    return folder


def read_recorded(run: RunDirectory, part: str) -> dict[str, str]:
    """Return the SHA-256 of each file as recorded when the part was made.

    Raises:
        ResultsError: the part is missing or damaged.
    """
    return _read_run_file(run.path / part)["files"]


def remake(
    config: ExperimentConfig, run: RunDirectory, part: str, sources: Sequence[str]
) -> Iterator[tuple[str, bytes]]:
    """Yield (file name, bytes) of a part as its sources' weights give it now."""
    if part == PREDICTIONS:
        yield from _seed_files(config, run, {r: run.read_manifest(r) for r in TRAINED})
    else:
        yield from _coalition_files(config, run, {s: run.read_manifest(s) for s in sources})


def _seed_files(
    config: ExperimentConfig, run: RunDirectory, manifests: Mapping[Regime, Manifest]
) -> Iterator[tuple[str, bytes]]:
    evaluator = Evaluator(config)
    silos = range(1, len(manifests[Regime.FEDERATED].label_counts) + 1)
    final: dict[str, Predictions] = {}
    rounds: dict[str, torch.Tensor] = {}
    for regime, manifest in manifests.items():
        shared = regime in (Regime.FEDERATED, Regime.CENTRALIZED)
        for silo in [None] if shared else silos:
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
            [sum(counts) for counts in manifests[Regime.FEDERATED].label_counts],
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
    manifests: Mapping[Regime, Manifest],
    final: Mapping[str, Predictions],
    silos: range,
) -> Iterator[tuple[str, int, Predictions]]:
    """Yield (key, round, predictions) of everything that has rounds."""
    last = config.federation.num_server_rounds
    followed: list[tuple[Regime, int | None]] = [
        (Regime.FEDERATED, None),
        (Regime.CENTRALIZED, None),
        *((Regime.ISOLATED_EQUAL, silo) for silo in silos),
    ]
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
    manifests: Mapping[Regime, Manifest] | Mapping[str, Manifest],
) -> None:
    with run.writing(part) as folder:
        write_config(folder / CONFIG_FILE, config)
        digests = {name: write_bytes(folder / name, content) for name, content in files.items()}
        content = {
            "data_fingerprint": load_dataset(config.data).fingerprint,
            "partition_fingerprint": partition_fingerprint(config),
            "files": digests,
            "sources": _sources(manifests),
        }
        write_json(folder / RUN_FILE, content)


def _sources(
    manifests: Mapping[Regime, Manifest] | Mapping[str, Manifest],
) -> dict[str, str]:
    """Return the SHA-256 of every file of weights of the parts, by part and file."""
    return {
        f"{part}/{file}": digest
        for part, manifest in manifests.items()
        for file, digest in manifest.weights.items()
    }


def _read_run_file(folder: Path) -> dict[str, dict[str, str]]:
    path = folder / RUN_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {"files": dict(content["files"]), "sources": dict(content["sources"])}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ResultsError(f"{path} is damaged ({error}); {_REMEDY}") from error


def _round_of(name: str) -> tuple[str, int]:
    key, _, number = name.rpartition("/")
    return key, int(number)
