"""Progress on standard error; shown only on a terminal, and gone when done."""

from collections.abc import Sequence
from typing import Self

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from fedcompare.cli.console import stderr
from fedcompare.config.groups import ExperimentConfig
from fedcompare.findings.test_sets import ALL
from fedcompare.names import silo_name
from fedcompare.regimes.listener import Listener
from fedcompare.regimes.records import EpochRecord, Phase, Record, RoundRecord, ServerRecord
from fedcompare.text.escaping import visible
from fedcompare.text.units import PLAIN

# Lines of the terminal that the bars leave to what is said above them.
_SPARE_LINES = 4


class SiloProgress:
    """One progress bar per silo, or one for all where the terminal has too few lines."""

    def __init__(self, num_silos: int, total: int, unit: str) -> None:
        self._console = stderr()
        self._bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(unit, markup=False),
            TextColumn("{task.fields[note]}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        silos = range(1, num_silos + 1)
        self._done = dict.fromkeys(silos, 0)
        self._names: Sequence[str] = ()
        if num_silos <= max(1, self._console.height - _SPARE_LINES):
            self._tasks = {
                silo: self._bars.add_task(silo_name(silo), total=total, note="") for silo in silos
            }
        else:
            name = f"{num_silos} silos"
            self._tasks = {}
            self._all = self._bars.add_task(name, total=num_silos * total, note="")

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bars.stop()

    def rename(self, names: Sequence[str]) -> None:
        """Call the silos as their data call them, in the order of their ids."""
        self._names = names
        for silo, task in self._tasks.items():
            self._bars.update(task, description=self._name(silo))

    def advance(self, silo: int, done: int, note: str) -> None:
        """Say that a silo has done `done` units."""
        self._done[silo] = done
        if silo in self._tasks:
            self._bars.update(self._tasks[silo], completed=done, note=note)
        else:
            self._bars.update(self._all, completed=sum(self._done.values()), note=note)

    def _name(self, silo: int) -> str:
        return silo_name(silo, self._names)

    def say(self, line: str) -> None:
        """Print a line above the bars."""
        self._console.say(line)


class EpochBars(SiloProgress):
    """Isolated training as it goes: a bar per silo over its epochs."""

    def __init__(self, config: ExperimentConfig, *, verbose: bool) -> None:
        epochs = config.isolated.isolated_epochs
        super().__init__(config.partition.num_silos, epochs, "epochs")
        self._verbose = verbose

    def listener(self) -> Listener:
        """Return who is to be told of the training."""
        return Listener(on_note=self.say, on_silos=self.rename, on_record=self._on_record)

    def _on_record(self, record: Record) -> None:
        if isinstance(record, EpochRecord):
            self.advance(record.silo, record.epoch, f"loss {record.loss:.4f}")
            if self._verbose:
                self.say(f"{self._name(record.silo)} epoch {record.epoch}: loss {record.loss:.4f}")


class RoundBars(SiloProgress):
    """A federation as it goes: a bar per silo over the rounds, and a line per round."""

    def __init__(self, config: ExperimentConfig) -> None:
        self._rounds = config.budget.num_server_rounds
        super().__init__(config.partition.num_silos, self._rounds, "rounds")

    def listener(self) -> Listener:
        """Return who is to be told of the federation."""
        return Listener(on_note=self.say, on_silos=self.rename, on_record=self._on_record)

    def _on_record(self, record: Record) -> None:
        if isinstance(record, RoundRecord) and record.phase is Phase.TRAIN:
            self.advance(record.silo, record.round, f"loss {record.loss:.4f}")
        elif isinstance(record, ServerRecord):
            self._on_server(record)

    def _on_server(self, record: ServerRecord) -> None:
        if record.evaluated_on != ALL.key:
            return
        done = f"round {record.round}/{self._rounds}"
        if record.accuracy is not None:
            self.say(f"{done}: {100 * record.accuracy:.2f} % of all classes")
        elif record.mean_absolute_error is not None:
            self.say(f"{done}: mean absolute error {PLAIN.value(record.mean_absolute_error)}")


class OverallProgress:
    """One bar for a whole comparison, with the time left; shown only on a terminal."""

    def __init__(self) -> None:
        self._console = stderr()
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("left:", markup=False),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("training", total=None)

    def __enter__(self) -> "OverallProgress":
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def listener(self) -> Listener:
        """Return who is to be told of the comparison."""
        return Listener(
            on_start=self.start,
            on_steps=self.advance,
            on_note=self.say,
            on_part=lambda path: self.say(f"made: {visible(str(path))}"),
        )

    def start(self, steps: int) -> None:
        """Say how many training steps there are."""
        self._bar.update(self._task, total=steps)

    def advance(self, steps: int) -> None:
        """Say that `steps` more are done."""
        self._bar.advance(self._task, steps)

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self._console.say(line)
