"""Whether anything was learnt at all: the best model against always giving one answer."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases
from fedcompare.regimes.models import ModelId
from fedcompare.statistics.significance import mean_interval, wilson
from fedcompare.tasks import Task
from fedcompare.text.units import PLAIN, Units
from fedcompare.text.wording import percent, plural

Floats = npt.NDArray[np.float64]


def nothing_learnt(
    accuracies: Mapping[str, float], labels: npt.NDArray[np.int64], class_names: Sequence[str]
) -> str | None:
    """Return in two sentences that no model beats the commonest class; None where one does.

    `accuracies` are the models' on the whole test set (means over seeds), by what people call
    them; `labels` int [N] are the test set's. The best model beats always answering the
    commonest class where the lower end of its 95 % Wilson interval, for N examples, is above
    that class's share: choosing the best of many models makes this rule the milder one.
    """
    sizes = np.bincount(labels, minlength=len(class_names))
    commonest, share = int(sizes.argmax()), float(sizes.max() / len(labels))
    best = max(accuracies, key=lambda name: accuracies[name])
    accuracy = accuracies[best]
    low, _ = wilson(round(accuracy * len(labels)), len(labels))
    if low > share:
        return None
    return (
        f"Nothing was learnt: no model is surely better than always answering "
        f"{class_names[commonest]}, the commonest class, which is right on {percent(share)} % of "
        f"{plural(len(labels), 'test example')}. The best one ({best}) gets {percent(accuracy)} % "
        f"right (95 % interval from {percent(low)} %), so differences between models mean nothing."
    )


def warn(answers: Sequence[Mapping[ModelId, Answers]], cases: Cases) -> str | None:
    """Return that no model of any seed learnt anything, `answers` being each seed's, or None."""
    found = {
        model.called(cases.silo_names): [
            cases.measure.values(seed[model].at(cases.ids)) for seed in answers
        ]
        for model in answers[0]
    }
    if cases.task is Task.REGRESSION:
        errors = {name: np.mean(every, axis=0) for name, every in found.items()}
        return no_number_learnt(errors, cases.labels.astype(np.float64), PLAIN)
    accuracies = {
        name: sum(float(values.mean()) for values in every) / len(every)
        for name, every in found.items()
    }
    return nothing_learnt(accuracies, cases.strata, cases.class_names)


def no_number_learnt(
    errors: Mapping[str, Floats], labels: npt.NDArray[np.float64], units: Units
) -> str | None:
    """Return in two sentences that no model beats the labels' median; None where one does.

    `errors` [N] are by how much each model misses each test example (means over seeds), by what
    people call it. The best model beats always answering the median of the test set's labels, to
    which they are nearest, where the 95 % t interval of how much nearer it is lies above 0.
    """
    middle = float(np.median(labels))
    constant = np.abs(labels - middle)
    best = min(errors, key=lambda name: float(errors[name].mean()))
    low, _ = mean_interval(constant - errors[best])
    if low > 0:
        return None
    return (
        f"Nothing was learnt: no model is surely nearer than always answering "
        f"{units.value(middle)}, the middle one of the labels, which on "
        f"{plural(len(labels), 'test example')} is off by {units.value(float(constant.mean()))} in "
        f"the mean. The best one ({best}) is off by "
        f"{units.value(float(errors[best].mean()))}, so differences between models mean nothing."
    )
