"""Answers that are numbers: how far they are off, on whose rows, and how they are stored."""

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from fedcompare.data.examples import Scale
from fedcompare.errors import WeightsError
from fedcompare.evaluation.answers import Answers, answers_to_bytes, read_answers
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.measures import regression
from fedcompare.evaluation.measures.catalog import (
    ABSOLUTE_ERROR,
    ACCURACY,
    ROOT_MEAN_SQUARED_ERROR,
    measures_of,
    verdict_measure,
)
from fedcompare.evaluation.slicing import slice_of
from fedcompare.evaluation.tally import count
from fedcompare.findings.test_sets import ALL, others, own, seen, unseen
from fedcompare.tasks import Task
from made_up_numbers import LABELS, NAMES, OWNERS, SIZES, answering

ERRORS = np.random.default_rng(1).normal(0, 3, len(LABELS))
ANSWERS = answering(ERRORS)
CASES = Cases.build(
    LABELS,
    [[(size,) for size in SIZES]] * 2,
    (),
    silo_names=NAMES,
    owners=np.stack([OWNERS, OWNERS[::-1]]),
)


def test_measures_are_scikit_learns():
    weights = np.full(len(LABELS), 1 / len(LABELS))
    found = ABSOLUTE_ERROR.mean(ABSOLUTE_ERROR.values(ANSWERS), weights)
    assert found == pytest.approx(mean_absolute_error(LABELS, ANSWERS.predicted))
    found = ROOT_MEAN_SQUARED_ERROR.value(
        ROOT_MEAN_SQUARED_ERROR.values(ANSWERS), slice_of(CASES, ALL, 0)
    )
    assert found == pytest.approx(root_mean_squared_error(LABELS, ANSWERS.predicted))
    assert regression.r_squared(ANSWERS) == pytest.approx(r2_score(LABELS, ANSWERS.predicted))


def test_labels_that_are_all_alike_have_no_variance_to_explain():
    assert regression.r_squared(answering(np.ones(3), labels=np.full(3, 5.0))) is None


def test_numbers_are_measured_by_their_error_and_classes_by_accuracy():
    assert measures_of(Task.REGRESSION) == (ABSOLUTE_ERROR, ROOT_MEAN_SQUARED_ERROR)
    assert verdict_measure(Task.BINARY) is verdict_measure(Task.MULTI_CLASS) is ACCURACY


def test_a_tally_of_numbers_adds_up_over_parts():
    scale = Scale(mean=50.0, deviation=20.0)
    whole = count(ANSWERS, scale)
    parts = [count(ANSWERS.at(ids), scale) for ids in np.array_split(ANSWERS.ids, 3)]
    assert sum(part.absolute_error for part in parts) == pytest.approx(whole.absolute_error)
    assert whole.mean_absolute_error == pytest.approx(np.abs(ERRORS).mean())
    assert whole.loss == pytest.approx(np.square(ERRORS / 20).mean())
    assert (whole.num_correct, whole.accuracy) == (None, None)
    nothing = count(ANSWERS.at(np.array([], dtype=np.int64)), scale)
    assert (nothing.loss, nothing.mean_absolute_error) == (None, None)


def test_stored_numbers_are_the_same_to_the_last_bit(tmp_path):
    path = tmp_path / "answers.safetensors"
    path.write_bytes(answers_to_bytes(ANSWERS))
    found = read_answers(path)
    np.testing.assert_array_equal(found.predicted, ANSWERS.predicted)
    np.testing.assert_array_equal(found.labels, LABELS)
    assert found.probabilities is None


def test_a_file_of_classes_without_probabilities_is_no_file_of_answers(tmp_path):
    path = tmp_path / "answers.safetensors"
    classes = np.arange(5)
    path.write_bytes(
        answers_to_bytes(Answers(ids=np.arange(5), labels=classes, predicted=classes + 1))
    )
    with pytest.raises(WeightsError, match="no predictions"):
        read_answers(path)


@pytest.mark.parametrize("seed_index", [0, 1])
def test_own_cases_are_the_silos_own_rows_in_each_seed(seed_index):
    owners = (OWNERS, OWNERS[::-1])[seed_index]
    for silo in CASES.silos:
        weights = CASES.weights(own(silo), seed_index)
        np.testing.assert_array_equal(weights > 0, owners == silo)
        assert weights.sum() == pytest.approx(1)
    assert CASES.weights(ALL, seed_index) == pytest.approx(1 / len(LABELS))


def test_there_are_no_seen_and_unseen_classes():
    assert CASES.test_sets() == (ALL, *map(own, (1, 2, 3)), *map(others, (1, 2, 3)))
    assert not CASES.learnable_classes(1)
    (facts, *_) = CASES.silo_facts([[(size,) for size in SIZES]])
    assert (facts.label_counts, facts.seen, facts.unseen) == ((40.0,), (), ())
    assert {seen(1), unseen(1)}.isdisjoint(CASES.test_sets())


def test_a_silo_without_rows_of_its_own_in_some_seed_has_no_own_cases():
    owners = np.stack([OWNERS, np.where(OWNERS == 2, 0, OWNERS)])
    counts = [[(size,) for size in SIZES]] * 2
    cases = Cases.build(LABELS, counts, (), owners=owners)
    assert cases.test_sets() == (ALL, own(1), own(3), *map(others, (1, 2, 3)))


def test_owners_follow_the_ids_of_the_answers():
    ids = np.random.default_rng(3).permutation(len(LABELS))
    counts = [[(size,) for size in SIZES]]
    cases = Cases.build(LABELS[ids], counts, (), ids, owners=OWNERS[None])
    np.testing.assert_array_equal(cases.weights(own(2), 0) > 0, OWNERS[ids] == 2)
