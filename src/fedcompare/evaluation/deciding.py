"""By which measure the verdicts of a comparison are: the one that was asked for, or by the data."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fedcompare.errors import ConfigError
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.measures.catalog import AUROC, FEWEST, Measure, measures_of
from fedcompare.evaluation.measures.choice import KEY, find_measure
from fedcompare.evaluation.slicing import left_out, why_not_measured
from fedcompare.findings.test_sets import ALL
from fedcompare.names import silo_names
from fedcompare.tasks import Task
from fedcompare.text.wording import percent

RARE = 0.2
"""Below this share of the training rows, the rarer of two classes makes accuracy say little."""


def decided_by(name: str, cases: Cases, sizes: Sequence[float]) -> Cases:
    """Return the cases with the measure of this name, or where there is none, that of the data.

    Of two classes of which the rarer one has under 20 % of the training rows that is the AUROC: by
    accuracy, always answering the commoner class is hard to beat. Else it is the task's first.

    Args:
        name: What users asked for; empty where they did not.
        cases: Of the comparison.
        sizes: Training rows of each class, of all silos together.

    Raises:
        ConfigError: there is no such measure, or it does not fit the task.
    """
    if name:
        return replace(cases, measure=find_measure(name, cases.task))
    if is_rare(cases.task, sizes) and not why_not_measured(cases, ALL, AUROC):
        return replace(cases, measure=AUROC)
    return cases


def followed(cases: Cases) -> Measure:
    """Return the measure of verdicts; where that needs probabilities, the task's first.

    After each round only what models answered is stored.
    """
    return measures_of(cases.task)[0] if cases.measure.needs_probabilities else cases.measure


def is_rare(task: Task, sizes: Sequence[float]) -> bool:
    """Return whether the rarer of two classes has few of the training rows."""
    return task is Task.BINARY and 0 < min(sizes) < RARE * sum(sizes)


def told_measure(name: str, cases: Cases, sizes: Sequence[float]) -> str | None:
    """Return in a sentence why verdicts are by another measure than the task's first, if so."""
    first = measures_of(cases.task)[0]
    if name or cases.measure is first:
        return None
    rarer = int(np.argmin(sizes))
    return (
        f"Verdicts are by {cases.measure.name}, since only {percent(min(sizes) / sum(sizes))} % of "
        f"the training rows are of class {cases.class_names[rarer]}, so that always answering the "
        f"other class is hard to beat in {first.name}; --measure {first.name} decides by that."
    )


def told_left_out(cases: Cases) -> str | None:
    """Return in a sentence which silos' test rows say nothing to the measure; None if all do."""
    silos = left_out(cases, ALL)
    if not silos:
        return None
    several = len(silos) > 1
    return (
        f"{cases.measure.name} compares rows of one silo with each other, so that the test rows of "
        f"{silo_names(silos, cases.silo_names)}, which are all of one class, say nothing to it: "
        f"{'they are' if several else 'it is'} left out of the whole population's."
    )


def check_measure(
    name: str, task: Task, labels: npt.NDArray[np.int64], class_names: Sequence[str]
) -> None:
    """Raise before anything is trained if test examples cannot decide by the measure asked for.

    Raises:
        ConfigError: there is no such measure, it does not fit the task, or a class has too few test
            examples for it; those that fit are named.
    """
    if not name or (measure := find_measure(name, task)) is not AUROC:
        return
    sizes = np.bincount(labels, minlength=len(class_names))
    if (fewest := int(sizes.min())) < FEWEST:
        others = ", ".join(_names(measure, task))
        raise ConfigError(
            [
                f"{KEY}: {measure.name} compares examples of two classes and needs {FEWEST} test "
                f"examples of each, and of class {class_names[int(sizes.argmin())]} there are "
                f"{fewest}. Hold out more rows, or take {others}"
            ]
        )


def _names(without: Measure, task: Task) -> list[str]:
    return [row.name for row in measures_of(task) if row is not without]
