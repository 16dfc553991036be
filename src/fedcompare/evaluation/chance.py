"""Whether anything was learnt at all: the best model against always giving one answer."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.measures.catalog import ABSOLUTE_ERROR, ACCURACY, AUROC, Measure
from fedcompare.evaluation.measures.slices import Slice
from fedcompare.evaluation.slicing import slice_of
from fedcompare.findings.test_sets import ALL
from fedcompare.regimes.models import ModelId
from fedcompare.statistics.significance import mean_interval, wilson
from fedcompare.statistics.stratified import stratified_values
from fedcompare.tasks import Task
from fedcompare.text.units import PLAIN, Unit, Units, units_in
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
    """Return that no model of any seed learnt anything, `answers` being each seed's, or None.

    It is told by the measure of verdicts: models that get no more right than the commonest class
    may well order cases. Of two classes, models that order them have learnt something.
    """
    models = {
        model.called(cases.silo_names): [seed[model].at(cases.ids) for seed in answers]
        for model in answers[0]
    }
    if cases.measure is ACCURACY:
        accuracies = {
            name: sum(float(ACCURACY.values(own).mean()) for own in every) / len(every)
            for name, every in models.items()
        }
        return nothing_learnt(accuracies, cases.strata, cases.class_names)
    if cases.measure is ABSOLUTE_ERROR:
        errors = {
            name: np.mean([ABSOLUTE_ERROR.values(own) for own in every], axis=0)
            for name, every in models.items()
        }
        return no_number_learnt(errors, cases.labels.astype(np.float64), PLAIN)
    part = slice_of(cases, ALL, 0)
    measures = (cases.measure, AUROC) if cases.task is Task.BINARY else (cases.measure,)
    known = [measure for measure in measures if not measure.missing(part)]
    found = [_no_better(models, cases, measure, part) for measure in known]
    return found[0] if found and None not in found else None


def _no_better(
    models: Mapping[str, Sequence[Answers]], cases: Cases, measure: Measure, part: Slice
) -> str | None:
    """Return in two sentences that no model beats an answer that is always the same.

    The best model beats it where the t interval of how much better it is lies above 0, at 95 % for
    all models together: any of many that guess may seem to order cases.
    """
    constant = _constant(cases)
    worth = {
        name: [measure.form.linear(measure.values(own), part) for own in every]
        for name, every in models.items()
    }
    weights, rows = measure.weights(part), measure.form.linear(measure.values(constant), part)
    means = {name: float(np.mean(every, axis=0) @ weights) for name, every in worth.items()}
    best = max(means, key=lambda name: measure.sign * means[name])
    strata = measure.form.strata(part)
    better = measure.sign * (np.mean(worth[best], axis=0) - rows)
    if strata is not None:
        (better,) = stratified_values(
            better[None], strata.members[None], strata.shares[None], times=strata.times
        )
    low, _ = mean_interval(better, 1 - 0.05 / len(models))
    if low > 0:
        return None
    written = units_in(measure.unit)
    unit = " %" if measure.unit is Unit.PERCENT else ""
    value, own = (f"{written.value(v)}{unit}" for v in (float(rows @ weights), means[best]))
    return (
        f"Nothing was learnt: no model is surely better than one that gives every case the same "
        f"answer, whose {measure.name} on {plural(len(cases.ids), 'test example')} is {value}. "
        f"The best one ({best}) has {own}, so differences between models mean nothing."
    )


def _constant(cases: Cases) -> Answers:
    """Return the best answers that are all the same: the shares of the classes, or the mean."""
    if cases.task is Task.REGRESSION:
        return cases.answered(np.full(len(cases.labels), float(cases.labels.mean())))
    shares = np.tile(cases.sizes / cases.sizes.sum(), (len(cases.ids), 1)).astype(np.float32)
    return Answers.of(shares, ids=cases.ids, labels=cases.labels)


def not_more_right(answers: Sequence[Mapping[ModelId, Answers]], cases: Cases) -> str | None:
    """Return that no model gets more right than the commonest class; None where one does.

    It is said in a sentence where verdicts are not about right answers; arguments as for `warn`.
    """
    if cases.task is Task.REGRESSION or cases.measure is ACCURACY:
        return None
    if warn(answers, replace(cases, measure=ACCURACY)) is None:
        return None
    commonest = int(cases.sizes.argmax())
    share = percent(float(cases.sizes.max() / cases.sizes.sum()))
    return (
        f"In accuracy no model is surely better than always answering "
        f"{cases.class_names[commonest]}, the commonest class, which is right on {share} % of the "
        f"test examples; {cases.measure.name} decides."
    )


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
