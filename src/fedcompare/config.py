"""The configuration of one experiment: typed, frozen, and checked as a whole.

Outside (TOML files, `--set`, Flower's run config) it is one flat table of
kebab-case keys, so that the same file serves `fedcompare` and `flwr run`.
Inside it is grouped by who reads it.
"""

import json
import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
)

from fedcompare.classes import ClassLists, format_class_lists, parse_class_lists
from fedcompare.errors import ConfigError
from fedcompare.records import Regime
from fedcompare.typed import plain, shown, suggestion

_MAX_FILE = 2**20  # bytes of a configuration
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


ExcludedClasses = Annotated[
    ClassLists,
    BeforeValidator(parse_class_lists),
    PlainSerializer(format_class_lists),
]
SEED_LIMIT = 2**63
_Seed = Annotated[int, Field(ge=0, lt=SEED_LIMIT)]
_Count = Annotated[int, Field(ge=1, le=10_000_000)]
_Text = Annotated[str, Field(max_length=1000), AfterValidator(_check_text)]
_Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Group(BaseModel):
    # Which regimes' results the keys can change; None: everything that is made. A group
    # that says nothing counts everywhere, so a forgotten declaration costs time, never truth.
    changes: ClassVar[frozenset[Regime] | None] = None

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="forbid",
        alias_generator=lambda name: name.replace("_", "-"),
        validate_by_alias=True,
        validate_by_name=True,
    )


class DataConfig(_Group):
    """Which dataset, and what its parts are called ("" finds the columns by their type).

    `image_size` resizes all pictures to a square of so many pixels a side; 0 keeps them.
    What counts is the data that they give, by their digest, and not where they lie.
    """

    changes = frozenset()

    dataset: Annotated[_Text, Field(min_length=1)] = "mnist"
    dataset_config: _Text = ""
    train_split: _Text = "train"
    test_split: _Text = "test"
    image_column: _Text = ""
    label_column: _Text = ""
    image_size: Annotated[int, Field(ge=0, le=4096)] = 0


class PartitionConfig(_Group):
    """How the examples are split over silos; no `excluded_classes` means IID parts.

    What counts is which rows each silo gets, by their digest.
    """

    changes = frozenset()

    num_silos: Annotated[int, Field(ge=1, le=10_000)] = 3
    excluded_classes: ExcludedClasses = (("1", "3", "7"), ("2", "5", "8"), ("4", "6", "9"))

    def excluded_from(self, silo_index: int) -> tuple[str, ...]:
        """Return the names of the classes that the silo at this 0-based index must not have."""
        return self.excluded_classes[silo_index] if self.excluded_classes else ()


class ModelConfig(_Group):
    """Two fully connected layers with this many units between them."""

    hidden_units: Annotated[int, Field(ge=1, le=100_000)] = 128


class TrainConfig(_Group):
    """The optimiser, the same in every regime: SGD with momentum."""

    learning_rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.01
    momentum: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] = 0.9
    batch_size: _Count = 64
    threads_per_silo: Annotated[int, Field(ge=1, le=1024)] = 1


class IsolatedConfig(_Group):
    """The budget of an isolated model."""

    changes = frozenset({Regime.ISOLATED})

    isolated_epochs: _Count = 10


class BudgetConfig(_Group):
    """The budget of federated training, and of what is compared with it at equal budget."""

    changes = frozenset({Regime.ISOLATED_EQUAL, Regime.FEDERATED, Regime.CENTRALIZED})

    num_server_rounds: Annotated[int, Field(ge=1, le=100_000)] = 3
    local_epochs: _Count = 10

    @property
    def epochs(self) -> int:
        """Return how often each training example is passed over in all rounds."""
        return self.num_server_rounds * self.local_epochs


class FederationConfig(_Group):
    """The rules of federated training."""

    changes = frozenset({Regime.FEDERATED})

    strategy: _Text = "fedavg"
    fraction_evaluate: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 1.0


class FineTuningConfig(_Group):
    """How long a silo trains the federated model further."""

    changes = frozenset({Regime.FINE_TUNED})

    fine_tune_epochs: _Count = 1


class ComparisonConfig(_Group):
    """How many seeds `compare` runs; each seed's results are its own."""

    changes = frozenset()

    num_seeds: Annotated[int, Field(ge=1, le=1000)] = 5


class ResourceConfig(_Group):
    """What a run may use and how long it waits, in seconds; 0 CPUs means all there are."""

    changes = frozenset()

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

    def with_seed(self, seed: int) -> "ExperimentConfig":
        """Return the same experiment with another seed."""
        return self.model_copy(update={"seed": seed})

    def by_seed(self) -> list["ExperimentConfig"]:
        """Return the experiment once per seed of a comparison: `seed`, `seed` + 1, ..."""
        seeds = range(self.seed, self.seed + self.comparison.num_seeds)
        return [self.with_seed(seed) for seed in seeds]

    def located(self) -> "ExperimentConfig":
        """Return the same experiment with the data's place as an absolute path.

        What is stored can then be used from any working folder.
        """
        kind, _, place = self.data.dataset.partition(":")
        path = Path(place).expanduser()
        if not place or not (kind == "idx" or path.is_dir()):
            return self
        data = self.data.model_copy(update={"dataset": f"{kind}:{path.absolute()}"})
        return self.model_copy(update={"data": data})

    def counted(self, regime: Regime | None = None) -> dict[str, str | int | float]:
        """Return the seed and the keys that can change a regime's results.

        Without a regime these are the keys that change everything, on which any two results
        must agree to be compared. The name only says where results lie.
        """
        flat = self.to_flat()
        counted = [
            key
            for name, group in _GROUPS.items()
            if group.changes is None or regime in group.changes
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
_GROUP_OF = {
    key: group for group, model in _GROUPS.items() for key in model().model_dump(by_alias=True)
}
KEYS = ("name", "seed", *_GROUP_OF)


@dataclass(frozen=True, slots=True)
class Setting:
    """One value and how the user typed it: `--lr`, `--set seed`, or the key in a file."""

    value: object
    typed: str


Settings = Mapping[str, Setting]


def read_settings(path: Path) -> dict[str, Setting]:
    """Read a TOML file of flat keys.

    Raises:
        ConfigError: the file is missing, unreadable, too large, or no TOML.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_FILE + 1)
        if len(content) > _MAX_FILE:
            raise ConfigError([f"--config {path}: larger than {_MAX_FILE} bytes"])
        table = _parse_toml(content.decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError([f"--config {path}: {error.strerror or error}"]) from error
    except UnicodeDecodeError as error:
        raise ConfigError([f"--config {path}: not UTF-8 text: {error}"]) from error
    except ValueError as error:
        raise ConfigError([f"--config {path}: not valid TOML: {error}"]) from error
    return {key: Setting(value, f"{path.name}: {key}") for key, value in table.items()}


def parse_assignment(text: str) -> tuple[str, Setting]:
    """Read one `--set key=value`; the value is TOML, and a bare word is a string.

    Raises:
        ConfigError: there is no `=`.
    """
    key, separator, value = text.partition("=")
    key = key.strip()
    if not separator:
        raise ConfigError([f"--set {plain(text)}: write it as key=value"])
    try:
        table = _parse_toml(f"value = {value}")
    except ValueError:
        table = {}
    # A value with a line break can bring further keys along: it is no TOML value then.
    parsed = table["value"] if table.keys() == {"value"} else value.strip()
    return key, Setting(parsed, f"--set {key}")


def _parse_toml(text: str) -> dict[str, Any]:
    """Return the table.

    Raises:
        ValueError: it is no TOML, or holds a number or a nesting that Python cannot read.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def parse_config(settings: Settings) -> ExperimentConfig:
    """Return the configuration that `settings` make on top of the defaults.

    Raises:
        ConfigError: with one line for every unknown key, wrong value and contradiction.
    """
    problems = [_unknown(key, setting) for key, setting in settings.items() if key not in KEYS]
    known = {key: setting for key, setting in settings.items() if key in KEYS}
    bad: dict[str, str] = {}
    config = ExperimentConfig()
    try:
        config = _build(known)
    except ValidationError as error:
        bad = dict(_field_problems(error))
        config = _build({key: setting for key, setting in known.items() if key not in bad})
    problems += [f"{known[key].typed}: {problem}" for key, problem in bad.items()]
    problems += [
        f"{next((known[key].typed for key in reversed(keys) if key in known), keys[-1])}: {problem}"
        for keys, problem in _contradictions(config, given=known)
        if not bad.keys() & set(keys)
    ]
    if problems:
        raise ConfigError(problems)
    return config


def config_from_json(text: str) -> ExperimentConfig:
    """Return the configuration that `ExperimentConfig.to_json` wrote."""
    return parse_config({key: Setting(value, key) for key, value in json.loads(text).items()})


def _build(settings: Settings) -> ExperimentConfig:
    nested: dict[str, Any] = {}
    for key, setting in settings.items():
        table = nested.setdefault(_GROUP_OF[key], {}) if key in _GROUP_OF else nested
        table[key] = setting.value
    return ExperimentConfig.model_validate(nested)


def _unknown(key: str, setting: Setting) -> str:
    typed = plain(setting.typed)
    if isinstance(setting.value, dict):
        return f"{typed}: keys stand alone; leave out the table [{plain(key)}]"
    return f"{typed}: unknown key; {suggestion(key, KEYS)}"


def _field_problems(error: ValidationError) -> Iterator[tuple[str, str]]:
    for item in error.errors(include_url=False):
        key = next(str(part) for part in item["loc"] if part in KEYS)
        message = re.sub(r"^(Value error, |Input )", "", item["msg"])
        yield key, f"{message} (got {shown(item['input'])})"


def _contradictions(
    config: ExperimentConfig, given: Settings
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield (keys, problem) for values that are right alone but not together."""
    partition = config.partition
    listed = len(partition.excluded_classes)
    if listed not in (0, partition.num_silos):
        remedy = 'list one entry per silo, or set it to "" for IID silos'
        key = "excluded-classes"
        also = (
            ""
            if key in given
            else f" (the default, {format_class_lists(partition.excluded_classes)!r})"
        )
        yield (
            ("num-silos", key),
            f"{key} lists {listed} silos{also}, but num-silos = {partition.num_silos}; {remedy}",
        )
    for index, classes in enumerate(partition.excluded_classes, start=1):
        if len(set(classes)) != len(classes):
            yield ("excluded-classes",), f"names a class twice for silo {index}"
    if config.federation.strategy not in STRATEGY_NAMES:
        known = ", ".join(STRATEGY_NAMES)
        yield (
            ("strategy",),
            f"unknown strategy {shown(config.federation.strategy)}; known: {known}",
        )


# The names only: the strategies themselves need flwr, which the config must not import.
STRATEGY_NAMES = ("fedavg",)
