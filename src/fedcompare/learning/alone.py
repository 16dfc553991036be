"""Training without a federation: rounds of the loop on one owner's data."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from torch import nn

from fedcompare.config.groups import TrainConfig
from fedcompare.data.silos import Silo
from fedcompare.learning.finite import check_training
from fedcompare.learning.forward import torch_threads
from fedcompare.learning.training import train_rounds
from fedcompare.learning.training_round import TrainingRound
from fedcompare.learning.weights import state_to_bytes
from fedcompare.names import POOLED
from fedcompare.regimes.budgets import Schedule
from fedcompare.regimes.catalog import Row
from fedcompare.regimes.models import training_name
from fedcompare.regimes.records import EpochRecord, Phase, RoundRecord
from fedcompare.regimes.trained import Round, Trained
from fedcompare.seeds import derive_seed

OnEpoch = Callable[[EpochRecord], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """A model to train in place on one silo's data, from the weights that it has.

    `repeat` is what messages call the training's seed and fold, where that is more than the seed.
    """

    row: Row
    model: nn.Module
    silo: Silo
    config: TrainConfig
    schedule: Schedule
    seed: int
    repeat: str = ""
    on_epoch: OnEpoch = lambda record: None

    @property
    def name(self) -> str:
        """Return what messages call it."""
        return training_name(self.row.regime, self.silo.name, self.repeat or f"seed {self.seed}")


def train_alone(tasks: Sequence[Task]) -> tuple[Trained, ...]:
    """Train all models, which have one schedule, and return what each one's training left.

    The optimiser and the generator are renewed each round, from the same seeds as those of
    a federated client, so that federated training of a single silo is the same computation.
    Each model gets the bits that it gets alone; time is shared out by examples.

    Raises:
        DivergedError: a loss or a weight became non-finite; regime, silo, seed and round are named.
    """
    diaries = [_Diary(task) for task in tasks]
    (schedule,) = {task.schedule for task in tasks}
    (threads,) = {task.config.threads_per_silo for task in tasks}
    total = sum(len(task.silo.train) for task in tasks)
    with torch_threads(threads):
        for number in range(1, schedule.rounds + 1):
            start, cpu_start = time.perf_counter(), time.process_time()
            every = train_rounds([diary.begin(number) for diary in diaries])
            weights = [diary.weights(losses) for diary, losses in zip(diaries, every, strict=True)]
            seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
            for diary, content in zip(diaries, weights, strict=True):
                share = len(diary.task.silo.train) / total
                diary.end(content, seconds=share * seconds, cpu_seconds=share * cpu_seconds)
    return tuple(diary.trained() for diary in diaries)


@dataclass(slots=True, eq=False)
class _Diary:
    """What one model's training leaves, round by round."""

    task: Task
    rounds: list[Round] = field(default_factory=list)
    epochs: list[EpochRecord] = field(default_factory=list)
    number: int = 0

    def begin(self, number: int) -> TrainingRound:
        """Return what is to be trained in a round."""
        task = self.task
        self.number, self.epochs = number, []
        return TrainingRound(
            model=task.model,
            examples=task.silo.train,
            config=task.config,
            epochs=task.schedule.epochs,
            seed=derive_seed(task.seed, task.row.stream, task.silo.id, number),
            on_epoch=self._note,
        )

    def weights(self, losses: Sequence[float]) -> bytes:
        """Return the weights after the round's training, which gave these losses."""
        state = self.task.model.state_dict()
        check_training(self.task.name, self.number, losses, state)
        return state_to_bytes(state)

    def end(self, weights: bytes, *, seconds: float, cpu_seconds: float) -> None:
        """Write down what the round gave and took."""
        silo = self.task.silo
        report = RoundRecord(
            round=self.number,
            silo=silo.id,
            phase=Phase.TRAIN,
            loss=self.epochs[-1].loss,
            accuracy=None,
            num_examples=len(silo.train),
            seconds=seconds,
            cpu_seconds=cpu_seconds,
        )
        owner = None if silo.id == POOLED else silo.id
        self.rounds.append(
            Round(
                number=self.number,
                weights={owner: weights},
                epochs=tuple(self.epochs),
                reports=(report,),
            )
        )

    def trained(self) -> Trained:
        seconds = sum(report.seconds for one in self.rounds for report in one.reports)
        return Trained(rounds=tuple(self.rounds), seconds=seconds)

    def _note(self, epoch: int, loss: float) -> None:
        record = EpochRecord(silo=self.task.silo.id, round=self.number, epoch=epoch, loss=loss)
        self.epochs.append(record)
        self.task.on_epoch(record)
