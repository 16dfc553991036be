"""How each part of a run directory is made: by training alone, by a federation, or by answering.

A stage whose part is there is finished; one that needs other stages waits for them. So an
interrupted run goes on where it stopped, and finished parts are used again.
"""

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from typing_extensions import override

from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.silos import Silos
from fedcompare.evaluation.stored import ANSWERS_REMEDY, answering_packages, weights_of
from fedcompare.execution.jobs import BENCH, AnswerJob, TrainJob
from fedcompare.execution.pictures import draw_losses, no_picture
from fedcompare.federated.session import SESSION, FederatedJob
from fedcompare.learning.weights import read_tensors
from fedcompare.machine.crew import Job
from fedcompare.names import POOLED
from fedcompare.regimes.budgets import Schedule, count_steps
from fedcompare.regimes.catalog import TRAINED, Regime, Row, row_of
from fedcompare.regimes.coalitions import coalition_part
from fedcompare.regimes.models import ModelId, models_of
from fedcompare.regimes.records import EpochRecord, Phase, Record, RoundRecord
from fedcompare.regimes.trained import Trained, side_by_side
from fedcompare.runs.directory import COALITION_PREDICTIONS, PREDICTIONS, RunDirectory
from fedcompare.runs.inputs import Inputs, wanted_inputs
from fedcompare.runs.manifest import REMEDY, TENSORS, check_file
from fedcompare.runs.reading import read_first_round
from fedcompare.runs.reuse import is_usable
from fedcompare.runs.writing import write_trained


@dataclass(frozen=True, kw_only=True, eq=False)
class Stage:
    """One part of one seed's run directory, and how it is made."""

    run: RunDirectory
    silos: Silos
    bench: ClassVar[str] = BENCH
    remedy: ClassVar[str] = REMEDY

    @property
    def part(self) -> str:
        """Return the part that this stage makes."""
        raise NotImplementedError

    @property
    def regime(self) -> Regime | None:
        """Return the regime whose models the part holds, if any."""
        return None

    @property
    def is_coalitions(self) -> bool:
        """Return whether the part is of coalitions, which no regime waits for."""
        return False

    @property
    def config(self) -> ExperimentConfig:
        """Return the experiment, with this stage's seed."""
        return self.run.config

    @property
    def needs(self) -> tuple[str, ...]:
        """Return the parts of the same seed that must be there first."""
        return ()

    @property
    def packages(self) -> tuple[str, ...]:
        """Return the packages that can change this part, beside those of every part."""
        return ()

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
        sources = self.sources() if all(map(self.run.is_finished, self.needs)) else {}
        return wanted_inputs(
            self.config, self.silos.origin, self.regime, sources, packages=self.packages
        )

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

    def jobs(self) -> list[Job]:
        """Return the work; none where the parts that it needs hold all that it takes."""
        raise NotImplementedError

    def finish(self, outcomes: Sequence[object]) -> None:
        """Write the part from what the jobs returned, in the order of the jobs."""
        raise NotImplementedError

    def steps(self) -> int:
        """Return the training steps of all jobs."""
        return 0

    def longest(self) -> int:
        """Return the training steps of the longest job."""
        return 0

    def steps_of(self, note: Record) -> int:
        """Return the training steps that a worker's note tells of."""
        return 0


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingStage(Stage):
    """A part that holds trained models."""

    row: Row

    @property
    @override
    def regime(self) -> Regime:
        return self.row.regime

    @property
    def schedule(self) -> Schedule:
        """Return how long the models train."""
        return self.row.schedule(self.config)

    def trainers(self) -> tuple[int, ...]:
        """Return on whose data there is training: silos, or `POOLED`."""
        raise NotImplementedError

    def sizes(self) -> list[int]:
        """Return how many examples there are to train on, for each of the trainers."""
        return list(map(self._size, self.trainers()))

    @override
    def steps(self) -> int:
        return self.schedule.total * sum(map(self._epoch_steps, self.trainers()))

    @override
    def longest(self) -> int:
        return self.schedule.total * max(map(self._epoch_steps, self.trainers()))

    def _epoch_steps(self, silo: int) -> int:
        batch_size = self.config.train.batch_size
        return count_steps(self._size(silo), epochs=1, batch_size=batch_size)

    def _size(self, silo: int) -> int:
        counts = self.silos.label_counts
        return sum(map(sum, counts)) if silo == POOLED else sum(counts[silo - 1])

    def _write(self, trained: Trained) -> None:
        write_trained(
            self.run,
            self.part,
            trained,
            self.silos,
            inputs=self.inputs(),
            schedule=self.schedule,
            picture=functools.partial(draw_losses, trained, self.silos.names, self.silos.task)
            if self.row.pictured and not self.config.data.fold  # of hundreds nobody looks at one
            else no_picture,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainAlone(TrainingStage):
    """Models of one regime, each trained by the plain loop on one silo's or on pooled data.

    With `is_read` they are not trained, but read: the first round of the regime they begin.
    """

    is_read: bool = False

    @property
    @override
    def part(self) -> str:
        return self.regime

    @property
    @override
    def needs(self) -> tuple[str, ...]:
        found = (self.row.source, self.row.begins if self.is_read else None)
        return tuple(regime for regime in found if regime)

    @override
    def trainers(self) -> tuple[int, ...]:
        return (POOLED,) if self.row.shared else tuple(self.silos.ids)

    @override
    def sources(self) -> Mapping[str, str]:
        if not self.row.source:
            return {}
        manifest = self.run.read_manifest(self.row.source)
        files = [model.weights_file() for model in self._started_from(self.trainers())]
        return {f"{manifest.part}/{file}": manifest.weights[file] for file in files}

    @override
    def jobs(self) -> list[Job]:
        if self.is_read:
            return []
        return [
            TrainJob(
                config=self.config,
                regime=self.regime,
                silos=(silo,),
                names=self.silos.names,
                initial=self._initial(silo),
            )
            for silo in self.trainers()
        ]

    @override
    def steps(self) -> int:
        return 0 if self.is_read else super().steps()

    @override
    def longest(self) -> int:
        return 0 if self.is_read else super().longest()

    @override
    def steps_of(self, note: Record) -> int:
        return self._epoch_steps(note.silo) if isinstance(note, EpochRecord) else 0

    @override
    def finish(self, outcomes: Sequence[object]) -> None:
        trained = [outcome for outcome in outcomes if isinstance(outcome, Trained)]
        self._write(side_by_side(trained) if trained else self._first_round())

    def _first_round(self) -> Trained:
        assert self.row.begins
        schedule = row_of(self.row.begins).schedule(self.config)
        owners = self.row.owners(self.silos.ids)
        return read_first_round(self.run, self.row.begins, owners, schedule)

    def _initial(self, silo: int) -> bytes | None:
        """Return weights to begin with; None for the experiment's initial ones."""
        for model in self._started_from([silo]):
            folder, file = self.run.regime_path(model.regime), model.weights_file()
            check_file(folder, self.run.read_manifest(model.regime), file)
            return (folder / file).read_bytes()
        return None

    def _started_from(self, silos: Iterable[int]) -> list[ModelId]:
        """Return the models from which these silos' training starts, once each."""
        return models_of([row_of(self.row.source)], silos) if self.row.source else []


@dataclass(frozen=True, kw_only=True, eq=False)
class Federate(TrainingStage):
    """The federation, or a coalition of some of its silos."""

    bench = SESSION
    members: tuple[int, ...]

    @property
    @override
    def is_coalitions(self) -> bool:
        return len(self.members) < len(self.silos)

    @property
    @override
    def part(self) -> str:
        whole = len(self.members) == len(self.silos)
        return self.regime if whole else coalition_part(self.members)

    @override
    def trainers(self) -> tuple[int, ...]:
        return self.members

    @override
    def jobs(self) -> list[Job]:
        return [FederatedJob(config=self.config, members=self.members, names=self.silos.names)]

    @override
    def steps_of(self, note: Record) -> int:
        if isinstance(note, RoundRecord) and note.phase is Phase.TRAIN:
            return self._epoch_steps(note.silo) * self.schedule.epochs
        return 0

    @override
    def finish(self, outcomes: Sequence[object]) -> None:
        (trained,) = outcomes
        assert isinstance(trained, Trained)
        self._write(trained)


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer(Stage):
    """All models of the seed, or its coalitions, and what they answer on the test set."""

    remedy = ANSWERS_REMEDY
    coalitions: tuple[tuple[int, ...], ...] = ()

    @property
    @override
    def is_coalitions(self) -> bool:
        return bool(self.coalitions)

    @property
    @override
    def part(self) -> str:
        return COALITION_PREDICTIONS if self.coalitions else PREDICTIONS

    @property
    @override
    def needs(self) -> tuple[str, ...]:
        return tuple(map(coalition_part, self.coalitions)) if self.coalitions else TRAINED

    @property
    @override
    def packages(self) -> tuple[str, ...]:
        return answering_packages(self.part, is_table=bool(self.silos.contract))

    @override
    def sources(self) -> Mapping[str, str]:
        return weights_of(self.run, self.needs)

    @override
    def jobs(self) -> list[Job]:
        run = self.run
        return [AnswerJob(config=run.config, results=run.results, coalitions=self.coalitions)]

    @override
    def finish(self, outcomes: Sequence[object]) -> None:
        """The job wrote the part itself."""
