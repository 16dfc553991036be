"""From what was typed to the configuration, checked as a whole."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fedcompare.classes import format_class_lists
from fedcompare.config.following import follow_partition, num_silos_of
from fedcompare.config.groups import EXCLUDED_CLASSES, GROUP_OF, KEYS, ExperimentConfig
from fedcompare.errors import ConfigError, PartitionError
from fedcompare.text.typed import plain, shown, suggestion

_MAX_FILE = 2**20  # bytes of a configuration


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
    try:
        config = follow_partition(config, given=known)
    except PartitionError as error:
        problems.append(f"{known['partition'].typed}: {error}")
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
        table = nested.setdefault(GROUP_OF[key], {}) if key in GROUP_OF else nested
        table[key] = setting.value
    return ExperimentConfig.model_validate(nested)


def _unknown(key: str, setting: Setting) -> str:
    typed = plain(setting.typed)
    if isinstance(setting.value, dict):
        return f"{typed}: keys stand alone; leave out the table [{plain(key)}]"
    return f"{typed}: unknown key; {suggestion(key, KEYS)}"


def _field_problems(error: ValidationError) -> Iterator[tuple[str, str]]:
    for item in error.errors(include_url=False):
        # A group may have the name of one of its keys: the key comes last.
        key = next(str(part) for part in reversed(item["loc"]) if part in KEYS)
        message = re.sub(r"^(Value error, |Input )", "", item["msg"])
        yield key, f"{message} (got {shown(item['input'])})"


def _contradictions(
    config: ExperimentConfig, given: Settings
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield (keys, problem) for values that are right alone but not together."""
    partition = config.partition
    listed = len(partition.excluded_classes)
    own = num_silos_of(partition.partition)
    if own not in (None, partition.num_silos):
        yield (
            ("partition", "num-silos"),
            f"num-silos = {partition.num_silos}, but {partition.partition.name} has sizes for "
            f"{own} silos; leave num-silos out, or make them equal",
        )
    if partition.partition.name != EXCLUDED_CLASSES:
        if listed and "excluded-classes" in given:
            yield (
                ("partition", "excluded-classes"),
                f"{partition.partition.name} deals all classes by its own rule, and "
                f'excluded-classes is for partition = "{EXCLUDED_CLASSES}" alone; leave out one of '
                'them (in a run config: excluded-classes = "")',
            )
    elif not config.data.silo and listed not in (0, partition.num_silos):
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
