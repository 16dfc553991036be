"""The message contract between server and clients: record names, encoders and decoders."""

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flwr.app import ArrayRecord, ConfigRecord, Message, MessageType, MetricRecord, RecordDict
from flwr.common.serde import message_to_proto

import fedcompare
from fedcompare.config.groups import ExperimentConfig
from fedcompare.config.parsing import config_from_json
from fedcompare.errors import SiloFailedError
from fedcompare.names import silo_name

if TYPE_CHECKING:
    from fedcompare.learning.weights import State

ARRAYS = "arrays"
CONFIG = "config"
METRICS = "metrics"
NUM_EXAMPLES = "num-examples"
_PARTITION_ID = "partition-id"
_REPLY_KEYS = (_PARTITION_ID, NUM_EXAMPLES)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """What a client is asked to do; `state` is None where no weights are sent.

    `num_examples`: the training examples of all silos that train; None where nothing is trained.
    """

    config: ExperimentConfig
    round: int
    state: "State | None"
    num_examples: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Report:
    """What a client measured.

    `losses`: per local epoch, or one for an evaluation, or none for one without examples. An
    evaluation counts right answers, or where labels are numbers, adds up how far answers are off.
    """

    silo: int
    num_examples: int
    losses: tuple[float, ...] = ()
    num_correct: int | None = None
    absolute_error: float | None = None
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    label_counts: tuple[int, ...] = ()

    @property
    def accuracy(self) -> float | None:
        """Return the share of right answers; None where nothing was evaluated."""
        if self.num_correct is None or not self.num_examples:
            return None
        return self.num_correct / self.num_examples

    @property
    def mean_absolute_error(self) -> float | None:
        """Return how far answers are off, in the labels' unit; None where nothing was evaluated."""
        if self.absolute_error is None or not self.num_examples:
            return None
        return self.absolute_error / self.num_examples


def task_config(config: ExperimentConfig, *, num_examples: int | None = None) -> ConfigRecord:
    """Return the record that carries the experiment; the strategy adds `server-round`.

    `num_examples`: the training examples of all silos that train.
    """
    record = ConfigRecord({"experiment": config.to_json(), "version": fedcompare.__version__})
    if num_examples is not None:
        record[NUM_EXAMPLES] = num_examples
    return record


def encode_state(state: "State") -> ArrayRecord:
    """Return weights as Flower carries them."""
    return ArrayRecord(dict(state))


def decode_state(arrays: ArrayRecord) -> "State":
    """Return the weights of a record."""
    return arrays.to_torch_state_dict()


def num_bytes(message: Message) -> int:
    """Return the size of a message as it crosses a network: Flower's own serialisation."""
    return int(message_to_proto(message).ByteSize())


def decode_task(message: Message) -> Task:
    """Return what the server asks for.

    Raises:
        SiloFailedError: the server runs another version of fedcompare.
    """
    record = message.content.config_records[CONFIG]
    version = str(record["version"])
    if version != fedcompare.__version__:
        raise SiloFailedError(
            f"the server has fedcompare {version}, this silo {fedcompare.__version__}; "
            "install the same version on both"
        )
    arrays = message.content.array_records.get(ARRAYS)
    return Task(
        config=_config(str(record["experiment"])),
        round=int(record.get("server-round", 0)),  # type: ignore[arg-type]
        state=None if arrays is None else decode_state(arrays),
        num_examples=record.get(NUM_EXAMPLES),  # type: ignore[arg-type]
    )


@functools.lru_cache(maxsize=256)
def _config(text: str) -> ExperimentConfig:
    """Return a configuration, which comes with every message of a federation, and is the same."""
    return config_from_json(text)


def encode_report(report: Report, *, to: Message, state: "State | None" = None) -> Message:
    """Return the reply to `to`: the report, and after training the local model's weights."""
    metrics: dict[str, int | float | list[int] | list[float]] = {
        _PARTITION_ID: report.silo - 1,
        NUM_EXAMPLES: report.num_examples,
        "seconds": report.seconds,
        "cpu-seconds": report.cpu_seconds,
        "losses": list(report.losses),
        "label-counts": list(report.label_counts),
    }
    if report.num_correct is not None:
        metrics["num-correct"] = report.num_correct
    if report.absolute_error is not None:
        metrics["absolute-error"] = report.absolute_error
    content = RecordDict({METRICS: MetricRecord(metrics)})
    if state is not None:
        content[ARRAYS] = encode_state(state)
    return Message(content=content, reply_to=to)


def decode_report(message: Message, names: Sequence[str] = ()) -> Report:
    """Return what a client reported; messages call silos by the `names` that they may have.

    Raises:
        SiloFailedError: the reply is no report of this version, or says what cannot be.
    """
    metrics = message.content.metric_records.get(METRICS)
    if metrics is None or any(key not in metrics for key in _REPLY_KEYS):
        raise SiloFailedError(
            "a silo's reply lacks "
            f"{' or '.join(_REPLY_KEYS)}; does it run the fedcompare client app?"
        )
    try:
        report = _read_report(metrics)
    except (TypeError, ValueError, OverflowError) as error:
        raise SiloFailedError(f"a silo's reply is no report of this version: {error}") from error
    if problem := next(_problems(report, message), None):
        who = silo_name(report.silo, names)
        raise SiloFailedError(f"{who} replied what cannot be: {problem}")
    return report


def num_examples(reply: Message) -> int:
    """Return how many examples a silo's model was trained on."""
    return int(reply.content.metric_records[METRICS][NUM_EXAMPLES])  # type: ignore[arg-type]


def _read_report(metrics: MetricRecord) -> Report:
    correct, error = metrics.get("num-correct"), metrics.get("absolute-error")
    return Report(
        silo=int(metrics[_PARTITION_ID]) + 1,  # type: ignore[arg-type]
        num_examples=int(metrics[NUM_EXAMPLES]),  # type: ignore[arg-type]
        losses=tuple(metrics.get("losses", ())),  # type: ignore[arg-type]
        num_correct=None if correct is None else int(correct),  # type: ignore[arg-type]
        absolute_error=None if error is None else float(error),  # type: ignore[arg-type]
        seconds=float(metrics.get("seconds", 0.0)),  # type: ignore[arg-type]
        cpu_seconds=float(metrics.get("cpu-seconds", 0.0)),  # type: ignore[arg-type]
        label_counts=tuple(metrics.get("label-counts", ())),  # type: ignore[arg-type]
    )


def _problems(report: Report, message: Message) -> Iterator[str]:
    """Yield what no silo can report; losses may be anything: training can diverge."""
    kind = message.metadata.message_type
    if report.num_examples < (1 if kind == MessageType.TRAIN else 0):
        yield f"{report.num_examples} examples"
    if kind == MessageType.QUERY and sum(report.label_counts) != report.num_examples:
        yield f"{report.num_examples} examples, of its classes {sum(report.label_counts)}"
    if kind != MessageType.QUERY and report.num_examples and not report.losses:
        yield "no loss"
    if kind == MessageType.TRAIN and ARRAYS not in message.content.array_records:
        yield "no weights"
    if not 0 <= (report.num_correct or 0) <= report.num_examples:
        yield f"{report.num_correct} of {report.num_examples} examples right"
    if (report.absolute_error or 0) < 0:
        yield f"an absolute error of {report.absolute_error}"
    if not all(math.isfinite(number) for number in (report.seconds, report.cpu_seconds)):
        yield f"{report.seconds} seconds, {report.cpu_seconds} of them of a CPU"
