"""What training leaves behind, whatever trained: weights and rows, round by round."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fedcompare.regimes.records import EpochRecord, Phase, RoundRecord, ServerRecord


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Round:
    """One round: weights as safetensors bytes by owner, and what was reported.

    The owner None is the model that all silos share; beside it, a silo's weights are those of the
    local model that it sent. `server` is the shared model's evaluation after the round.
    """

    number: int
    weights: Mapping[int | None, bytes]
    epochs: tuple[EpochRecord, ...]
    reports: tuple[RoundRecord, ...]
    server: tuple[ServerRecord, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trained:
    """All rounds of one training; the first ones are what a shorter one would have given.

    `before` is the evaluation of the initial weights, where there is one; `label_counts` what
    silos said that they have of each class, where they were asked. Bytes up and down are
    those of the serialised messages from and to the silos. `seconds` is wall time: of a
    federation from the first message to the last, else that of the slowest model.
    """

    rounds: tuple[Round, ...]
    seconds: float
    before: tuple[ServerRecord, ...] = ()
    label_counts: tuple[tuple[int, ...], ...] | None = None
    bytes_up: int = 0
    bytes_down: int = 0

    @property
    def epochs(self) -> tuple[EpochRecord, ...]:
        """Return every epoch's loss, by round, silo and epoch."""
        return tuple(record for one in self.rounds for record in one.epochs)

    @property
    def reports(self) -> tuple[RoundRecord, ...]:
        """Return what silos reported, by round, phase and silo."""
        return tuple(record for one in self.rounds for record in one.reports)

    @property
    def server(self) -> tuple[ServerRecord, ...]:
        """Return every evaluation of the shared model, that before training first."""
        return (*self.before, *(record for one in self.rounds for record in one.server))

    @property
    def cpu_seconds(self) -> float:
        """Return the CPU time of all training."""
        return sum(record.cpu_seconds for record in self.reports)

    @property
    def silos(self) -> list[int]:
        """Return the ids of the silos that trained."""
        return sorted({r.silo for r in self.reports if r.phase is Phase.TRAIN})


def untested(reports: Iterable[RoundRecord]) -> list[int]:
    """Return the ids of the silos that evaluated without a test example of their own."""
    evaluations = [report for report in reports if report.phase is Phase.EVALUATE]
    return sorted({report.silo for report in evaluations if not report.num_examples})


def side_by_side(trained: Sequence[Trained]) -> Trained:
    """Return models that were trained apart, for equally many rounds, as one training."""
    rounds = zip(*(one.rounds for one in trained), strict=True)
    return Trained(rounds=tuple(map(_joined, rounds)), seconds=max(one.seconds for one in trained))


def _joined(rounds: Iterable[Round]) -> Round:
    every = list(rounds)
    return Round(
        number=every[0].number,
        weights={owner: content for one in every for owner, content in one.weights.items()},
        epochs=tuple(record for one in every for record in one.epochs),
        reports=tuple(record for one in every for record in one.reports),
    )
