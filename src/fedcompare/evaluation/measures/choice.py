"""The measure that users name, however they write it."""

import re
from collections.abc import Iterable

from fedcompare.config.choices import check_choice
from fedcompare.errors import ConfigError
from fedcompare.evaluation.measures.catalog import MEASURES, Measure, measures_of
from fedcompare.tasks import Task

KEY = "measure"


def check_measure_name(name: str) -> None:
    """Raise if there is no measure of this name, in whatever task; an empty one is none.

    Raises:
        ConfigError: naming those that there are, and the nearest.
    """
    if name and _found(name, MEASURES) is None:
        check_choice(KEY, _plain(name), [row.name for row in MEASURES])


def find_measure(name: str, task: Task) -> Measure:
    """Return the measure of a task that has this name; blanks, dashes and case do not count.

    Raises:
        ConfigError: there is none, or it does not fit the task; those that do are named.
    """
    check_measure_name(name)
    fitting = measures_of(task)
    if (found := _found(name, fitting)) is None:
        names = ", ".join(row.name for row in fitting)
        raise ConfigError(
            [f"{KEY}: {name.strip()} does not fit labels that are {_said(task)}; those do: {names}"]
        )
    return found


def _found(name: str, rows: Iterable[Measure]) -> Measure | None:
    wanted = _plain(name)
    return next((row for row in rows if wanted in map(_plain, (row.name, *row.also))), None)


def _plain(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().lower()


def _said(task: Task) -> str:
    """Return what labels are, in a sentence."""
    return {
        Task.REGRESSION: "numbers",
        Task.BINARY: "two classes",
        Task.MULTI_CLASS: "more than two classes",
    }[task]
