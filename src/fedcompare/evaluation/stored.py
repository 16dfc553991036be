"""One seed's answers on the test set as they are stored: of every model, and after every round.

Where rows are held out in folds, each fold has its own; a seed's answers are those of all folds.
"""

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save

from fedcompare.errors import ResultsError, WeightsError
from fedcompare.evaluation.answers import Answers, Labels, read_answers
from fedcompare.learning.weights import read_tensors
from fedcompare.regimes.catalog import FOLLOWED, TRAINED, Regime, rows_for
from fedcompare.regimes.coalitions import coalition_part
from fedcompare.regimes.models import ModelId, local_models, models_of, weights_file
from fedcompare.regimes.records import Origin
from fedcompare.runs.directory import COALITION_PREDICTIONS, PREDICTIONS, RunDirectory
from fedcompare.runs.manifest import TENSORS, Manifest, Training, check_files, read_manifest
from fedcompare.runs.reuse import check_agree
from fedcompare.tasks import Task

ROUNDS = "rounds.safetensors"
OWNERS, _SILOS = "owners.safetensors", "silos"
GROUPS, _MEMBERS = "groups.safetensors", "groups"
_FINISH = "Go on with it: fedcompare compare, with the same --data, --config, --set and --results"
ANSWERS_REMEDY = (
    "make it again: fedcompare compare --force, with the same --data, --config, --set and --results"
)

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SeedAnswers:
    """What one seed's models answered, and what is known of their training.

    `final` holds the answers of every model after its last round, `rounds` the classes, int64
    [N], or numbers, float64 [N], that models answered after a round, in the order of the cases;
    round 0 is before training. `model_bytes` is the size of one model's serialised weights.
    `owners`, int64 [N], are the silos whose held-out rows these are, 0 for nobody; None where own
    cases are told by classes. `groups`, int64 [N], where a key names groups, say which test
    examples belong together.

    Of `folds` folds each example was answered in one, by the models of that fold; `fold_numbers`,
    int64 [N], say in which, None where there is one. What trainings took, and the bytes of a model,
    are those of all folds together.
    """

    seed: int
    final: Mapping[ModelId, Answers]
    rounds: Mapping[tuple[ModelId, int], Labels]
    origin: Origin
    trainings: Mapping[Regime, Training]
    model_bytes: int
    owners: Ints | None = None
    groups: Ints | None = None
    folds: int = 1
    fold_numbers: Ints | None = None

    @property
    def label_counts(self) -> tuple[tuple[float, ...], ...]:
        """Return each silo's training examples of each class, [S][C], as means over the folds."""
        counts = self.trainings[Regime.FEDERATED].label_counts
        return tuple(tuple(number / self.folds for number in own) for own in counts)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Return each silo's number of training examples, as rounded mean over the folds."""
        counts = self.trainings[Regime.FEDERATED].label_counts
        return tuple(round(sum(own) / self.folds) for own in counts)


def answering_packages(part: str, *, is_table: bool) -> tuple[str, ...]:
    """Return the packages that can change a part of answers, beside those of every part."""
    return ("scikit-learn",) if part == PREDICTIONS and is_table else ()


def answers_file(model: ModelId) -> str:
    """Return the file of a model's answers."""
    return f"{model.key}{TENSORS}"


def rounds_key(model: ModelId, number: int) -> str:
    """Return the name of a model's answers after a round, in the file of all of these."""
    return f"{model.key}/{number}"


def read_seeds(runs: Iterable[RunDirectory]) -> list[SeedAnswers]:
    """Read the answers of every seed, its folds' together; raises as `read_seed_answers`."""
    return [merge_folds(list(map(read_seed_answers, own))) for own in by_seed(runs)]


def by_seed(runs: Iterable[RunDirectory]) -> list[list[RunDirectory]]:
    """Return the runs of each seed: one, or one for each fold."""
    found: dict[int, list[RunDirectory]] = {}
    for run in runs:
        found.setdefault(run.config.seed, []).append(run)
    return list(found.values())


def read_seed_answers(run: RunDirectory) -> SeedAnswers:
    """Read what `write_seed_answers` wrote; the data themselves are not needed.

    Raises:
        ResultsError: a part is missing, altered, of another configuration, or not what the
            answers were made from.
        WeightsError: a file is missing, corrupt or altered; it is named.
    """
    answers, folder = open_answers(run, PREDICTIONS), run.path / PREDICTIONS
    manifests = {regime: run.read_manifest(regime) for regime in TRAINED}
    check_made_from(run, answers, manifests.values())
    trainings = {regime: run.training(manifest) for regime, manifest in manifests.items()}
    silos = range(1, len(trainings[Regime.FEDERATED].label_counts) + 1)
    last = run.config.budget.num_server_rounds
    task = Task.of(trainings[Regime.FEDERATED].class_names)
    rows = rows_for(is_table=trainings[Regime.FEDERATED].is_table)
    has_owners = OWNERS in answers.files
    return SeedAnswers(
        seed=run.config.seed,
        final={
            model: read_answers(folder / answers_file(model)) for model in models_of(rows, silos)
        },
        rounds=_read_rounds(folder / ROUNDS, rounds_of(silos, last), task),
        origin=answers.inputs.origin,
        trainings=trainings,
        model_bytes=(run.regime_path(Regime.FEDERATED) / weights_file(None)).stat().st_size,
        owners=_read_numbers(folder / OWNERS, _SILOS) if has_owners else None,
        groups=_read_numbers(folder / GROUPS, _MEMBERS) if run.config.data.group else None,
    )


def rounds_to_bytes(rounds: Mapping[tuple[ModelId, int], Answers]) -> bytes:
    """Return what models answered after rounds, classes as int16, in the safetensors format."""
    tensors = {
        rounds_key(model, number): torch.from_numpy(
            answers.predicted.astype(np.float64 if answers.probabilities is None else np.int16)
        )
        for (model, number), answers in rounds.items()
    }
    return save(dict(sorted(tensors.items())))


def owners_to_bytes(owners: Ints) -> bytes:
    """Return whose held-out row each test example is, in the safetensors format."""
    return save({_SILOS: torch.from_numpy(owners)})


def groups_to_bytes(groups: torch.Tensor) -> bytes:
    """Return which test examples belong together, in the safetensors format."""
    return save({_MEMBERS: groups})


def rounds_of(silos: Sequence[int], last: int) -> list[tuple[ModelId, int]]:
    """Return the models and rounds after which there are answers, up to round `last`."""
    followed = itertools.product(models_of(FOLLOWED, silos), range(last + 1))
    return [*followed, *itertools.product(local_models(silos), range(1, last + 1))]


def merge_folds(folds: Sequence[SeedAnswers]) -> SeedAnswers:
    """Return the answers of one seed's folds together, in the order of the examples' ids."""
    if len(folds) == 1:
        return folds[0]
    first = folds[0]
    order = np.argsort(np.concatenate([_ids(fold) for fold in folds]), kind="stable")
    owners, groups = ([getattr(fold, name) for fold in folds] for name in ("owners", "groups"))
    return SeedAnswers(
        seed=first.seed,
        final={
            model: Answers.joined([fold.final[model] for fold in folds]).take(order)
            for model in first.final
        },
        rounds={
            key: np.concatenate([fold.rounds[key] for fold in folds])[order] for key in first.rounds
        },
        origin=Origin.of_all([fold.origin for fold in folds]),
        trainings={
            regime: Training.of_all([fold.trainings[regime] for fold in folds])
            for regime in first.trainings
        },
        model_bytes=sum(fold.model_bytes for fold in folds),
        owners=None if first.owners is None else np.concatenate(owners)[order],
        groups=None if first.groups is None else _apart(groups)[order],
        folds=len(folds),
        fold_numbers=np.repeat(np.arange(len(folds)), [len(_ids(fold)) for fold in folds])[order],
    )


def _ids(fold: SeedAnswers) -> Ints:
    return next(iter(fold.final.values())).ids


def _apart(groups: Sequence[Ints]) -> Ints:
    """Return numbers of groups of which none lies in two folds, and each fold numbers its own."""
    starts = np.cumsum([0, *(own.max(initial=-1) + 1 for own in groups)])
    return np.concatenate([own + start for own, start in zip(groups, starts, strict=False)])


def read_seed_coalitions(
    runs: Iterable[RunDirectory], coalitions: Collection[tuple[int, ...]]
) -> dict[tuple[int, ...], Answers]:
    """Read what coalitions answered in one seed, in all its folds, by their members.

    Raises: as `read_seed_answers`.
    """
    folds = [read_coalition_answers(run, coalitions) for run in runs] if coalitions else []
    return {members: Answers.joined([own[members] for own in folds]) for members in coalitions}


def read_coalition_answers(
    run: RunDirectory, coalitions: Iterable[tuple[int, ...]]
) -> dict[tuple[int, ...], Answers]:
    """Read the coalitions' answers, by their members.

    Raises: as `read_seed_answers`.
    """
    answers, folder = open_answers(run, COALITION_PREDICTIONS), run.path / COALITION_PREDICTIONS
    parts = {members: coalition_part(members) for members in coalitions}
    check_made_from(run, answers, list(map(run.read_manifest, parts.values())))
    return {members: read_answers(folder / f"{part}{TENSORS}") for members, part in parts.items()}


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


def _read_rounds(
    path: Path, wanted: Iterable[tuple[ModelId, int]], task: Task
) -> dict[tuple[ModelId, int], Labels]:
    """Read the answers after each round.

    Raises:
        WeightsError: the file is corrupt, or holds something else.
    """
    tensors, rounds = read_tensors(path), {}
    kind = torch.float64 if task is Task.REGRESSION else torch.int16
    for model, number in wanted:
        tensor = tensors.get(rounds_key(model, number))
        if tensor is None or tensor.dtype != kind or tensor.dim() != 1:
            raise WeightsError(f"{path} holds no answers after rounds; {ANSWERS_REMEDY}")
        rounds[model, number] = (tensor.long() if kind is torch.int16 else tensor).numpy()
    return rounds


def _read_numbers(path: Path, name: str) -> Ints:
    """Read the numbers by which test examples are silos' own, or belong together.

    Raises:
        WeightsError: the file is corrupt, or holds something else.
    """
    tensor = read_tensors(path).get(name)
    if tensor is None or tensor.dtype != torch.int64 or tensor.dim() != 1:
        raise WeightsError(f"{path} does not say whose the test examples are; {ANSWERS_REMEDY}")
    numbers: Ints = tensor.numpy()
    return numbers
