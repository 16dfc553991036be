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
from fedcompare.federated.roster import Rostered
from fedcompare.federated.strategies import build_strategy
from fedcompare.learning.finite import check_finite, check_training
from fedcompare.names import silo_name
from fedcompare.regimes.models import federation_name
from fedcompare.regimes.records import EpochRecord, Phase, Record, RoundRecord, ServerRecord
from fedcompare.regimes.trained import Round, Trained

if TYPE_CHECKING:
    import torch

    from fedcompare.learning.weights import State

    _Form = dict[str, tuple[torch.Size, torch.dtype]]


@dataclass(slots=True, kw_only=True)
class _Recorder:
    """Collects the rows and weights of a run, in silo order, whatever order they arrive in.

    A silo sends what its training gave: only here is it seen whether that is finite.
    """

    name: str
    names: Sequence[str]
    tell: Callable[[Record], None]
    rounds: list[Round] = field(default_factory=list)
    before: tuple[ServerRecord, ...] = ()
    epochs: list[EpochRecord] = field(default_factory=list)
    reports: list[RoundRecord] = field(default_factory=list)
    weights: dict[int, bytes] = field(default_factory=dict)
    clock: Callable[[], float] = time.perf_counter
    start: float = 0.0
    form: "_Form" = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.start = self.clock()

    @property
    def round(self) -> int:
        """Return the round at work, which ends with the server's evaluation."""
        return len(self.rounds) + 1

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
            mean_absolute_error=report.mean_absolute_error,
            num_examples=report.num_examples,
            seconds=report.seconds,
            cpu_seconds=report.cpu_seconds,
        )
        self.reports.append(record)
        if record.phase is Phase.TRAIN:
            self._take_model(message, report)
        elif record.loss is not None:  # no examples have no loss
            subject = f"the global model of {self.name}, evaluated by {self._called(report)}"
            check_finite(subject, {"the loss": record.loss}, when=f" in round {self.round}")
        self.tell(record)

    def on_evaluation(
        self, server_round: int, arrays: ArrayRecord, records: list[ServerRecord]
    ) -> None:
        state = wire.decode_state(arrays)
        if server_round:
            self._end_round(_to_bytes(state), tuple(records))
        else:
            self.form, self.before = _form(state), tuple(records)
        for record in records:
            self.tell(record)

    def trained(self, silos: SiloGrid, label_counts: tuple[tuple[int, ...], ...]) -> Trained:
        return Trained(
            rounds=tuple(self.rounds),
            seconds=self.clock() - self.start,
            before=self.before,
            label_counts=label_counts,
            bytes_up=silos.bytes_up,
            bytes_down=silos.bytes_down,
        )

    def _called(self, report: wire.Report) -> str:
        return silo_name(report.silo, self.names)

    def _take_model(self, message: Message, report: wire.Report) -> None:
        state = wire.decode_state(message.content.array_records[wire.ARRAYS])
        if _form(state) != self.form:  # an average of them would be broadcast
            raise SiloFailedError(f"{self._called(report)} sent weights of another model")
        subject = f"the training of {self._called(report)} in {self.name}"
        check_training(subject, self.round, report.losses, state)
        self.weights[report.silo] = _to_bytes(state)
        self.epochs += [
            EpochRecord(silo=report.silo, round=self.round, epoch=epoch, loss=loss)
            for epoch, loss in enumerate(report.losses, start=1)
        ]

    def _end_round(self, shared: bytes, server: tuple[ServerRecord, ...]) -> None:
        self.rounds.append(
            Round(
                number=self.round,
                weights={None: shared, **dict(sorted(self.weights.items()))},
                epochs=tuple(sorted(self.epochs, key=lambda r: (r.silo, r.epoch))),
                reports=tuple(sorted(self.reports, key=lambda r: (r.phase != Phase.TRAIN, r.silo))),
                server=server,
            )
        )
        self.epochs, self.reports, self.weights = [], [], {}


def run_federated(
    grid: Grid,
    config: ExperimentConfig,
    tell: Callable[[Record], None] = lambda record: None,
    *,
    members: Sequence[int] | None = None,
    names: Sequence[str] = (),
    wait_until_ready: Callable[[], None] = lambda: None,
    clock: Callable[[], float] = time.perf_counter,
) -> Trained:
    """Run all rounds over the silos behind `grid`, or over those of them that are `members`.

    `names` are what the data call the silos, if anything; messages use them. `tell` is told every
    row as it arrives; `wait_until_ready` is called before the first heavy
    work in this thread; `clock` says what the federation takes, in seconds.

    Raises:
        SiloFailedError: a silo failed, died, or stayed silent.
        DivergedError: a silo's reply, or the server's average, is not finite.
    """
    num_silos, num_rounds = config.partition.num_silos, config.budget.num_server_rounds
    training = tuple(members or range(1, num_silos + 1))
    name = federation_name(training, num_silos, config.repeat, names)
    recorder = _Recorder(name=name, names=names, tell=tell, clock=clock)
    silo_grid = SiloGrid(grid, on_reply=recorder.on_reply, names=names)
    answers = silo_grid.connect(
        num_silos, wire.task_config(config), timeout=config.resources.connect_timeout
    )

    # While the clients start up and describe themselves, we have time for our own slow imports.
    wait_until_ready()
    from fedcompare.data.silos import load_silos
    from fedcompare.federated.global_model import GlobalModel

    # Before the clients can load them: bad data are the config's fault, not a silo's.
    model = GlobalModel(config, load_silos(config), name=name)
    label_counts = tuple(report.label_counts for report in answers())
    parts = model.parts_of_test_set(label_counts)
    total = sum(sum(label_counts[silo - 1]) for silo in training)

    def evaluate(server_round: int, arrays: ArrayRecord) -> MetricRecord | None:
        recorder.on_evaluation(server_round, arrays, model.evaluate(server_round, arrays, parts))
        return None

    strategy = Rostered(
        build_strategy(config.federation),
        silos=training,
        fraction_evaluate=config.federation.fraction_evaluate,
        seed=config.seed,
        trainable=model.trainable,
        name=name,
    )
    result = strategy.start(
        silo_grid,
        wire.encode_state(model.initial_state),
        num_rounds=num_rounds,
        timeout=config.resources.round_timeout,
        # Strategies write into these.
        train_config=wire.task_config(config, num_examples=total),
        evaluate_config=wire.task_config(config),
        evaluate_fn=evaluate,
    )
    done = len(result.train_metrics_clientapp)
    if not len(result.arrays) or done != num_rounds:
        raise SiloFailedError(f"only {done} of {num_rounds} rounds were run")
    return recorder.trained(silo_grid, label_counts)


def _to_bytes(state: "State") -> bytes:
    from fedcompare.learning.weights import state_to_bytes

    return state_to_bytes(state)


def _form(state: "State") -> "_Form":
    return {name: (tensor.shape, tensor.dtype) for name, tensor in state.items()}


def build_server_app(run: Callable[[Grid, Context], None]) -> ServerApp:
    """Return a ServerApp that calls `run`."""
    server = ServerApp()
    server.main()(run)
    return server
