"""Isolated training: one model per silo, on its own data, side by side on the CPUs there are."""

import contextlib
import copy
import multiprocessing as mp
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, cast

import torch
from torch import nn

from fedcompare.config import TrainConfig
from fedcompare.data.silos import Silo
from fedcompare.errors import SiloFailedError
from fedcompare.model import state_from_bytes, state_to_bytes
from fedcompare.records import EpochRecord, silo_name
from fedcompare.seeds import derive_seed
from fedcompare.training import torch_threads, train_round

OnEpoch = Callable[[EpochRecord], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class IsolatedResult:
    """One silo's trained weights (safetensors bytes), its losses per epoch, and what it took."""

    silo: int
    weights: bytes
    epochs: tuple[EpochRecord, ...]
    num_examples: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IsolatedTask:
    """What every silo starts from: the same initial model, optimiser, budget and seed."""

    model: nn.Module
    config: TrainConfig
    epochs: int
    seed: int
    rounds: int = 1


def train_isolated(
    task: IsolatedTask, silo: Silo, on_epoch: OnEpoch = lambda record: None
) -> IsolatedResult:
    """Train `task.model` in place on one silo for `task.rounds` rounds of `task.epochs` epochs.

    The optimiser and the generator are renewed each round, from the same seeds as those of
    a federated client, so that federated training of a single silo is the same computation.
    """
    start = time.perf_counter()
    records: list[EpochRecord] = []

    def record(epoch: int, loss: float) -> None:
        records.append(EpochRecord(silo=silo.id, round=round_, epoch=epoch, loss=loss))
        on_epoch(records[-1])

    with torch_threads(task.config.threads_per_silo):
        for round_ in range(1, task.rounds + 1):
            seed = derive_seed(task.seed, "train", silo.id, round_)
            train_round(
                task.model, silo.train, task.config, epochs=task.epochs, seed=seed, on_epoch=record
            )
    return IsolatedResult(
        silo=silo.id,
        weights=state_to_bytes(task.model.state_dict()),
        epochs=tuple(records),
        num_examples=len(silo.train),
        seconds=time.perf_counter() - start,
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
        SiloFailedError: a silo's training raised, or its process died.
    """
    initial = state_to_bytes(task.model.state_dict())
    pool = _Pool(task, silos, initial, num_workers=num_workers)
    try:
        results = {result.silo: result for result in pool.run(on_epoch)}
    finally:
        pool.stop()
    return tuple(results[silo.id] for silo in silos)


class _Pool:
    """Worker processes that take silos one after another from this process."""

    def __init__(
        self, task: IsolatedTask, silos: Sequence[Silo], initial: bytes, *, num_workers: int
    ) -> None:
        # A forked worker inherits torch and the data at no cost. Forking is safe only on Linux,
        # and only while no thread pool of torch's is needed in the child.
        forks = sys.platform == "linux" and task.config.threads_per_silo == 1
        context: Any = mp.get_context("fork" if forks else "spawn")
        self._silos = {silo.id: silo for silo in silos}
        self._waiting = list(self._silos)
        self._workers: dict[Connection, BaseProcess] = {}
        self._at: dict[Connection, int] = {}
        for _ in range(num_workers):
            ours, theirs = context.Pipe()
            inherited = (*self._workers, ours) if forks else ()
            arguments = (theirs, inherited, task, self._silos, initial)
            worker = context.Process(target=_work, args=arguments, daemon=True)
            worker.start()
            theirs.close()
            self._workers[ours] = worker

    def run(self, on_epoch: OnEpoch) -> Iterator[IsolatedResult]:
        for connection in self._workers:
            self._hand_out(connection)
        while self._at:
            for connection in cast("list[Connection]", wait(list(self._at))):
                message = self._receive(connection)
                if isinstance(message, EpochRecord):
                    on_epoch(message)
                else:
                    yield message
                    self._hand_out(connection)

    def stop(self) -> None:
        for connection, worker in self._workers.items():
            connection.close()
            worker.terminate()
            worker.join()

    def _hand_out(self, connection: Connection) -> None:
        if self._waiting:
            self._at[connection] = self._waiting.pop(0)
            with contextlib.suppress(BrokenPipeError):  # a dead worker is met when we read
                connection.send(self._at[connection])
        else:
            self._at.pop(connection, None)

    def _receive(self, connection: Connection) -> EpochRecord | IsolatedResult:
        name = silo_name(self._at[connection])
        try:
            message = connection.recv()
        except (EOFError, ConnectionResetError):
            worker = self._workers[connection]
            worker.join()
            raise SiloFailedError(
                f"{name}: its process died (exit code {worker.exitcode}); out of memory?"
            ) from None
        if isinstance(message, str):
            raise SiloFailedError(f"{name} failed: {message.splitlines()[-1]}", details=message)
        assert isinstance(message, EpochRecord | IsolatedResult)
        return message


def _work(
    connection: Connection,
    inherited: tuple[Connection, ...],
    task: IsolatedTask,
    silos: dict[int, Silo],
    initial: bytes,
) -> None:
    """Train the silos whose ids arrive, until the other end closes."""
    for end in inherited:  # or the parent's death would go unnoticed
        end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which stops us
    torch.set_num_threads(task.config.threads_per_silo)
    # Torch sends tensors to a spawned process in shared memory: without a copy, all workers
    # would train one model.
    task = replace(task, model=copy.deepcopy(task.model))
    while True:
        try:
            silo = silos[connection.recv()]
        except EOFError:
            return
        try:
            task.model.load_state_dict(state_from_bytes(initial))
            connection.send(train_isolated(task, silo, connection.send))
        except Exception:
            connection.send(traceback.format_exc())
            return
