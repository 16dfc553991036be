"""By which measure verdicts are: what users write, what the data say, and what does not fit."""

from dataclasses import replace

import numpy as np
import pytest

from fedcompare import api
from fedcompare.errors import ConfigError
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.deciding import (
    check_measure,
    decided_by,
    told_left_out,
    told_measure,
)
from fedcompare.evaluation.measures.catalog import (
    ABSOLUTE_ERROR,
    ACCURACY,
    AUROC,
    BALANCED_ACCURACY,
    BRIER_SCORE,
    MEASURES,
    ROOT_MEAN_SQUARED_ERROR,
)
from fedcompare.evaluation.measures.choice import check_measure_name, find_measure
from fedcompare.tasks import Task

LABELS = np.repeat([0, 1], [40, 8])


def cases(labels=LABELS, names=("no", "yes")):
    return Cases.build(labels, [[(80, 10), (70, 12)]] * 2, names)


@pytest.mark.parametrize(
    ("name", "task", "expected"),
    [
        ("balanced-accuracy", Task.BINARY, BALANCED_ACCURACY),
        ("balanced accuracy", Task.MULTI_CLASS, BALANCED_ACCURACY),
        (" Balanced_Accuracy ", Task.MULTI_CLASS, BALANCED_ACCURACY),
        ("auroc", Task.BINARY, AUROC),
        ("ROC-AUC", Task.BINARY, AUROC),
        ("brier", Task.BINARY, BRIER_SCORE),
        ("mae", Task.REGRESSION, ABSOLUTE_ERROR),
        ("RMSE", Task.REGRESSION, ROOT_MEAN_SQUARED_ERROR),
    ],
)
def test_measures_are_understood_however_they_are_written(name, task, expected):
    assert find_measure(name, task) is expected


def test_every_measure_is_found_by_each_of_its_names():
    for row in MEASURES:
        for name in (row.name, row.key, *row.also):
            assert find_measure(name, next(iter(row.tasks))) is row


def test_the_nearest_measure_is_found_in_small_letters_too():
    with pytest.raises(ConfigError, match="did you mean AUROC"):
        check_measure_name("aurok")


def test_an_unknown_measure_is_refused_with_the_nearest():
    with pytest.raises(ConfigError, match="did you mean balanced accuracy") as found:
        check_measure_name("balanced-acuracy")
    assert "measure: unknown measure" in str(found.value)
    check_measure_name("")


@pytest.mark.parametrize(
    ("name", "task", "said"),
    [
        ("AUROC", Task.MULTI_CLASS, "AUROC does not fit labels that are more than two classes"),
        ("accuracy", Task.REGRESSION, "accuracy does not fit labels that are numbers"),
        ("MAE", Task.BINARY, "MAE does not fit labels that are two classes"),
    ],
)
def test_a_measure_that_does_not_fit_the_task_is_refused_with_those_that_do(name, task, said):
    with pytest.raises(ConfigError, match=said) as found:
        find_measure(name, task)
    for row in MEASURES:
        assert (row.name in str(found.value).split("those do:")[1]) is (task in row.tasks)


def test_a_rare_class_makes_the_auroc_decide_and_that_is_told():
    found = decided_by("", cases(), (150, 22))
    assert found.measure is AUROC
    told = told_measure("", found, (150, 22))
    assert told is not None
    assert told.startswith("Verdicts are by AUROC, since only 12.8 % of the training rows")
    assert "class yes" in told
    assert "--measure accuracy" in told


@pytest.mark.parametrize(
    ("labels", "sizes"),
    [
        (LABELS, (80, 20)),  # a fifth is not rare
        (LABELS, (100, 0)),  # nothing to learn
        (np.repeat([0, 1], [40, 4]), (150, 22)),  # too few to be tested
    ],
)
def test_else_accuracy_decides_and_nothing_is_told(labels, sizes):
    found = decided_by("", cases(labels), sizes)
    assert found.measure is ACCURACY
    assert told_measure("", found, sizes) is None


def test_silos_of_one_class_are_left_out_of_an_auroc_and_told():
    owners = np.stack([np.repeat([1, 2], [30, 18])] * 2)
    found = Cases.build(
        LABELS, [[(80, 10), (70, 12)]] * 2, ("no", "yes"), owners=owners, measure=AUROC
    )
    told = told_left_out(found)
    assert told is not None
    assert "the test rows of silo 1, which are all of one class, say nothing to it: it is" in told
    assert told_left_out(cases()) is None
    assert told_left_out(replace(found, measure=ACCURACY)) is None


def test_what_is_asked_for_decides():
    assert decided_by("accuracy", cases(), (150, 22)).measure is ACCURACY
    assert told_measure("accuracy", cases(), (150, 22)) is None
    three = Cases.build(np.arange(9) % 3, [[(3, 3, 1)]] * 2, ("a", "b", "c"))
    assert decided_by("", three, (3, 3, 1)).measure is ACCURACY


def test_too_few_test_examples_of_a_class_are_refused_before_training():
    check_measure("AUROC", Task.BINARY, LABELS, ("no", "yes"))
    check_measure("", Task.BINARY, LABELS[:44], ("no", "yes"))
    with pytest.raises(ConfigError, match="of class yes there are 4") as found:
        check_measure("AUROC", Task.BINARY, LABELS[:44], ("no", "yes"))
    assert "accuracy, balanced accuracy, log loss, Brier score" in str(found.value)


def test_measures_are_listed():
    rows = {row.name: row.line for row in api.catalog("measures")}
    assert rows.keys() == {row.name for row in MEASURES}
    assert "lower is better" in rows["log loss"]
    assert "regression; also RMSE" in rows["root mean squared error"]
