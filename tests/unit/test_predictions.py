import math

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss, recall_score

from fedcompare.evaluation.answers import Predictions

RNG = np.random.default_rng(7)
LABELS = np.arange(200) % 5
PROBABILITIES = RNG.dirichlet(np.ones(6), 200).astype(np.float32)
ANSWERS = Predictions(labels=LABELS, probabilities=PROBABILITIES)
PARTS = [None, (0,), (1, 3), (0, 1, 2, 3, 4)]


@pytest.mark.parametrize("classes", PARTS)
def test_accuracy_is_scikit_learns(classes):
    rows = np.isin(LABELS, classes) if classes else np.full(200, True)
    expected = accuracy_score(LABELS[rows], PROBABILITIES[rows].argmax(1))
    assert ANSWERS.accuracy(classes) == (expected, rows.sum())


@pytest.mark.parametrize("classes", PARTS)
def test_loss_is_scikit_learns(classes):
    rows = np.isin(LABELS, classes) if classes else np.full(200, True)
    doubles = PROBABILITIES[rows].astype(np.float64)
    doubles /= doubles.sum(axis=1, keepdims=True)
    expected = log_loss(LABELS[rows], doubles, labels=range(6))
    assert ANSWERS.loss(classes) == pytest.approx(expected, rel=1e-6)


def test_confusion_is_scikit_learns_with_a_row_for_absent_classes():
    expected = confusion_matrix(LABELS, ANSWERS.predicted, labels=range(6))
    np.testing.assert_array_equal(ANSWERS.confusion(), expected)
    assert ANSWERS.confusion()[5].sum() == 0


def test_parts_add_up_to_the_whole():
    parts = [ANSWERS.accuracy([c]) for c in range(5)]
    correct = sum(round(accuracy * count) for accuracy, count in parts)
    assert correct / sum(count for _, count in parts) == ANSWERS.accuracy()[0]


def test_no_examples_have_no_accuracy_and_no_loss():
    assert ANSWERS.accuracy([5]) == (None, 0)
    assert ANSWERS.loss([5]) is None


def test_the_loss_of_a_certain_mistake_is_finite():
    certain = Predictions(
        labels=np.array([1]), probabilities=np.array([[1.0, 0.0]], dtype=np.float32)
    )
    assert 80 < certain.loss() < math.inf


def test_confidence_is_the_probability_of_the_answer():
    expected = PROBABILITIES[np.arange(200), ANSWERS.predicted]
    np.testing.assert_array_equal(ANSWERS.confidence, expected)


def perfect(labels, classes):
    return Predictions(labels=labels, probabilities=np.eye(classes, dtype=np.float32)[labels])


@pytest.mark.parametrize("classes", [5, 6, 9])
def test_a_perfect_model_has_a_macro_f1_of_1_whatever_classes_are_not_tested(classes):
    assert perfect(LABELS, classes).macro_f1() == 1


def test_a_class_without_examples_has_no_recall_and_is_in_no_average():
    recall = ANSWERS.recall()
    assert math.isnan(recall[5])
    expected = recall_score(LABELS, ANSWERS.predicted, labels=range(5), average=None)
    np.testing.assert_array_equal(recall[:5], expected)
    expected = f1_score(LABELS, ANSWERS.predicted, labels=range(5), average="macro")
    assert ANSWERS.macro_f1() == expected
