"""What a comparison consists of: stages per seed, each of which makes one part of a run directory.

A stage whose part is there is finished; one that needs other stages waits for them. So an
interrupted comparison goes on where it stopped, and finished runs are used again.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from typing_extensions import override

from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.silos import count_labels, find_origin
from fedcompare.evaluation.stored import ANSWERS_REMEDY, weights_of
from fedcompare.execution.jobs import BENCH, EvaluateJob, TrainJob
from fedcompare.execution.regime_files import write_results
from fedcompare.federated.history import History
from fedcompare.federated.session import SESSION, FederatedJob
from fedcompare.federated.store import write_history
from fedcompare.learning.alone import IsolatedResult
from fedcompare.learning.weights import read_tensors
from fedcompare.machine.crew import Job
from fedcompare.names import POOLED
from fedcompare.regimes.budgets import count_steps
from fedcompare.regimes.catalog import TRAINED, Regime
from fedcompare.regimes.coalitions import coalition_part
from fedcompare.regimes.models import weights_file
from fedcompare.regimes.records import EpochRecord, RoundRecord
from fedcompare.runs.directory import COALITION_PREDICTIONS, PREDICTIONS, RunDirectory
from fedcompare.runs.inputs import Inputs, wanted_inputs
from fedcompare.runs.manifest import REMEDY, TENSORS, check_file
from fedcompare.runs.reuse import is_usable


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One part of one seed's run directory, and how it is made."""

    config: ExperimentConfig
    results: Path
    bench: ClassVar[str] = BENCH
    regime: ClassVar[Regime | None] = None
    needs: ClassVar[tuple[str, ...]] = ()
    remedy: ClassVar[str] = REMEDY

    @property
    def part(self) -> str:
        """Return the part that this stage makes."""
        raise NotImplementedError

    @property
    def run(self) -> RunDirectory:
        """Return the run directory of this stage's seed."""
        return RunDirectory(self.results, self.config)

    def needed(self) -> tuple[str, ...]:
        """Return the parts of the same seed that must be there first."""
        return self.needs

    def sources(self) -> Mapping[str, str]:
        """Return the SHA-256 of the files of other parts that this one is made from.

        Raises:
            ResultsError: one of these parts is missing or damaged.
        """
        return {}

    def inputs(self) -> Inputs:
        """Return what the part must have been made from; no sources while these are not there.

        Raises: as `sources`.
        """
        sources = self.sources() if all(map(self.run.is_finished, self.made_from())) else {}
        return wanted_inputs(self.config, find_origin(self.config), self.regime, sources)

    def is_finished(self) -> bool:
        """Return whether the part is there and can be used.

        Raises:
            ResultsError: it is damaged, or was made from other data, settings or software.
            WeightsError: one of its files is missing, altered or not finite.
        """
        if not is_usable(self.run, self.part, self.inputs(), remedy=self.remedy):
            return False
        for file in self.run.read_manifest(self.part).files:
            if file.endswith(TENSORS):
                read_tensors(self.run.path / self.part / file)
        return True

    def made_from(self) -> tuple[str, ...]:
        """Return the parts whose files this one is made from."""
        return self.needs

    def jobs(self) -> list[Job]:
        """Return the work; none where other parts hold all that is needed."""
        raise NotImplementedError

    def steps(self) -> int:
        """Return the training steps of all jobs."""
        return 0

    def steps_of(self, note: EpochRecord | RoundRecord) -> int:
        """Return the training steps that a worker's note tells of."""
        epochs = 1 if isinstance(note, EpochRecord) else self.config.budget.local_epochs
        return self._epoch_steps(note.silo) * epochs

    def finish(self, outcomes: Sequence[object]) -> None:
        """Write the part from what the jobs returned, in the order of the jobs."""
        raise NotImplementedError

    def _silos(self) -> range:
        return range(1, self.config.partition.num_silos + 1)

    def _epoch_steps(self, silo: int) -> int:
        counts = count_labels(self.config)
        examples = sum(map(sum, counts)) if silo == POOLED else sum(counts[silo - 1])
        return count_steps(examples, epochs=1, batch_size=self.config.train.batch_size)


@dataclass(frozen=True, kw_only=True)
class Trained(Stage):
    """Models of one regime, each trained by the plain loop on one silo's data."""

    stream: ClassVar[str] = "train"

    @property
    @override
    def part(self) -> str:
        return self.trains

    @property
    def trains(self) -> Regime:
        """Return the regime, which every subclass has."""
        assert self.regime is not None
        return self.regime

    @override
    def jobs(self) -> list[Job]:
        rounds, epochs = self._budget()
        initial = self._initial()
        return [
            TrainJob(
                config=self.config,
                regime=self.trains,
                silo=silo,
                rounds=rounds,
                epochs=epochs,
                stream=self.stream,
                initial=initial,
            )
            for silo in self._members()
        ]

    @override
    def steps(self) -> int:
        return math.prod(self._budget()) * sum(map(self._epoch_steps, self._members()))

    @override
    def finish(self, outcomes: Sequence[object]) -> None:
        results = _results(outcomes)
        write_results(
            self.run,
            self.config,
            self.trains,
            results,
            inputs=self.inputs(),
            seconds=max(result.seconds for result in results),
        )

    def _members(self) -> Sequence[int]:
        return self._silos()

    def _budget(self) -> tuple[int, int]:
        """Return the rounds, and the epochs in each."""
        return self.config.budget.num_server_rounds, self.config.budget.local_epochs

    def _initial(self) -> bytes | None:
        """Return weights to begin with; None for the experiment's initial ones."""
        return None


@dataclass(frozen=True, kw_only=True)
class IsolatedEqual(Trained):
    """Isolated models at the federated budget, with as many renewals of the optimiser."""

    regime = Regime.ISOLATED_EQUAL

    @override
    def finish(self, outcomes: Sequence[object]) -> None:
        isolated = Isolated(config=self.config, results=self.results)
        if is_first_round(self.config) and not isolated.is_finished():
            isolated.finish([outcome.first_round() for outcome in _results(outcomes)])
        super().finish(outcomes)


@dataclass(frozen=True, kw_only=True)
class Centralized(Trained):
    """One model on the pooled data, at the federated budget: the bound."""

    regime = Regime.CENTRALIZED

    @override
    def _members(self) -> Sequence[int]:
        return [POOLED]


@dataclass(frozen=True, kw_only=True)
class Isolated(Trained):
    """Isolated models at their own budget, as `fedcompare isolated` trains them."""

    regime = Regime.ISOLATED

    @override
    def needed(self) -> tuple[str, ...]:
        return (Regime.ISOLATED_EQUAL,) if is_first_round(self.config) else ()

    @override
    def steps(self) -> int:
        if is_first_round(self.config) and not self.run.is_finished(Regime.ISOLATED_EQUAL):
            return 0  # that stage writes this part too
        return super().steps()

    @override
    def _budget(self) -> tuple[int, int]:
        return 1, self.config.isolated.isolated_epochs


@dataclass(frozen=True, kw_only=True)
class Federated(Stage):
    """The federation, or a coalition of some of its silos."""

    bench = SESSION
    regime = Regime.FEDERATED
    members: tuple[int, ...]

    @property
    @override
    def part(self) -> str:
        whole = len(self.members) == self.config.partition.num_silos
        return Regime.FEDERATED if whole else coalition_part(self.members)

    @override
    def jobs(self) -> list[Job]:
        return [FederatedJob(config=self.config, members=self.members)]

    @override
    def steps(self) -> int:
        return self.config.budget.epochs * sum(map(self._epoch_steps, self.members))

    @override
    def finish(self, outcomes: Sequence[object]) -> None:
        (history,) = outcomes
        assert isinstance(history, History)
        write_history(
            self.run,
            self.config,
            history,
            inputs=self.inputs(),
            seconds=history.seconds,
            part=self.part,
        )


@dataclass(frozen=True, kw_only=True)
class FineTuned(Trained):
    """The federated model, trained further on each silo alone."""

    regime = Regime.FINE_TUNED
    stream = "fine-tune"
    needs = (Regime.FEDERATED,)

    @override
    def _budget(self) -> tuple[int, int]:
        return 1, self.config.fine_tuning.fine_tune_epochs

    @override
    def sources(self) -> Mapping[str, str]:
        file = weights_file(None)
        manifest = self.run.read_manifest(Regime.FEDERATED)
        return {f"{Regime.FEDERATED}/{file}": manifest.weights[file]}

    @override
    def _initial(self) -> bytes:
        folder, file = self.run.regime_path(Regime.FEDERATED), weights_file(None)
        check_file(folder, self.run.read_manifest(Regime.FEDERATED), file)
        return (folder / file).read_bytes()


@dataclass(frozen=True, kw_only=True)
class Answered(Stage):
    """All models of the seed, or its coalitions, evaluated on the test set."""

    remedy = ANSWERS_REMEDY
    coalitions: tuple[tuple[int, ...], ...] = ()

    @property
    @override
    def part(self) -> str:
        return COALITION_PREDICTIONS if self.coalitions else PREDICTIONS

    @override
    def needed(self) -> tuple[str, ...]:
        return tuple(map(coalition_part, self.coalitions)) if self.coalitions else TRAINED

    @override
    def made_from(self) -> tuple[str, ...]:
        return self.needed()

    @override
    def sources(self) -> Mapping[str, str]:
        return weights_of(self.run, self.needed())

    @override
    def jobs(self) -> list[Job]:
        return [EvaluateJob(config=self.config, results=self.results, coalitions=self.coalitions)]

    @override
    def finish(self, outcomes: Sequence[object]) -> None:
        """The job wrote the part itself."""


def is_first_round(config: ExperimentConfig) -> bool:
    """Return whether isolated training is the first round at equal budget, bit for bit."""
    return config.isolated.isolated_epochs == config.budget.local_epochs


def _results(outcomes: Sequence[object]) -> list[IsolatedResult]:
    return [outcome for outcome in outcomes if isinstance(outcome, IsolatedResult)]
