"""The results folder: one directory per experiment and seed, one part per command.

    <results>/<name>/seed-<seed>/
        isolated/     federated/     evaluation/     logs/
        what compare adds: isolated-equal/  centralized/  fine-tuned/  predictions/
        and with contributions: coalition-1-2/ ...  coalition-predictions/
        where rows are held out in folds, all of it in each: fold-1/ ...
    <results>/<name>/comparison/

Each part is written beside its place and renamed when complete, so a part is
either whole or absent. A part knows its configuration and is never mixed with another's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fedcompare.config.groups import ExperimentConfig
from fedcompare.errors import ResultsError
from fedcompare.regimes.catalog import Regime
from fedcompare.runs.files import replacing
from fedcompare.runs.manifest import REMEDY, RUN_FILE, Manifest, Training, read_manifest

EVALUATION = "evaluation"
PARTITION = "partition"
PREDICTIONS = "predictions"
COALITION_PREDICTIONS = "coalition-predictions"
COMPARISON = "comparison"
COALITION = "coalition-"
PARTS = frozenset({*Regime, PARTITION, EVALUATION, PREDICTIONS})


def _is_part(folder: str) -> bool:
    return folder in PARTS or folder.startswith(COALITION)


SEEDS = ("seed-*", "seed-*/fold-*")
"""Where in an experiment's folder there may be run directories."""


def run_name(config: ExperimentConfig) -> str:
    """Return what an experiment's folder calls a run: "seed-42", or a fold "seed-42/fold-1"."""
    seed, fold = f"seed-{config.seed}", config.data.fold
    return f"{seed}/fold-{fold.number}" if fold else seed


class RunDirectory:
    """The directory of one experiment and seed, or of one of the seed's folds."""

    def __init__(self, results: Path, config: ExperimentConfig) -> None:
        self.results = results
        self.name = run_name(config)
        self.path = results / config.name / self.name
        self.config = config

    def regime_path(self, regime: str) -> Path:
        """Return where a regime's part is."""
        return self.path / regime

    def log_path(self, command: str) -> Path:
        """Return the log file of a command; its folder may not be there yet."""
        return self.path / "logs" / f"{command}.log"

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
                f"{self.path} has no {part} model. Make it, with the same --data, --config, --set, "
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
