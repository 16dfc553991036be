"""The results folder: one directory per experiment and seed, one part per command.

    <results>/<name>/seed-<seed>/
        isolated/     federated/     evaluation/     logs/
        what compare adds: isolated-equal/  centralized/  fine-tuned/  predictions/
        and with contributions: coalition-1-2/ ...  coalition-predictions/
    <results>/<name>/comparison/

Each part is written beside its place and renamed when complete, so a part is
either whole or absent. A part knows its configuration and is never mixed with another's.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from fedcompare.config import ExperimentConfig
from fedcompare.csv_text import format_csv
from fedcompare.errors import FedcompareError, ResultsError, StorageError
from fedcompare.escaping import toml
from fedcompare.records import Regime
from fedcompare.runs.manifest import REMEDY, RUN_FILE, Manifest, Training, read_manifest

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

CONFIG_FILE = "config.toml"
ENVIRONMENT_FILE = "environment.json"
EVALUATION = "evaluation"
PARTITION = "partition"
PREDICTIONS = "predictions"
COALITION_PREDICTIONS = "coalition-predictions"
COMPARISON = "comparison"
_COALITION = "coalition-"
PARTS = frozenset({*Regime, PARTITION, EVALUATION, PREDICTIONS})


def weights_file(silo: int | None, *, round: int | None = None) -> str:
    """Return where a model's weights are in its regime's part; no silo means the global model.

    Without a round, these are the weights after the last one.
    """
    stem = "global" if silo is None else f"silo-{silo}"
    folder = "weights" if round is None else f"weights/round-{round}"
    return f"{folder}/{stem}.safetensors"


def count_steps(num_examples: int, *, epochs: int, batch_size: int) -> int:
    """Return the optimiser's steps over `epochs` passes; the last batch of a pass may be ragged."""
    return epochs * -(-num_examples // batch_size)


def _is_part(folder: str) -> bool:
    return folder in PARTS or folder.startswith(_COALITION)


class RunDirectory:
    """The directory of one experiment and seed."""

    def __init__(self, results: Path, config: ExperimentConfig) -> None:
        self.path = results / config.name / f"seed-{config.seed}"
        self.config = config

    def regime_path(self, regime: str) -> Path:
        """Return where a regime's part is."""
        return self.path / regime

    def log_path(self, command: str) -> Path:
        """Return the log file of a command, and make its folder.

        Raises:
            StorageError: the folder cannot be written.
        """
        folder = self.path / "logs"
        with _storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder / f"{command}.log"

    def parts(self) -> list[str]:
        """Return the names of the parts that are there, whole or damaged."""
        return sorted(path.name for path in self.path.glob("*/") if _is_part(path.name))

    def is_finished(self, regime: str) -> bool:
        """Return whether a regime's part is there."""
        return (self.regime_path(regime) / RUN_FILE).exists()

    @contextmanager
    def writing(self, part: str) -> Iterator[Path]:
        """Yield an empty folder that becomes `part` if the block succeeds, else vanishes.

        Raises:
            StorageError: something cannot be written.
        """
        with replacing(self.path / part) as folder:
            yield folder

    def read_manifest(self, part: str) -> Manifest:
        """Read what a finished part says of itself.

        Raises:
            ResultsError: it is missing, damaged, altered, or of another format.
        """
        if not self.is_finished(part):
            command = part if part in (Regime.ISOLATED, Regime.FEDERATED) else "compare"
            raise ResultsError(
                f"{self.path} has no {part} model. Make it, with the same --config, --set, "
                f"--seed and --results: fedcompare {command}"
            )
        return read_manifest(self.path / part)

    def training(self, manifest: Manifest) -> Training:
        """Return what training a part took.

        Raises:
            ResultsError: the part holds no models of its own.
        """
        if manifest.training is None:
            raise ResultsError(f"{self.path / manifest.part} holds no trained models; {REMEDY}")
        return manifest.training


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yield an empty folder that takes `target`'s place if the block succeeds, else vanishes.

    Raises:
        StorageError: something cannot be written.
    """
    with _storage_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            yield folder
            folder.chmod(0o755)
            _replace(folder, target)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def check_writable(folder: Path) -> None:
    """Raise before any work is done that could not be stored.

    Raises:
        StorageError: `folder` cannot be written.
    """
    with _storage_errors(folder):
        probe_writable(folder)


def probe_writable(folder: Path) -> None:
    """Raise OSError if `folder`, or what is there of the way to it, cannot be written."""
    above = (folder, *folder.absolute().parents)
    existing = next(path for path in above if path.exists() or path.is_symlink())
    tempfile.TemporaryFile(dir=existing).close()


def write_config(path: Path, config: ExperimentConfig) -> None:
    """Write the resolved configuration as the TOML that `--config` reads."""
    write_text(path, format_config(config))


def format_config(config: ExperimentConfig) -> str:
    """Return the resolved configuration as the TOML that `--config` reads."""
    return toml(config.to_flat())


def write_json(path: Path, content: object) -> None:
    """Write JSON for people and programs."""
    write_text(path, format_json(content))


def format_json(content: object) -> str:
    """Return indented JSON, keys in the given order."""
    return json.dumps(content, indent=2) + "\n"


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


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text; a lone surrogate, which UTF-8 does not have, becomes an escape."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_bytes(path: Path, content: bytes) -> None:
    """Write bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def write_csv(path: Path, records: Sequence["DataclassInstance"]) -> None:
    """Write one row per record, with the fields as columns in their order."""
    write_text(path, format_csv([asdict(record) for record in records]))


def _replace(folder: Path, target: Path) -> None:
    """Put `folder` in the place of `target`; the old one is kept until the new one is there."""
    old = folder.with_name(f"{folder.name}-old")
    if target.exists():
        target.rename(old)
    try:
        folder.rename(target)
    except OSError:
        if old.exists():
            old.rename(target)
        raise
    if old.is_file():
        old.unlink()
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FedcompareError:
        raise
    except OSError as error:
        raise StorageError.from_os_error(error, path) from error
