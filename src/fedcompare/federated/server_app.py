"""The server's part: connect all silos, run the strategy, evaluate the global model."""

from collections.abc import Callable
from dataclasses import dataclass, field

from flwr.app import ArrayRecord, Context, Message, MessageType, MetricRecord
from flwr.serverapp import Grid, ServerApp

from fedcompare.config import ExperimentConfig
from fedcompare.errors import SiloFailedError
from fedcompare.federated import wire
from fedcompare.federated.grid import SiloGrid
from fedcompare.federated.strategy import build_strategy
from fedcompare.records import EpochRecord, Phase, RoundRecord, ServerRecord


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """What one federated run produced: the last round's weights, and every report."""

    weights: bytes
    label_counts: tuple[tuple[int, ...], ...]
    epochs: tuple[EpochRecord, ...]
    rounds: tuple[RoundRecord, ...]
    server: tuple[ServerRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observer:
    """Who is told what happens, as it happens."""

    on_round: Callable[[RoundRecord], None] = lambda record: None
    on_server: Callable[[ServerRecord], None] = lambda record: None


@dataclass(slots=True, kw_only=True)
class _Recorder:
    """Collects the reports of a run in silo order, whatever order they arrive in."""

    observer: Observer
    epochs: list[EpochRecord] = field(default_factory=list)
    rounds: list[RoundRecord] = field(default_factory=list)
    server: list[ServerRecord] = field(default_factory=list)
    round: int = 1

    def on_reply(self, message: Message, report: wire.Report) -> None:
        kind = message.metadata.message_type
        if kind == MessageType.QUERY:
            return
        record = RoundRecord(
            round=self.round,
            silo=report.silo,
            phase=Phase.TRAIN if kind == MessageType.TRAIN else Phase.EVALUATE,
            loss=report.losses[-1],
            accuracy=None
            if report.num_correct is None
            else report.num_correct / max(1, report.num_examples),
            num_examples=report.num_examples,
            seconds=report.seconds,
        )
        self.rounds.append(record)
        if record.phase is Phase.TRAIN:
            self.epochs += [
                EpochRecord(silo=report.silo, round=self.round, epoch=epoch, loss=loss)
                for epoch, loss in enumerate(report.losses, start=1)
            ]
        self.observer.on_round(record)

    def on_evaluation(self, server_round: int, records: list[ServerRecord]) -> None:
        self.server += records
        self.round = server_round + 1
        for record in records:
            self.observer.on_server(record)

    def history(self, weights: bytes, label_counts: tuple[tuple[int, ...], ...]) -> History:
        return History(
            weights=weights,
            label_counts=label_counts,
            epochs=tuple(sorted(self.epochs, key=lambda r: (r.round, r.silo, r.epoch))),
            rounds=tuple(sorted(self.rounds, key=lambda r: (r.round, r.phase != "train", r.silo))),
            server=tuple(self.server),
        )


def run_federated(
    grid: Grid,
    config: ExperimentConfig,
    observer: Observer | None = None,
    *,
    wait_until_ready: Callable[[], None] = lambda: None,
) -> History:
    """Run all rounds over the silos behind `grid`.

    `wait_until_ready` is called before the first heavy work in this thread.

    Raises:
        SiloFailedError: a silo failed, died, or stayed silent.
    """
    recorder = _Recorder(observer=observer or Observer())
    silos = SiloGrid(grid, on_reply=recorder.on_reply)
    federation, task = config.federation, wire.task_config(config)
    num_silos = config.partition.num_silos
    answers = silos.connect(num_silos, task, timeout=federation.connect_timeout)

    # While the clients start up and describe themselves, we have time for our own slow imports.
    wait_until_ready()
    from fedcompare.data.silos import check_data
    from fedcompare.federated.evaluation import GlobalModel
    from fedcompare.model import state_to_bytes

    check_data(config)  # before the clients can: bad data are the config's fault, not a silo's
    model = GlobalModel(config)
    reports = answers()

    def evaluate(server_round: int, arrays: ArrayRecord) -> MetricRecord | None:
        recorder.on_evaluation(server_round, model.evaluate(server_round, arrays))
        return None

    result = build_strategy(federation, num_silos=num_silos, seed=config.seed).start(
        silos,
        wire.encode_state(model.initial_state),
        num_rounds=federation.num_server_rounds,
        timeout=federation.round_timeout,
        train_config=task,
        evaluate_config=task,
        evaluate_fn=evaluate,
    )
    trained = len(result.train_metrics_clientapp)
    if not len(result.arrays) or trained != federation.num_server_rounds:
        raise SiloFailedError(f"only {trained} of {federation.num_server_rounds} rounds were run")
    return recorder.history(
        state_to_bytes(wire.decode_state(result.arrays)),
        tuple(report.label_counts for report in reports),
    )


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
