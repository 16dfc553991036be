"""`run.json`: what a part was made from, what making it took, and a digest of every file."""

import functools
import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import TypeAdapter, ValidationError

from fedcompare.config.groups import ExperimentConfig
from fedcompare.errors import ResultsError, WeightsError
from fedcompare.runs.files import write_text
from fedcompare.runs.inputs import FORMAT, Inputs
from fedcompare.statistics.skew import UNMEASURED, MeasuredSkew, mean_skew
from fedcompare.text.escaping import toml

CONFIG_FILE = "config.toml"
CONTRACT_FILE = "contract.json"
ENVIRONMENT_FILE = "environment.json"


def write_config(path: Path, config: ExperimentConfig) -> None:
    """Write the resolved configuration as the TOML that `--config` reads."""
    write_text(path, format_config(config))


def format_config(config: ExperimentConfig) -> str:
    """Return the resolved configuration as the TOML that `--config` reads."""
    return toml(config.to_flat())


def read_environment(folder: Path) -> dict[str, str | int]:
    """Read which software and machine made a part.

    Raises:
        ResultsError: the file is missing or damaged.
    """
    path = folder / ENVIRONMENT_FILE
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise ResultsError(f"{path} is damaged ({error}); make it again with --force") from error


RUN_FILE = "run.json"
REMEDY = "make it again with --force"
_WEIGHTS = "weights/"
TENSORS = ".safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """What training a part's models took, and on what.

    `label_counts` holds, per silo, the number of training examples of each class, in the
    order of `class_names`, or of all where labels are numbers, and no class has a name; `epochs` is
    how often each example was passed over, and `local_steps` the optimiser's steps on each silo (on
    the pooled data: one number). Bytes
    are those of serialised messages from (up) and to (down) the silos; `example_bytes` is the
    size of one raw example. `notes` say what was converted or left out of the data; `silo_names`
    what the data call the silos, if anything; `columns` are a table's, each with its kind and
    what became of it; `skew` is how much silos differ in what they train on.
    """

    seconds: float
    cpu_seconds: float
    epochs: int
    local_steps: tuple[int, ...]
    bytes_up: int
    bytes_down: int
    label_counts: tuple[tuple[int, ...], ...]
    class_names: tuple[str, ...]
    example_bytes: int
    notes: tuple[str, ...]
    silo_names: tuple[str, ...] = ()
    columns: tuple[tuple[str, str, str], ...] = ()
    skew: MeasuredSkew = UNMEASURED

    @property
    def is_table(self) -> bool:
        """Return whether examples are rows of a table."""
        return bool(self.columns)

    @classmethod
    def of_all(cls, folds: Sequence["Training"]) -> "Training":
        """Return what the trainings of all folds took together, each of which had its own rows.

        `label_counts` count a row once for each fold that trains on it; columns are the first's.
        """
        counts = np.array([one.label_counts for one in folds]).sum(axis=0)
        steps = np.array([one.local_steps for one in folds]).sum(axis=0)
        return replace(
            folds[0],
            seconds=sum(one.seconds for one in folds),
            cpu_seconds=sum(one.cpu_seconds for one in folds),
            local_steps=tuple(steps.tolist()),
            bytes_up=sum(one.bytes_up for one in folds),
            bytes_down=sum(one.bytes_down for one in folds),
            label_counts=tuple(map(tuple, counts.tolist())),
            notes=tuple(_notes([one.notes for one in folds])),
            skew=mean_skew([one.skew for one in folds]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What `run.json` says of a finished part.

    `files` maps every other file of the part to its SHA-256; `training` is None for a part
    that holds no models of its own.
    """

    part: str
    inputs: Inputs
    files: Mapping[str, str]
    training: Training | None = None

    @property
    def weights(self) -> dict[str, str]:
        """Return the SHA-256 of each file of weights."""
        return {file: d for file, d in self.files.items() if file.startswith(_WEIGHTS)}

    def sources(self) -> dict[str, str]:
        """Return the part's weights as another part's inputs name them."""
        return {f"{self.part}/{file}": digest for file, digest in self.weights.items()}


def seal(folder: Path, part: str, inputs: Inputs, training: Training | None = None) -> None:
    """Write the manifest of a part whose files are all in `folder`."""
    files = {
        path.relative_to(folder).as_posix(): file_digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / RUN_FILE
    }
    content = asdict(Manifest(part=part, inputs=inputs, files=files, training=training))
    text = json.dumps({**content, "digest": _digest(content)}, indent=2)
    (folder / RUN_FILE).write_text(f"{text}\n", encoding="utf-8")


@functools.cache
def _form() -> TypeAdapter[Manifest]:
    """Return what checks manifests, of which there are hundreds: it takes a while to make."""
    return TypeAdapter(Manifest)


def read_manifest(folder: Path, *, remedy: str = REMEDY) -> Manifest:
    """Read what a part says of itself.

    Raises:
        ResultsError: it is missing, damaged, altered, of another part or of another format.
    """
    path = folder / RUN_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        digest = content.pop("digest", None)
        _check_format(path, content, remedy)
        manifest = _form().validate_python(content)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ResultsError(f"{path} is damaged ({_reason(error)}); {remedy}") from error
    if digest != _digest(content):
        raise ResultsError(f"{path} was altered: its SHA-256 is not the recorded one; {remedy}")
    if manifest.part != folder.name:
        raise ResultsError(f"{path} is that of {manifest.part}, which was moved; {remedy}")
    return manifest


def check_files(folder: Path, manifest: Manifest, *, remedy: str = REMEDY) -> None:
    """Raise if a file of a part is not the one that was written.

    Raises:
        WeightsError: a file of weights or predictions is missing or altered.
        ResultsError: another file is.
    """
    for file in manifest.files:
        check_file(folder, manifest, file, remedy=remedy)


def check_file(folder: Path, manifest: Manifest, file: str, *, remedy: str = REMEDY) -> None:
    """Raise if one file of a part is not the one that was written.

    Raises: as `check_files`; ResultsError too if the part never had such a file.
    """
    path, kind = folder / file, WeightsError if file.endswith(TENSORS) else ResultsError
    if file not in manifest.files:
        raise ResultsError(f"{folder} lacks {file}; {remedy}")
    try:
        found = file_digest(path)
    except OSError as error:
        raise kind(f"{path}: {error.strerror}; {remedy}") from error
    if found != manifest.files[file]:
        raise kind(f"{path} was altered: its SHA-256 is not the recorded one; {remedy}")


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _notes(folds: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the notes of all folds, and of those that differ in their numbers the first fold's."""
    told = set()
    for number, notes in enumerate(folds, start=1):
        for note in notes:
            shape = re.sub(r"\d+", "#", note)
            if shape not in told:
                told.add(shape)
                is_of_all = all(note in others for others in folds)
                yield note if is_of_all else f"In fold {number} of {len(folds)}: {note}"


def _digest(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a manifest's content, so that an edited one is known."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _check_format(path: Path, content: Mapping[str, Any], remedy: str) -> None:
    # The first format had no inputs, but a fingerprint of the data.
    found = 1 if "data_fingerprint" in content else content.get("inputs", {}).get("format", FORMAT)
    if found != FORMAT:
        age = "an older" if found < FORMAT else "a newer"
        raise ResultsError(f"{path.parent} was made by {age} fedcompare; {remedy}")


def _reason(error: Exception) -> object:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{first['msg']} at {'.'.join(map(str, first['loc']))}"
    return getattr(error, "strerror", None) or error
