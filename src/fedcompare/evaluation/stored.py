"""One seed's answers on the test set as they are stored: of every model, and after every round."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from fedcompare.config.groups import ExperimentConfig
from fedcompare.errors import ResultsError, WeightsError
from fedcompare.evaluation.answers import Predictions, read_predictions
from fedcompare.learning.weights import read_tensors
from fedcompare.regimes.catalog import TRAINED, Regime
from fedcompare.regimes.models import weights_file
from fedcompare.regimes.records import Origin
from fedcompare.runs.directory import COALITION_PREDICTIONS, PREDICTIONS, RunDirectory
from fedcompare.runs.manifest import TENSORS, Manifest, Training, check_files, read_manifest
from fedcompare.runs.reuse import check_agree

ROUNDS = "rounds.safetensors"
_FINISH = "Go on with it: fedcompare compare, with the same --config, --set and --results"
ANSWERS_REMEDY = (
    "make it again: fedcompare compare --force, with the same --config, --set and --results"
)


Classes = npt.NDArray[np.int64]


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
    rounds: Mapping[tuple[str, int], Classes]
    origin: Origin
    trainings: Mapping[Regime, Training]
    model_bytes: int


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


def _read_rounds(path: Path) -> dict[tuple[str, int], Classes]:
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
