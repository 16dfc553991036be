"""Where output goes: results to standard output, progress and notes to standard error."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from fedcompare.records import silo_name


def stdout() -> Console:
    """Return the console for results."""
    return Console(highlight=False, soft_wrap=False)


def stderr() -> Console:
    """Return the console for progress and notes."""
    return Console(stderr=True, highlight=False)


class SiloProgress:
    """One progress bar per silo; shown only on a terminal, and gone when done."""

    def __init__(self, num_silos: int, total: int, unit: str) -> None:
        self._console = stderr()
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(unit),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._tasks = {
            silo: self._bars.add_task(silo_name(silo), total=total, note="")
            for silo in range(1, num_silos + 1)
        }

    def __enter__(self) -> "SiloProgress":
        self._bars.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bars.stop()

    def advance(self, silo: int, done: int, note: str) -> None:
        """Say that a silo has done `done` units."""
        self._bars.update(self._tasks[silo], completed=done, note=note)

    def say(self, line: str) -> None:
        """Print a line above the bars."""
        self._bars.console.print(line)


class OverallProgress:
    """One bar for a whole comparison, with the time left; shown only on a terminal."""

    def __init__(self) -> None:
        self._console = stderr()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("left:"),
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

    def start(self, steps: int) -> None:
        """Say how many training steps there are."""
        self._bar.update(self._task, total=steps)

    def advance(self, steps: int) -> None:
        """Say that `steps` more are done."""
        self._bar.advance(self._task, steps)

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self._bar.console.print(line, soft_wrap=True)
