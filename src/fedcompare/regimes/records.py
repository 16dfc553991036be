"""The rows that training and evaluation leave behind."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from fedcompare.tasks import Task


class Phase(StrEnum):
    """What a silo did in a round: train its local model, or evaluate the global one."""

    TRAIN = "train"
    EVALUATE = "evaluate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where all results come from: SHA-256 of the data, and of which silo has which of them."""

    data: str
    partition: str

    @classmethod
    def of_all(cls, origins: Sequence["Origin"]) -> "Origin":
        """Return where what comes from all of these together comes from."""
        data, partition = (
            hashlib.sha256("\n".join(own).encode()).hexdigest()
            for own in zip(*((one.data, one.partition) for one in origins), strict=True)
        )
        return cls(data=data, partition=partition)


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochRecord:
    """Mean training loss of one silo over one epoch; `round` is 1 for an isolated model."""

    silo: int
    round: int
    epoch: int
    loss: float

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle as four numbers: workers send hundreds of thousands of these."""
        return _epoch_record, (self.silo, self.round, self.epoch, self.loss)


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRecord:
    """What one silo reported of one round; accuracy is None where it only trained.

    A silo without test examples of its own evaluates nothing: loss and accuracy are None then.
    Where labels are numbers, there is no accuracy, but the mean absolute error in their unit.
    `seconds` is wall time, `cpu_seconds` the CPU time of training.
    """

    round: int
    silo: int
    phase: Phase
    loss: float | None
    accuracy: float | None = None
    num_examples: int
    seconds: float
    cpu_seconds: float
    mean_absolute_error: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRecord:
    """The global model after one round (0: before training) on one part of the test set.

    Accuracy and loss are None where the part has no examples. Where labels are numbers, there is
    no accuracy, but the mean absolute error in their unit.
    """

    round: int
    evaluated_on: str
    accuracy: float | None = None
    loss: float | None
    num_examples: int
    mean_absolute_error: float | None = None


def _epoch_record(silo: int, round_: int, epoch: int, loss: float) -> EpochRecord:
    return EpochRecord(silo=silo, round=round_, epoch=epoch, loss=loss)


Record = EpochRecord | RoundRecord | ServerRecord


def meaningless(task: Task) -> str:
    """Return the field of rounds that has no meaning in a task: files do not have it."""
    return "accuracy" if task is Task.REGRESSION else "mean_absolute_error"
