"""The engine of a comparison that asks for none: Ray, where that is done sooner.

It is not where models are so small that they train in stacks, which one engine only makes of many
federations, or where Ray's start takes longer than training.
The bits of the results do not depend on it.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.silos import load_silos
from fedcompare.execution.stages import Stage
from fedcompare.federated.engines.catalog import IN_PROCESS, SIMULATION
from fedcompare.federated.session import SESSION
from fedcompare.learning.models.catalog import initial_model, trains_in_stack
from fedcompare.learning.training import train_round
from fedcompare.machine.cpus import resolve_cpus
from fedcompare.machine.crew import Crew
from fedcompare.machine.mailbox import Mailbox, Tell

RAY_SECONDS = 8.0  # by which a run on Ray is longer than in-process, see docs/performance.md
_MOST_STEPS = 20
_LONGEST = 0.2  # seconds for timing, where a step takes less
_BENCH = "timing"
_SAME = "the results are the same, bit for bit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The engine, and why, in a line for the user; "" where it is the usual one."""

    engine: str
    note: str = ""


def choose_engine(config: ExperimentConfig, stages: Sequence[Stage]) -> Choice:
    """Return the engine that the config asks for, or else the one that is done sooner.

    `stages` are those still to be made.
    """
    steps = sum(stage.steps() for stage in stages if stage.bench == SESSION)
    if config.resources.engine or not steps:
        return Choice(engine=config.resources.engine or SIMULATION)
    if trains_in_stack(stages[0].config, stages[0].silos.dataset):
        note = f"{IN_PROCESS}, where models this small train together; {_SAME}"
        return Choice(engine=IN_PROCESS, note=note)
    cpus = min(resolve_cpus(config.resources.num_cpus), config.partition.num_silos)
    return choose_by_time(steps * time_step(stages[0].config) / cpus)


def choose_by_time(seconds: float) -> Choice:
    """Return the engine for federations that train for so many seconds in all."""
    if seconds >= RAY_SECONDS:
        return Choice(engine=SIMULATION)
    note = (
        f"{IN_PROCESS}, since the federations train for about {math.ceil(seconds)} s and Ray alone "
        f"takes about {RAY_SECONDS:.0f} s; {_SAME}"
    )
    return Choice(engine=IN_PROCESS, note=note)


@dataclass(frozen=True, slots=True, kw_only=True)
class _TimeJob:
    config: ExperimentConfig
    name: str = "the timing of a training step"


def time_step(config: ExperimentConfig) -> float:
    """Return the seconds of a training step of the experiment's model on its data.

    A worker measures it: a process that has trained must not be forked where there is a GPU.

    Raises:
        SiloFailedError: training raised, or the worker died.
    """
    crew = Crew(fork=config.train.forks)
    try:
        crew.hire(_BENCH, _serve_timing, 1)
        crew.submit(_BENCH, [_TimeJob(config=config)])
        (event,) = crew.events()
        return float(event.content)
    finally:
        crew.stop()


def _serve_timing(mailbox: Mailbox) -> None:
    mailbox.serve(_time_step)


def _time_step(job: _TimeJob, tell: Tell) -> float:
    """Train a step to warm up, and then as many as do not take long."""
    torch.set_num_threads(job.config.train.threads_per_silo)
    _time_steps(job.config, 1)
    first = _time_steps(job.config, 1)
    count = max(1, min(_MOST_STEPS, int(_LONGEST / first)))
    return _time_steps(job.config, count) / count


def _time_steps(config: ExperimentConfig, count: int) -> float:
    dataset = load_silos(config).dataset
    model = initial_model(config, dataset)
    rows = torch.arange(count * config.train.batch_size) % len(dataset.train)
    examples = dataset.train.subset(rows.numpy())
    start = time.perf_counter()
    train_round(model, examples, config.train, epochs=1, seed=0)
    return time.perf_counter() - start
