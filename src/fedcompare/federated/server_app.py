"""The server's part: connect all silos, run the strategy, evaluate the global model."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flwr.app import ArrayRecord, Context, Message, MessageType, MetricRecord
from flwr.serverapp import Grid, ServerApp

from fedcompare.config.groups import ExperimentConfig
from fedcompare.errors import SiloFailedError
from fedcompare.federated import wire
from fedcompare.federated.grid import SiloGrid
from fedcompare.federated.history import History, Observer, federation_name
from fedcompare.federated.strategy import build_strategy
from fedcompare.learning.finite import check_finite, check_training
from fedcompare.names import silo_name
from fedcompare.regimes.records import EpochRecord, Phase, RoundRecord, ServerRecord

if TYPE_CHECKING:
    import torch

    from fedcompare.learning.weights import State


@dataclass(slots=True, kw_only=True)
class _Recorder:
    """Collects the reports of a run in silo order, whatever order they arrive in.

    A silo sends what its training gave: only here is it seen whether that is finite.
    """

    name: str
    observer: Observer
    epochs: list[EpochRecord] = field(default_factory=list)
    rounds: list[RoundRecord] = field(default_factory=list)
    server: list[ServerRecord] = field(default_factory=list)
    global_weights: list[bytes] = field(default_factory=list)
    local_weights: dict[tuple[int, int], bytes] = field(default_factory=dict)
    cpu_seconds: float = 0.0
    start: float = field(default_factory=time.perf_counter)
    round: int = 1
    shapes: dict[str, "torch.Size"] = field(default_factory=dict)

    def on_reply(self, message: Message, report: wire.Report) -> None:
        kind = message.metadata.message_type
        if kind == MessageType.QUERY:
            return
        record = RoundRecord(
            round=self.round,
            silo=report.silo,
            phase=Phase.TRAIN if kind == MessageType.TRAIN else Phase.EVALUATE,
            loss=report.losses[-1] if report.losses else None,
            accuracy=report.accuracy,
            num_examples=report.num_examples,
            seconds=report.seconds,
        )
        self.rounds.append(record)
        self.cpu_seconds += report.cpu_seconds
        if record.phase is Phase.TRAIN:
            state = wire.decode_state(message.content.array_records[wire.ARRAYS])
            if _shapes(state) != self.shapes:  # an average of them would be broadcast
                raise SiloFailedError(f"{silo_name(report.silo)} sent weights of another model")
            subject = f"the training of {silo_name(report.silo)} in {self.name}"
            check_training(subject, self.round, report.losses, state)
            self.local_weights[self.round, report.silo] = _to_bytes(state)
            self.epochs += [
                EpochRecord(silo=report.silo, round=self.round, epoch=epoch, loss=loss)
                for epoch, loss in enumerate(report.losses, start=1)
            ]
        elif record.loss is not None:  # no examples have no loss
            subject = f"the global model of {self.name}, evaluated by {silo_name(report.silo)}"
            check_finite(subject, {"the loss": record.loss}, when=f" in round {self.round}")
        self.observer.on_round(record)

    def on_evaluation(
        self, server_round: int, arrays: ArrayRecord, records: list[ServerRecord]
    ) -> None:
        state = wire.decode_state(arrays)
        if server_round:
            self.global_weights.append(_to_bytes(state))
        else:
            self.shapes = _shapes(state)
        self.server += records
        self.round = server_round + 1
        for record in records:
            self.observer.on_server(record)

    def history(self, silos: SiloGrid, label_counts: tuple[tuple[int, ...], ...]) -> History:
        return History(
            global_weights=tuple(self.global_weights),
            local_weights=dict(sorted(self.local_weights.items())),
            label_counts=label_counts,
            epochs=tuple(sorted(self.epochs, key=lambda r: (r.round, r.silo, r.epoch))),
            rounds=tuple(sorted(self.rounds, key=lambda r: (r.round, r.phase != "train", r.silo))),
            server=tuple(self.server),
            bytes_up=silos.bytes_up,
            bytes_down=silos.bytes_down,
            seconds=time.perf_counter() - self.start,
            cpu_seconds=self.cpu_seconds,
        )


def run_federated(
    grid: Grid,
    config: ExperimentConfig,
    observer: Observer | None = None,
    *,
    members: Sequence[int] | None = None,
    wait_until_ready: Callable[[], None] = lambda: None,
) -> History:
    """Run all rounds over the silos behind `grid`, or over those of them that are `members`.

    `wait_until_ready` is called before the first heavy work in this thread.

    Raises:
        SiloFailedError: a silo failed, died, or stayed silent.
        DivergedError: a silo's reply, or the server's average, is not finite.
    """
    training = members or range(1, config.partition.num_silos + 1)
    name = federation_name(config, training)
    recorder = _Recorder(name=name, observer=observer or Observer())
    silos = SiloGrid(grid, on_reply=recorder.on_reply)
    task, num_rounds = wire.task_config(config), config.budget.num_server_rounds
    num_silos = config.partition.num_silos
    answers = silos.connect(num_silos, task, timeout=config.resources.connect_timeout)

    # While the clients start up and describe themselves, we have time for our own slow imports.
    wait_until_ready()
    from fedcompare.data.silos import check_data
    from fedcompare.federated.global_model import GlobalModel

    check_data(config)  # before the clients can: bad data are the config's fault, not a silo's
    model = GlobalModel(config, name=name)
    reports = answers()
    label_counts = tuple(report.label_counts for report in reports)
    parts = model.parts_of_test_set(label_counts)

    def evaluate(server_round: int, arrays: ArrayRecord) -> MetricRecord | None:
        recorder.on_evaluation(server_round, arrays, model.evaluate(server_round, arrays, parts))
        return None

    strategy = build_strategy(config.federation, silos=training, seed=config.seed, name=name)
    result = strategy.start(
        silos,
        wire.encode_state(model.initial_state),
        num_rounds=num_rounds,
        timeout=config.resources.round_timeout,
        train_config=task,
        evaluate_config=task,
        evaluate_fn=evaluate,
    )
    trained = len(result.train_metrics_clientapp)
    if not len(result.arrays) or trained != num_rounds:
        raise SiloFailedError(f"only {trained} of {num_rounds} rounds were run")
    return recorder.history(silos, label_counts)


def _to_bytes(state: "State") -> bytes:
    from fedcompare.learning.weights import state_to_bytes

    return state_to_bytes(state)


def _shapes(state: "State") -> "dict[str, torch.Size]":
    return {name: tensor.shape for name, tensor in state.items()}


def build_server_app(run: Callable[[Grid, Context], None]) -> ServerApp:
    """Return a ServerApp that calls `run`."""
    server = ServerApp()
    server.main()(run)
    return server


def _run_under_flower(grid: Grid, context: Context) -> None:
    """Run as `flwr run` asks: everything from the run config, results to files."""
    from fedcompare.federated.flower_run import run_from_context

    run_from_context(grid, context)


app = build_server_app(_run_under_flower)
