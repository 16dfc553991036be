"""What workers do: train without a federation, or let all models of a seed answer."""

import functools
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.silos import load_silos
from fedcompare.evaluation.predicting import write_coalition_answers, write_seed_answers
from fedcompare.learning.alone import OnEpoch, Task, train_alone
from fedcompare.learning.models.catalog import initial_model
from fedcompare.learning.weights import load_state, state_from_bytes
from fedcompare.machine.crew import Job
from fedcompare.machine.mailbox import Mailbox, TellOf
from fedcompare.names import silo_name, silo_names
from fedcompare.regimes.budgets import Schedule
from fedcompare.regimes.catalog import Regime, row_of
from fedcompare.regimes.models import training_name
from fedcompare.regimes.records import EpochRecord
from fedcompare.regimes.trained import side_by_side
from fedcompare.runs.directory import RunDirectory

BENCH = "training"
_PAUSE = 0.2  # seconds between two looks at how training goes
_NICENESS = 5  # a third of the CPU time of a process without


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainJob:
    """Train models of a regime, each on one silo or on the pooled data.

    `names` are what the data call all silos, if anything. `initial` are weights, as safetensors
    bytes, in place of the experiment's first ones.
    """

    config: ExperimentConfig
    regime: Regime
    silos: tuple[int, ...]
    names: tuple[str, ...] = ()
    initial: bytes | None = None

    @property
    def name(self) -> str:
        """Return what messages call it."""
        if len(self.silos) == 1:
            who = silo_name(self.silos[0], self.names)
        else:
            who = silo_names(self.silos, self.names)
        return training_name(self.regime, who, self.config.repeat)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerJob:
    """Let all models of one seed, or its coalitions, answer the test set, and store it."""

    config: ExperimentConfig
    results: Path
    coalitions: tuple[tuple[int, ...], ...] = ()

    @property
    def name(self) -> str:
        """Return what messages call it."""
        return f"the evaluation of {self.config.repeat}"


def serve_jobs(threads: int, mailbox: Mailbox) -> None:
    """Do the jobs that arrive; a training job tells each epoch.

    The federations go first, since they have idle times for this work to fill.
    """
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    torch.set_num_threads(threads)
    mailbox.serve_together(do)


def is_training(job: Job) -> bool:
    """Return whether a job trains, and so can train with others."""
    return isinstance(job, TrainJob)


def do(jobs: Sequence[TrainJob | AnswerJob], tell: TellOf, done: TellOf) -> None:
    """Do jobs in this process; a training is done with what it left, in the order of the silos.

    Those of one schedule train together. A training tells its epochs, several at a time.

    Raises:
        FedcompareError: training diverged, or stored weights cannot be used.
    """
    alike: dict[Schedule, dict[int, TrainJob]] = {}
    for position, job in enumerate(jobs):
        if isinstance(job, TrainJob):
            alike.setdefault(row_of(job.regime).schedule(job.config), {})[position] = job
        else:
            _answer(job)
            done(position, None)
    for trainings in alike.values():
        _train(trainings, tell, done)


def _answer(job: AnswerJob) -> None:
    run, silos = RunDirectory(job.results, job.config), load_silos(job.config)
    if job.coalitions:
        write_coalition_answers(run, silos, job.coalitions)
    else:
        write_seed_answers(run, silos)


def _train(jobs: Mapping[int, TrainJob], tell: TellOf, done: TellOf) -> None:
    notes = _Notes(tell)
    tasks = [
        task
        for position, job in jobs.items()
        for task in _tasks(job, functools.partial(notes.add, position))
    ]
    trained = iter(train_alone(tasks))
    notes.send()
    for position, job in jobs.items():
        done(position, side_by_side([next(trained) for _ in job.silos]))


@dataclass(slots=True, eq=False)
class _Notes:
    """Epochs to be told, some at a time: there are many of them, and they are short."""

    tell: TellOf
    waiting: dict[int, list[EpochRecord]] = field(default_factory=dict)
    next: float = 0.0

    def add(self, position: int, record: EpochRecord) -> None:
        self.waiting.setdefault(position, []).append(record)
        if time.monotonic() >= self.next:
            self.send()

    def send(self) -> None:
        for position, records in self.waiting.items():
            self.tell(position, tuple(records))
        self.waiting, self.next = {}, time.monotonic() + _PAUSE


def _tasks(job: TrainJob, on_epoch: OnEpoch) -> Iterator[Task]:
    config, row, silos = job.config, row_of(job.regime), load_silos(job.config)
    for silo in job.silos:
        model = initial_model(config, silos.dataset)
        if job.initial is not None:
            load_state(model, state_from_bytes(job.initial))
        yield Task(
            row=row,
            model=model,
            silo=silos[silo],
            config=config.train,
            schedule=row.schedule(config),
            seed=config.seed,
            repeat=config.repeat,
            on_epoch=on_epoch,
        )
