"""What workers do: train without a federation, or let all models of a seed answer."""

import os
from dataclasses import dataclass
from pathlib import Path

import torch

from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.silos import load_silos
from fedcompare.evaluation.predicting import write_coalition_answers, write_seed_answers
from fedcompare.learning.alone import OnEpoch, Task, train_alone
from fedcompare.learning.models.catalog import initial_model
from fedcompare.learning.weights import load_state, state_from_bytes
from fedcompare.machine.mailbox import Mailbox, Tell
from fedcompare.names import silo_name, silo_names
from fedcompare.regimes.catalog import Regime, row_of
from fedcompare.regimes.models import training_name
from fedcompare.regimes.trained import Trained, side_by_side
from fedcompare.runs.directory import RunDirectory

BENCH = "training"
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
    mailbox.serve(do)


def do(job: TrainJob | AnswerJob, tell: Tell) -> Trained | None:
    """Do one job in this process; training returns what it left, in the order of the silos.

    Raises:
        FedcompareError: training diverged, or stored weights cannot be used.
    """
    if isinstance(job, TrainJob):
        return _train(job, tell)
    run, silos = RunDirectory(job.results, job.config), load_silos(job.config)
    if job.coalitions:
        write_coalition_answers(run, silos, job.coalitions)
    else:
        write_seed_answers(run, silos)
    return None


def _train(job: TrainJob, on_epoch: OnEpoch) -> Trained:
    config, row, silos = job.config, row_of(job.regime), load_silos(job.config)
    tasks = []
    for silo in job.silos:
        model = initial_model(config, silos.dataset)
        if job.initial is not None:
            load_state(model, state_from_bytes(job.initial))
        tasks.append(
            Task(
                row=row,
                model=model,
                silo=silos[silo],
                config=config.train,
                schedule=row.schedule(config),
                seed=config.seed,
                repeat=config.repeat,
            )
        )
    return side_by_side(train_alone(tasks, on_epoch))
