"""What the workers of a comparison do: train without a federation, or evaluate a seed."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.data.silos import load_silo
from fedcompare.evaluation.predicting import write_coalition_answers, write_seed_answers
from fedcompare.learning.alone import IsolatedResult, IsolatedTask, train_isolated
from fedcompare.learning.models.building import initial_model
from fedcompare.learning.weights import load_state, state_from_bytes
from fedcompare.machine.mailbox import Mailbox, Tell
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import training_name
from fedcompare.regimes.records import EpochRecord
from fedcompare.runs.directory import RunDirectory

BENCH = "training"
_NICENESS = 5  # a third of the CPU time of a process without


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainJob:
    """Train one model on one silo, or on the pooled data; `initial` replaces the first weights."""

    config: ExperimentConfig
    regime: Regime
    silo: int
    rounds: int
    epochs: int
    stream: str = "train"
    initial: bytes | None = None

    @property
    def name(self) -> str:
        """Return what messages call it."""
        return training_name(self.regime, self.silo, self.config.seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateJob:
    """Evaluate all models of one seed, or its coalitions, and write the predictions."""

    config: ExperimentConfig
    results: Path
    coalitions: tuple[tuple[int, ...], ...] = ()

    @property
    def name(self) -> str:
        """Return what messages call it."""
        return f"the evaluation of seed {self.config.seed}"


def serve_jobs(threads: int, mailbox: Mailbox) -> None:
    """Do the jobs that arrive; a training job tells each epoch.

    The federations go first, since they have idle times for this work to fill.
    """
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    torch.set_num_threads(threads)
    mailbox.serve(_do)


def _do(job: TrainJob | EvaluateJob, tell: Tell) -> IsolatedResult | None:
    if isinstance(job, TrainJob):
        return _train(job, tell)
    run = RunDirectory(job.results, job.config)
    if job.coalitions:
        write_coalition_answers(job.config, run, job.coalitions)
    else:
        write_seed_answers(job.config, run)
    return None


def _train(job: TrainJob, on_epoch: Callable[[EpochRecord], None]) -> IsolatedResult:
    config = job.config
    model = initial_model(config, load_dataset(config.data))
    if job.initial is not None:
        load_state(model, state_from_bytes(job.initial))
    task = IsolatedTask(
        model=model,
        config=config.train,
        epochs=job.epochs,
        seed=config.seed,
        rounds=job.rounds,
        stream=job.stream,
        regime=job.regime,
    )
    return train_isolated(task, load_silo(config, job.silo), on_epoch)
