"""The configuration of one experiment: typed, frozen, and grouped by who reads it.

Outside (TOML files, `--set`, Flower's run config) it is one flat table of kebab-case keys, so
that the same file serves `fedcompare` and `flwr run`.
"""

import json
import math
import os
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from fedcompare.classes import ClassLists, format_class_lists, parse_class_lists, split_names
from fedcompare.config.choices import Choice, ChoiceKey, Width
from fedcompare.config.held_out import MOST_FOLDS, SHARE, Fold, HeldOutKey, fold_of
from fedcompare.config.plan_files import PLAN, format_partition, parse_partition, plan_path
from fedcompare.config.silo_transforms import Transforms, format_transforms, parse_transforms
from fedcompare.tasks import Task

_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def _check_text(value: str) -> str:
    """Refuse what no file name, column or terminal can take."""
    if odd := next((c for c in value if unicodedata.category(c) in ("Cc", "Cs")), None):
        raise ValueError(f"holds {odd!a}, a control character or half of a character")
    return value


def _check_name(value: str) -> str:
    """Refuse what some file system has no folder of that name for."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", value):
        raise ValueError('use letters, digits, ".", "_" and "-", and begin with a letter or digit')
    if value.endswith(".") or _RESERVED.fullmatch(value):
        raise ValueError("cannot name a folder on Windows; choose another")
    return value


def _as_name(value: object) -> object:
    """Return a whole number as the name of a column, which is its position; others as they are."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _check_names(value: str) -> str:
    """Refuse what is no list of names."""
    if value:
        try:
            split_names(value)
        except ValueError as error:
            raise ValueError(f"write names as age,weight, or as '\"a, b\",c': {error}") from error
    return value


def _parse_margin(value: object) -> object:
    """Return the number that a margin is, None for none; other types are refused later."""
    if isinstance(value, str) and value.strip().lower() == NO_MARGIN:
        return None
    if not isinstance(value, str | int) or isinstance(value, bool):
        return value
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise ValueError(f'use a number above 0, or "{NO_MARGIN}"') from None


def _check_margin(value: float | None) -> float | None:
    """Refuse what is no least gain that anybody could find worth it."""
    if value is not None and not 0 < value < math.inf:
        raise ValueError(
            "must be above 0: it is the least gain that is worth it; leave it out for none"
        )
    return value


def _check_task(value: str) -> str:
    """Refuse what is no task."""
    if value and value not in list(Task):
        *others, last = Task
        raise ValueError(f"use {', '.join(others)} or {last}, or leave it out to have it found out")
    return value


NO_MARGIN = "none"
MarginKey = Annotated[
    float | None,
    BeforeValidator(_parse_margin),
    AfterValidator(_check_margin),
    PlainSerializer(lambda value: NO_MARGIN if value is None else value),
]
ExcludedClasses = Annotated[
    ClassLists,
    BeforeValidator(parse_class_lists),
    PlainSerializer(format_class_lists),
]

EXCLUDED_CLASSES = "excluded-classes"
"""The default partitioner, which alone reads the key of the same name."""


def _check_partition(choice: Choice) -> Choice:
    _check_text(format_partition(choice))
    return choice


PartitionKey = Annotated[
    Choice,
    BeforeValidator(parse_partition),
    AfterValidator(_check_partition),
    PlainSerializer(format_partition),
]


def _check_transforms(entries: Transforms) -> Transforms:
    _check_text(format_transforms(entries))
    return entries


TransformsKey = Annotated[
    Transforms,
    BeforeValidator(parse_transforms),
    AfterValidator(_check_transforms),
    PlainSerializer(format_transforms),
]

SEED_LIMIT = 2**63
_Seed = Annotated[int, Field(ge=0, lt=SEED_LIMIT)]
_Count = Annotated[int, Field(ge=1, le=10_000_000)]
_Text = Annotated[str, Field(max_length=1000), AfterValidator(_check_text)]
# A column, and several as `split_names` reads them; those of a file without a header are numbers.
_Column = Annotated[_Text, BeforeValidator(_as_name)]
_Names = Annotated[_Column, AfterValidator(_check_names)]
_Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Scope(StrEnum):
    """What the keys of a group can change; a regime's row names those that it depends on."""

    EVERYTHING = "everything"
    NOTHING = "nothing"
    ISOLATED = "isolated training"
    BUDGET = "the federated budget"
    FEDERATION = "federated training"
    FINE_TUNING = "fine-tuning"


class _Group(BaseModel):
    # A group that says nothing counts everywhere, so a forgotten declaration costs time, never
    # truth.
    scope: ClassVar[Scope] = Scope.EVERYTHING

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        alias_generator=lambda name: name.replace("_", "-"),
        validate_by_alias=True,
        validate_by_name=True,
    )


BUNDLED = "mnist"
CSV, PARQUET, NPZ = "csv", "parquet", "npz"
FOLDER, SILO_FILES, LEAF = "folder", "silos", "leaf"
_SUFFIXES = {
    **dict.fromkeys((".csv", ".tsv", ".data"), CSV),
    **dict.fromkeys((".parquet", ".pq"), PARQUET),
    ".npz": NPZ,
}


def kind_of_file(name: str) -> str | None:
    """Return the kind of data that a file's name ends as; None if that is no kind of data."""
    return _SUFFIXES.get(Path(name.removesuffix(".gz")).suffix.lower())


@dataclass(frozen=True, slots=True)
class DatasetName:
    """A dataset's name in its parts: the kind of its source, and the place of what follows a colon.

    "mnist" has no place, "idx:/data" the place "/data", and "idx:" an empty one. A path that ends
    as data files do is one: "patients.csv" is "csv:patients.csv"; and "scans/" is "folder:scans/".
    """

    kind: str
    place: str | None = None

    @classmethod
    def parse(cls, text: str) -> "DatasetName":
        """Return the parts of a name as it is typed."""
        before, colon, place = text.partition(":")
        if not colon and (kind := kind_of_file(text)):
            return cls(kind, text)
        if not colon and _is_folder(text):
            return cls(FOLDER, text)
        return cls(before, place if colon else None)

    def __str__(self) -> str:
        return self.kind if self.place is None else f"{self.kind}:{self.place}"

    def located(self) -> "DatasetName":
        """Return the name with an absolute path, where its place is one of what is there."""
        path = os.path.expanduser(self.place or "")  # Path.expanduser raises: no such user
        return DatasetName(self.kind, str(Path(path).absolute())) if os.path.exists(path) else self


def _is_folder(text: str) -> bool:
    """Return whether a name without a kind is the path of a folder: by its form, or it is there."""
    has_form = os.sep in text or text.startswith((".", "~"))
    return has_form or (text != BUNDLED and os.path.isdir(text))


def experiment_name(dataset: str) -> str:
    """Return a name for experiments with these data: that of the file, where folders take it."""
    name = DatasetName.parse(dataset)
    stem = Path(name.place or name.kind).name.split(".")[0]
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")[:60]
    try:
        return _check_name(plain)
    except ValueError:
        return "data"


class DataConfig(_Group):
    """Which dataset, and what its parts are called ("" finds the columns by their type).

    `image_size` resizes all pictures to a square of so many pixels a side; 0 keeps them.
    `label` and `silo` name columns of a table, `group` the one of what rows belong to that must
    stay together, as a patient's; `task` says what labels are, "" finds it out. `features` lists
    the columns to learn from ("" for all others), `ignore` those to leave out, `categories` those
    whose numbers are names, `columns` all columns of a file without a header. Held out for the test
    are the rows that `split_column` calls so, or those of another file, `test_data`; else what
    `held_out` says: a share of the rows, `test_fraction`, or a fold of them.
    What counts is the data that they give, by their digest, and not where they lie.
    """

    scope = Scope.NOTHING

    dataset: Annotated[_Text, Field(min_length=1)] = BUNDLED
    label: _Column = ""
    task: Annotated[_Text, AfterValidator(_check_task)] = ""
    silo: _Column = ""
    group: _Column = ""
    features: _Names = ""
    ignore: _Names = ""
    categories: _Names = ""
    columns: _Names = ""
    encoding: _Text = ""
    held_out: HeldOutKey = SHARE
    test_fraction: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.2
    split_column: _Column = ""
    test_data: _Text = ""
    dataset_config: _Text = ""
    train_split: _Text = "train"
    test_split: _Text = "test"
    image_column: _Text = ""
    label_column: _Text = ""
    image_size: Annotated[int, Field(ge=0, le=4096)] = 0

    @property
    def source(self) -> DatasetName:
        """Return the dataset's name in its parts."""
        return DatasetName.parse(self.dataset)

    @property
    def fold(self) -> Fold | None:
        """Return the fold that is held out; None where a share of the rows is."""
        return fold_of(self.held_out)

    @property
    def is_table(self) -> bool:
        """Return whether the dataset is a file with rows and columns, or a folder of such."""
        return self.source.kind in (CSV, PARQUET, SILO_FILES)

    def located(self) -> "DataConfig":
        """Return the same data with absolute paths, where these are paths of what is there."""
        places = {"dataset": str(self.source.located())}
        if self.test_data:
            places["test_data"] = str(DatasetName.parse(self.test_data).located())
        return self.model_copy(update=places)


class PartitionConfig(_Group):
    """How the examples are split over silos: by which partitioner, with its own arguments.

    The default one makes IID parts without the `excluded_classes` of each silo. `transforms` are
    what silos do to the examples that they have. What counts is which rows each silo gets and how
    it sees them, by their digest.
    """

    scope = Scope.NOTHING

    partition: PartitionKey = Choice(EXCLUDED_CLASSES)
    num_silos: Annotated[int, Field(ge=1, le=10_000)] = 3
    excluded_classes: ExcludedClasses = (("1", "3", "7"), ("2", "5", "8"), ("4", "6", "9"))
    transforms: TransformsKey = ()

    def excluded_from(self, silo_index: int) -> tuple[str, ...]:
        """Return the names of the classes that the silo at this 0-based index must not have."""
        return self.excluded_classes[silo_index] if self.excluded_classes else ()

    def located(self) -> "PartitionConfig":
        """Return the same rule with the file of a plan as an absolute path."""
        if (file := plan_path(self.partition)) is None:
            return self
        path = str(Path(os.path.expanduser(file)).absolute())
        return self.model_copy(update={"partition": Choice(PLAN, (("file", path),))})


class ModelConfig(_Group):
    """The network, by its name in the catalog, or by the dotted path of the user's own.

    `hidden_units` is the one hidden layer of "mlp" without arguments, and of no other.
    """

    model: ChoiceKey = Choice("mlp")
    hidden_units: Width = 128


class TrainConfig(_Group):
    """The optimiser, the same in every regime: SGD with momentum.

    What it minimises is the mean loss over the n examples that the model is trained on, by all
    silos that train it, plus `l2_penalty` / (2 n) times the sum of all squared weights but biases.
    With more examples the penalty counts less, as in scikit-learn, whose C is 1 / `l2_penalty`.
    """

    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.01
    momentum: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.9
    l2_penalty: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    batch_size: _Count = 64
    threads_per_silo: Annotated[int, Field(ge=1, le=1024)] = 1
    device: Literal["auto", "cpu", "cuda", "mps"] = "cpu"

    @property
    def forks(self) -> bool:
        """Return whether workers may be forked: not from a process with threads, or with a GPU."""
        return self.threads_per_silo == 1 and self.device == "cpu"


class IsolatedConfig(_Group):
    """The budget of an isolated model."""

    scope = Scope.ISOLATED

    isolated_epochs: _Count = 10


class BudgetConfig(_Group):
    """The budget of federated training, and of what is compared with it at equal budget."""

    scope = Scope.BUDGET

    num_server_rounds: Annotated[int, Field(ge=1, le=100_000)] = 3
    local_epochs: _Count = 10

    @property
    def epochs(self) -> int:
        """Return how often each training example is passed over in all rounds."""
        return self.num_server_rounds * self.local_epochs


class FederationConfig(_Group):
    """The rules of federated training."""

    scope = Scope.FEDERATION

    strategy: _Text = "fedavg"
    fraction_evaluate: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 1.0


class FineTuningConfig(_Group):
    """How long a silo trains the federated model further."""

    scope = Scope.FINE_TUNING

    fine_tune_epochs: _Count = 1


class ComparisonConfig(_Group):
    """How many seeds `compare` runs, and folds in each, and by what it decides.

    Each seed's results are its own. With 2 folds or more every row is held out once a seed; 1 fold
    is one split for all seeds, and 0 leaves it to the data. `measure` is what verdicts are about,
    "" finds it by the data. `margin` is the least gain that is worth it: points where gains are in
    points, else in the measure's unit. `correct` is the correction for asking several silos the
    same question.
    """

    scope = Scope.NOTHING

    num_seeds: Annotated[int, Field(ge=1, le=1000)] = 5
    measure: _Text = ""
    margin: MarginKey = None
    correct: Literal["holm", "bh"] = "holm"
    folds: Annotated[int, Field(ge=0, le=MOST_FOLDS)] = 0


class ResourceConfig(_Group):
    """What a run may use and how long it waits, in seconds; 0 CPUs means all there are.

    `engine` runs the silos' clients; "" leaves it to the command.
    """

    scope = Scope.NOTHING

    engine: _Text = ""
    num_cpus: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    connect_timeout: _Seconds = 120.0
    round_timeout: _Seconds = 3600.0


class ExperimentConfig(_Group):
    """One experiment: its name, its seed, and a group for each reader."""

    name: Annotated[str, Field(max_length=100), AfterValidator(_check_name)] = "mnist"
    seed: _Seed = 42
    data: DataConfig = DataConfig()
    partition: PartitionConfig = PartitionConfig()
    model: ModelConfig = ModelConfig()
    train: TrainConfig = TrainConfig()
    isolated: IsolatedConfig = IsolatedConfig()
    budget: BudgetConfig = BudgetConfig()
    federation: FederationConfig = FederationConfig()
    fine_tuning: FineTuningConfig = FineTuningConfig()
    comparison: ComparisonConfig = ComparisonConfig()
    resources: ResourceConfig = ResourceConfig()

    def to_flat(self) -> dict[str, str | int | float]:
        """Return all keys as the flat table that `parse_config` reads."""
        flat: dict[str, str | int | float] = {}
        for value in self.model_dump(by_alias=True).items():
            flat.update(value[1] if isinstance(value[1], dict) else dict([value]))
        return flat

    def to_json(self) -> str:
        """Return the flat table as JSON, the form in which it crosses to clients."""
        return json.dumps(self.to_flat())

    @property
    def given(self) -> frozenset[str]:
        """Return the keys that somebody set, or that were decided since; the rest is built in."""
        flat: set[str] = set()
        for key, value in self.model_dump(by_alias=True, exclude_unset=True).items():
            flat.update(value if isinstance(value, dict) else (key,))
        return frozenset(flat)

    def filled(self, defaults: Mapping[str, object]) -> "ExperimentConfig":
        """Return the same experiment with these values of those of the keys that nobody set."""
        groups: dict[str, dict[str, object]] = {}
        for key in defaults.keys() - self.given:
            groups.setdefault(GROUP_OF[key], {})[key] = defaults[key]
        changed = {}
        for name, values in groups.items():
            own: _Group = getattr(self, name)
            values |= own.model_dump(by_alias=True, exclude_unset=True)
            changed[name] = type(own).model_validate(values)
        return self.model_copy(update=changed)

    def with_seed(self, seed: int) -> "ExperimentConfig":
        """Return the same experiment with another seed."""
        return self.model_copy(update={"seed": seed})

    def by_seed(self) -> list["ExperimentConfig"]:
        """Return the experiment once per seed of a comparison: `seed`, `seed` + 1, ..."""
        seeds = range(self.seed, self.seed + self.comparison.num_seeds)
        return [self.with_seed(seed) for seed in seeds]

    def in_fold(self, number: int) -> "ExperimentConfig":
        """Return the experiment that holds out one of the folds that its seed deals rows to."""
        fold = Fold(number=number, folds=self.comparison.folds, seed=self.seed)
        data = self.data.model_copy(update={"held_out": fold.choice})
        return self.model_copy(update={"data": data})

    def by_repeat(self) -> list["ExperimentConfig"]:
        """Return the experiment once per training of a comparison: each seed, or each of its folds.

        The folds of a seed follow one another.
        """
        if self.comparison.folds < 2:
            return self.by_seed()
        numbers = range(1, self.comparison.folds + 1)
        return [own.in_fold(number) for own in self.by_seed() for number in numbers]

    @property
    def repeat(self) -> str:
        """Return what messages call one training of a comparison: "seed 42, fold 3"."""
        fold = self.data.fold
        return f"seed {self.seed}, fold {fold.number}" if fold else f"seed {self.seed}"

    def located(self) -> "ExperimentConfig":
        """Return the same experiment with the places of data and plan as absolute paths.

        What is stored can then be used from any working folder.
        """
        located = {"data": self.data.located(), "partition": self.partition.located()}
        return self.model_copy(update=located)

    def counted(self, scopes: Collection[Scope] = ()) -> dict[str, str | int | float]:
        """Return the seed and the keys that can change what depends on these scopes.

        Without any these are the keys that change everything, on which any two results must
        agree to be compared. The name only says where results lie.
        """
        flat = self.to_flat()
        counted = [
            key
            for name, group in _GROUPS.items()
            if group.scope is Scope.EVERYTHING or group.scope in scopes
            for key in getattr(self, name).model_dump(by_alias=True)
        ]
        return {key: flat[key] for key in ("seed", *counted)}

    def origin(self) -> dict[str, str | int | float]:
        """Return the keys that say which data there are and who has them."""
        return {
            **self.data.model_dump(by_alias=True),
            **self.partition.model_dump(by_alias=True),
        }


_GROUPS = {
    name: field.annotation
    for name, field in ExperimentConfig.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, _Group)
}


GROUP_OF = {
    key: group for group, model in _GROUPS.items() for key in model().model_dump(by_alias=True)
}


KEYS = ("name", "seed", *GROUP_OF)
