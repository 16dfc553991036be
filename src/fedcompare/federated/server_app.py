"""The server's part: connect all silos, run the strategy, evaluate the global model."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from flwr.app import ArrayRecord, Context, Message, MessageType, MetricRecord
from flwr.serverapp import Grid, ServerApp

from fedcompare.config import ExperimentConfig
from fedcompare.errors import SiloFailedError
from fedcompare.federated import wire
from fedcompare.federated.grid import SiloGrid
from fedcompare.federated.history import History, Observer
from fedcompare.federated.strategy import build_strategy
from fedcompare.records import EpochRecord, Phase, RoundRecord, ServerRecord


@dataclass(slots=True, kw_only=True)
class _Recorder:
    """Collects the reports of a run in silo order, whatever order they arrive in."""

    observer: Observer
    epochs: list[EpochRecord] = field(default_factory=list)
    rounds: list[RoundRecord] = field(default_factory=list)
    server: list[ServerRecord] = field(default_factory=list)
    global_weights: list[bytes] = field(default_factory=list)
    local_weights: dict[tuple[int, int], bytes] = field(default_factory=dict)
    cpu_seconds: float = 0.0
    start: float = field(default_factory=time.perf_counter)
    round: int = 1

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
            self.local_weights[self.round, report.silo] = _to_bytes(
                message.content.array_records[wire.ARRAYS]
            )
            self.epochs += [
                EpochRecord(silo=report.silo, round=self.round, epoch=epoch, loss=loss)
                for epoch, loss in enumerate(report.losses, start=1)
            ]
        self.observer.on_round(record)

    def on_evaluation(
        self, server_round: int, arrays: ArrayRecord, records: list[ServerRecord]
    ) -> None:
        if server_round:
            self.global_weights.append(_to_bytes(arrays))
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
    """
    recorder = _Recorder(observer=observer or Observer())
    silos = SiloGrid(grid, on_reply=recorder.on_reply)
    task, num_rounds = wire.task_config(config), config.budget.num_server_rounds
    num_silos = config.partition.num_silos
    answers = silos.connect(num_silos, task, timeout=config.resources.connect_timeout)

    # While the clients start up and describe themselves, we have time for our own slow imports.
    wait_until_ready()
    from fedcompare.data.silos import check_data
    from fedcompare.federated.evaluation import GlobalModel

    check_data(config)  # before the clients can: bad data are the config's fault, not a silo's
    model = GlobalModel(config)
    reports = answers()
    label_counts = tuple(report.label_counts for report in reports)
    parts = model.parts_of_test_set(label_counts)

    def evaluate(server_round: int, arrays: ArrayRecord) -> MetricRecord | None:
        recorder.on_evaluation(server_round, arrays, model.evaluate(server_round, arrays, parts))
        return None

    training = members or range(1, num_silos + 1)
    result = build_strategy(config.federation, silos=training, seed=config.seed).start(
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


def _to_bytes(arrays: ArrayRecord) -> bytes:
    from fedcompare.model import state_to_bytes

    return state_to_bytes(wire.decode_state(arrays))


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
