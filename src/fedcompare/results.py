"""The results folder: one directory per experiment and seed, one part per command.

    <results>/<name>/seed-<seed>/
        isolated/     federated/     evaluation/     logs/
        what compare adds: isolated-equal/  centralized/  fine-tuned/  predictions/
        and with contributions: coalition-1-2/ ...  coalition-predictions/
    <results>/<name>/comparison/

Each part is written beside its place and renamed when complete, so a part is
either whole or absent. A part knows its configuration and is never mixed with another's.
"""

import csv
import hashlib
import io
import json
import shutil
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from fedcompare import environment
from fedcompare.config import ExperimentConfig
from fedcompare.errors import FedcompareError, ResultsError, StorageError, WeightsError
from fedcompare.records import Regime

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

CONFIG_FILE = "config.toml"
ENVIRONMENT_FILE = "environment.json"
RUN_FILE = "run.json"
EVALUATION = "evaluation"
PARTITION = "partition"
PREDICTIONS = "predictions"
COALITION_PREDICTIONS = "coalition-predictions"
COMPARISON = "comparison"
_DERIVED = (EVALUATION, PREDICTIONS, COALITION_PREDICTIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What `run.json` says of a finished regime.

    `label_counts` holds, per silo, the number of training examples of each class; `epochs`
    is how often each of them was passed over, and `local_steps` the optimiser's steps on
    each silo (on the pooled data: one number). Bytes are those of serialised messages from
    (up) and to (down) the silos. `weights` maps each file of weights to its SHA-256.
    """

    regime: Regime
    seconds: float
    cpu_seconds: float
    epochs: int
    local_steps: tuple[int, ...]
    bytes_up: int
    bytes_down: int
    label_counts: tuple[tuple[int, ...], ...]
    data_fingerprint: str
    partition_fingerprint: str
    weights: dict[str, str]


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


class RunDirectory:
    """The directory of one experiment and seed."""

    def __init__(self, results: Path, config: ExperimentConfig) -> None:
        self.path = results / config.name / f"seed-{config.seed}"
        self._config = config

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

    def check_free(self, regime: Regime, *, force: bool) -> list[str]:
        """Raise before any work is done that could not be stored.

        Returns the parts that are to be discarded, since `force` is given and their
        configuration is another.

        Raises:
            ResultsError: the part is finished already, or another part has another configuration.
            StorageError: the folder cannot be written.
        """
        kept = (regime, PARTITION, *_DERIVED)
        clashes = [part for part in self.parts() if part not in kept and self._differences(part)]
        if not force:
            if self.is_finished(regime):
                raise ResultsError(
                    f"{self.regime_path(regime)} is finished; add --force to replace it, "
                    "or choose another --seed or --results"
                )
            for other in clashes:
                self._refuse_mixing(other)
        check_writable(self.path)
        return clashes

    def check_partition(self, *, force: bool) -> None:
        """Raise if `partition/` was made with another configuration and `force` is not given.

        Raises:
            ResultsError: naming the differences.
            StorageError: the folder cannot be written.
        """
        if not force and self._differences(PARTITION):
            self._refuse_mixing(PARTITION)
        check_writable(self.path)

    def _refuse_mixing(self, part: str) -> NoReturn:
        differences = "; ".join(self._differences(part))
        raise ResultsError(
            f"{self.path / part} was made with another configuration ({differences}). Choose "
            "another --results or name, or add --force to remove it and begin anew."
        )

    def parts(self) -> list[str]:
        """Return the names of the parts that are there."""
        return sorted(path.parent.name for path in self.path.glob(f"[!.]*/{CONFIG_FILE}"))

    def is_finished(self, regime: str) -> bool:
        """Return whether a regime's part is there."""
        return (self.regime_path(regime) / RUN_FILE).exists()

    def is_reusable(self, part: str, keys: Iterable[str]) -> bool:
        """Return whether a part is there; its configuration must have our values of `keys`.

        Raises:
            ResultsError: it has others.
        """
        if not self.is_finished(part):
            return False
        flat = self._config.to_flat()
        if differences := self._differences(part, {key: flat[key] for key in keys}):
            raise ResultsError(
                f"{self.path / part} was made with another configuration "
                f"({'; '.join(differences)}), and runs of different configurations are not "
                "compared. Choose another --results or name, or add --force to make it again."
            )
        return True

    @contextmanager
    def writing(self, part: str) -> Iterator[Path]:
        """Yield an empty folder that becomes `part` if the block succeeds, else vanishes.

        Raises:
            StorageError: something cannot be written.
        """
        with replacing(self.path / part) as folder:
            yield folder

    def write_regime(
        self, folder: Path, manifest: Manifest, rows: "Mapping[str, Sequence[DataclassInstance]]"
    ) -> None:
        """Write into `folder` what every regime has: config, environment, rows, manifest."""
        write_config(folder / CONFIG_FILE, self._config)
        write_json(folder / ENVIRONMENT_FILE, environment.describe())
        for name, records in rows.items():
            write_csv(folder / f"{name}.csv", records)
        write_json(folder / RUN_FILE, asdict(manifest))

    def discard_stale(self, clashes: Iterable[str]) -> list[Path]:
        """Remove what a newly written regime has made wrong, and return what was removed.

        These are what was derived from the old one, and the `clashes` of `check_free`.
        """
        stale = [self.path / part for part in (*_DERIVED, *clashes)]
        stale = [path for path in stale if path.exists()]
        for path in stale:
            shutil.rmtree(path, ignore_errors=True)
        return stale

    def read_manifest(self, regime: str) -> Manifest:
        """Read what a finished regime says of itself.

        Raises:
            ResultsError: it is missing, unreadable, or of another configuration.
        """
        path = self.regime_path(regime) / RUN_FILE
        if not path.exists():
            command = regime if regime in (Regime.ISOLATED, Regime.FEDERATED) else "compare"
            raise ResultsError(
                f"{self.path} has no {regime} model. Make it, with the same --config, --set, "
                f"--seed and --results: fedcompare {command}"
            )
        if differences := self._differences(regime):
            raise ResultsError(
                f"{self.regime_path(regime)} was made with another configuration "
                f"({'; '.join(differences)}); use the same one, or make it again with --force"
            )
        try:
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            content["regime"] = Regime(content["regime"])
            content["label_counts"] = tuple(map(tuple, content["label_counts"]))
            content["local_steps"] = tuple(content["local_steps"])
            return Manifest(**content)
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ResultsError(
                f"{path} is damaged ({error}); make it again with --force"
            ) from error

    def _differences(
        self, part: str, wanted: Mapping[str, str | int | float] | None = None
    ) -> list[str]:
        """Return how a finished part's configuration differs from ours, or from `wanted`."""
        path = self.path / part / CONFIG_FILE
        if not path.parent.exists():
            return []
        try:
            stored = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            return [f"its {CONFIG_FILE} is damaged: {error}"]
        return [
            f"{key} = {stored.get(key)!r}, now {value!r}"
            for key, value in (wanted or self._config.shared()).items()
            if stored.get(key) != value
        ]


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
    lines = [f"{key} = {json.dumps(value)}" for key, value in config.to_flat().items()]
    return "\n".join(lines) + "\n"


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
    """Write UTF-8 text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def write_bytes(path: Path, content: bytes) -> str:
    """Write bytes and return their SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def check_digest(
    part: Path, file: str, expected: str, *, remedy: str = "make it again with --force"
) -> None:
    """Raise if a file of the folder `part` is not the one that was written.

    Raises:
        WeightsError: it is missing, or its SHA-256 is not `expected`.
    """
    path = part / file
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path}: {error.strerror}; {remedy}") from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise WeightsError(f"{path} was altered: its SHA-256 is not the recorded one; {remedy}")


def write_csv(path: Path, records: Sequence["DataclassInstance"]) -> None:
    """Write one row per record, with the fields as columns in their order."""
    write_text(path, format_csv([asdict(record) for record in records]))


def format_csv(rows: Sequence[Mapping[str, object]]) -> str:
    """Return a header and one line per row; no rows give an empty file."""
    buffer = io.StringIO()
    if rows:
        writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return buffer.getvalue()


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
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FedcompareError:
        raise
    except OSError as error:
        raise StorageError.from_os_error(error, path) from error
