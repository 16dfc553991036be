"""Isolated training: one model per silo, on its own data, side by side on the CPUs there are."""

import copy
import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import nn

from fedcompare.config.groups import TrainConfig
from fedcompare.data.silos import Silo
from fedcompare.learning.finite import check_training
from fedcompare.learning.forward import torch_threads
from fedcompare.learning.training import train_round
from fedcompare.learning.weights import state_from_bytes, state_to_bytes
from fedcompare.machine.crew import Crew
from fedcompare.machine.mailbox import Mailbox, Tell
from fedcompare.names import silo_name
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import training_name
from fedcompare.regimes.records import EpochRecord
from fedcompare.seeds import derive_seed

OnEpoch = Callable[[EpochRecord], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class IsolatedResult:
    """One silo's weights after each round (safetensors bytes), its losses, and what it took."""

    silo: int
    rounds: tuple[bytes, ...]
    epochs: tuple[EpochRecord, ...]
    num_examples: int
    round_seconds: tuple[float, ...]
    round_cpu_seconds: tuple[float, ...]

    @property
    def seconds(self) -> float:
        """Return the wall time of training."""
        return sum(self.round_seconds)

    @property
    def cpu_seconds(self) -> float:
        """Return the CPU time of training."""
        return sum(self.round_cpu_seconds)

    def first_round(self) -> "IsolatedResult":
        """Return what training would have given had it ended after the first round."""
        return replace(
            self,
            rounds=self.rounds[:1],
            epochs=tuple(record for record in self.epochs if record.round == 1),
            round_seconds=self.round_seconds[:1],
            round_cpu_seconds=self.round_cpu_seconds[:1],
        )

    @property
    def weights(self) -> bytes:
        """Return the weights after the last round."""
        return self.rounds[-1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IsolatedTask:
    """What every silo starts from: the same initial model, optimiser, budget and seed.

    `stream` names the randomness: training again from other weights draws other orders.
    `regime` is what messages call the training.
    """

    model: nn.Module
    config: TrainConfig
    epochs: int
    seed: int
    rounds: int = 1
    stream: str = "train"
    regime: Regime = Regime.ISOLATED


def train_isolated(
    task: IsolatedTask, silo: Silo, on_epoch: OnEpoch = lambda record: None
) -> IsolatedResult:
    """Train `task.model` in place on one silo for `task.rounds` rounds of `task.epochs` epochs.

    The optimiser and the generator are renewed each round, from the same seeds as those of
    a federated client, so that federated training of a single silo is the same computation.

    Raises:
        DivergedError: a loss or a weight became non-finite; regime, silo, seed and round are named.
    """
    name = training_name(task.regime, silo.id, task.seed)
    records: list[EpochRecord] = []
    weights, seconds, cpu_seconds = [], [], []

    def record(epoch: int, loss: float) -> None:
        records.append(EpochRecord(silo=silo.id, round=round_, epoch=epoch, loss=loss))
        on_epoch(records[-1])

    with torch_threads(task.config.threads_per_silo):
        for round_ in range(1, task.rounds + 1):
            start, cpu_start = time.perf_counter(), time.process_time()
            seed = derive_seed(task.seed, task.stream, silo.id, round_)
            losses = train_round(
                task.model, silo.train, task.config, epochs=task.epochs, seed=seed, on_epoch=record
            )
            state = task.model.state_dict()
            check_training(name, round_, losses, state)
            weights.append(state_to_bytes(state))
            seconds.append(time.perf_counter() - start)
            cpu_seconds.append(time.process_time() - cpu_start)
    return IsolatedResult(
        silo=silo.id,
        rounds=tuple(weights),
        epochs=tuple(records),
        num_examples=len(silo.train),
        round_seconds=tuple(seconds),
        round_cpu_seconds=tuple(cpu_seconds),
    )


def run_isolated(
    task: IsolatedTask,
    silos: Sequence[Silo],
    *,
    num_workers: int,
    on_epoch: OnEpoch = lambda record: None,
) -> tuple[IsolatedResult, ...]:
    """Train a copy of `task.model` on each silo, `num_workers` at a time, in silo order.

    Raises:
        DivergedError: a silo's training became non-finite.
        SiloFailedError: a silo's training raised, or its process died.
    """
    initial = state_to_bytes(task.model.state_dict())
    by_id = {silo.id: silo for silo in silos}
    results: dict[int, IsolatedResult] = {}
    crew = Crew(fork=task.config.threads_per_silo == 1)
    try:
        crew.hire("silos", functools.partial(_serve_silos, task, by_id, initial), num_workers)
        crew.submit("silos", map(_SiloJob, by_id))
        for event in crew.events():
            if event.done:
                results[event.content.silo] = event.content
            else:
                on_epoch(event.content)
    finally:
        crew.stop()
    return tuple(results[silo.id] for silo in silos)


@dataclass(frozen=True, slots=True)
class _SiloJob:
    silo: int

    @property
    def name(self) -> str:
        return silo_name(self.silo)


def _serve_silos(
    task: IsolatedTask, silos: dict[int, Silo], initial: bytes, mailbox: Mailbox
) -> None:
    """Train the silos whose jobs arrive."""
    torch.set_num_threads(task.config.threads_per_silo)
    # Torch sends tensors to a spawned process in shared memory: without a copy, all workers
    # would train one model.
    task = replace(task, model=copy.deepcopy(task.model))

    def train(job: _SiloJob, tell: Tell) -> IsolatedResult:
        task.model.load_state_dict(state_from_bytes(initial))
        return train_isolated(task, silos[job.silo], tell)

    mailbox.serve(train)
