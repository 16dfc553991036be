"""Let all stored models of one seed answer the test set.

The answers are written once, from the stored weights, and all that a comparison says is derived
from them. `verify` makes them again and compares the bytes.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from safetensors.torch import save

from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.silos import count_labels, find_origin
from fedcompare.evaluation.answers import Predictions, predictions_to_bytes
from fedcompare.evaluation.derived import average, ensemble
from fedcompare.evaluation.evaluator import Evaluator, read_weights
from fedcompare.evaluation.stored import ROUNDS, weights_of
from fedcompare.regimes.catalog import FOLLOWED, TRAINED, Regime, row_of
from fedcompare.regimes.coalitions import coalition_part
from fedcompare.regimes.models import LOCAL, model_key, weights_file
from fedcompare.runs.directory import COALITION_PREDICTIONS, PREDICTIONS, RunDirectory
from fedcompare.runs.files import write_bytes
from fedcompare.runs.inputs import wanted_inputs
from fedcompare.runs.manifest import Manifest
from fedcompare.runs.reuse import read_comparable
from fedcompare.runs.writing import write_part


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
    final[Regime.ENSEMBLE] = ensemble([final[key] for key in isolated])
    final[Regime.AVERAGE] = evaluator.predict(
        average(
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
