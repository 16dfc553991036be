"""What a model answered: joined by id, stored as bytes, and measured as scikit-learn does."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, log_loss, recall_score

from fedcompare.errors import ResultsError, WeightsError
from fedcompare.evaluation.answers import Answers, answers_to_bytes, read_answers
from fedcompare.evaluation.measures.catalog import ACCURACY
from fedcompare.evaluation.measures.classification import (
    calibration_error,
    confusion,
    loss,
    macro_f1,
    recall,
)
from made_up_answers import ANSWERS as MADE_UP
from made_up_answers import calibration_by_hand, made_up

RNG = np.random.default_rng(7)
LABELS = np.arange(200) % 5
PROBABILITIES = RNG.dirichlet(np.ones(6), 200).astype(np.float32)
ANSWERS = Answers.of(PROBABILITIES, ids=np.arange(200), labels=LABELS)
PARTS = [None, (0,), (1, 3), (0, 1, 2, 3, 4)]


def accuracy(answers):
    """Return (accuracy, number of examples)."""
    count = len(answers.labels)
    return ACCURACY.mean(ACCURACY.values(answers), np.full(count, 1 / count)), count


@pytest.mark.parametrize("classes", PARTS)
def test_accuracy_is_scikit_learns(classes):
    rows = np.isin(LABELS, classes) if classes else np.full(200, True)
    expected = accuracy_score(LABELS[rows], PROBABILITIES[rows].argmax(1))
    assert accuracy(ANSWERS.of_classes(classes)) == (expected, rows.sum())


@pytest.mark.parametrize("classes", PARTS)
def test_loss_is_scikit_learns(classes):
    rows = np.isin(LABELS, classes) if classes else np.full(200, True)
    doubles = PROBABILITIES[rows].astype(np.float64)
    doubles /= doubles.sum(axis=1, keepdims=True)
    expected = log_loss(LABELS[rows], doubles, labels=range(6))
    assert loss(ANSWERS.of_classes(classes)) == pytest.approx(expected, rel=1e-6)


def test_confusion_is_scikit_learns_with_a_row_for_absent_classes():
    expected = confusion_matrix(LABELS, ANSWERS.predicted, labels=range(6))
    np.testing.assert_array_equal(confusion(ANSWERS), expected)
    assert confusion(ANSWERS)[5].sum() == 0


def test_parts_add_up_to_the_whole():
    parts = [accuracy(ANSWERS.of_classes([c])) for c in range(5)]
    correct = sum(round(share * count) for share, count in parts)
    assert correct / sum(count for _, count in parts) == accuracy(ANSWERS)[0]


def test_no_examples_have_no_values_and_no_loss():
    nothing = ANSWERS.of_classes([5])
    assert len(ACCURACY.values(nothing)) == 0
    assert loss(nothing) is None


def test_the_loss_of_a_certain_mistake_is_finite():
    certain = Answers.of(
        np.array([[1.0, 0.0]], dtype=np.float32), ids=np.array([0]), labels=np.array([1])
    )
    assert 80 < loss(certain) < math.inf


def test_confidence_is_the_probability_of_the_answer():
    expected = PROBABILITIES[np.arange(200), ANSWERS.predicted]
    np.testing.assert_array_equal(ANSWERS.confidence, expected)


def perfect(labels, classes):
    probabilities = np.eye(classes, dtype=np.float32)[labels]
    return Answers.of(probabilities, ids=np.arange(len(labels)), labels=labels)


@pytest.mark.parametrize("classes", [5, 6, 9])
def test_a_perfect_model_has_a_macro_f1_of_1_whatever_classes_are_not_tested(classes):
    assert macro_f1(perfect(LABELS, classes)) == 1


def test_a_class_without_examples_has_no_recall_and_is_in_no_average():
    found = recall(ANSWERS)
    assert math.isnan(found[5])
    expected = recall_score(LABELS, ANSWERS.predicted, labels=range(5), average=None)
    np.testing.assert_array_equal(found[:5], expected)
    expected = f1_score(LABELS, ANSWERS.predicted, labels=range(5), average="macro")
    assert macro_f1(ANSWERS) == expected


def certain(labels, predicted, confidence, classes=4):
    """Return answers of this confidence, the rest shared by the other classes."""
    confidence = np.broadcast_to(confidence, len(labels))
    rest = np.repeat((1 - confidence)[:, None] / (classes - 1), classes, axis=1)
    rest[np.arange(len(labels)), predicted] = confidence
    return Answers.of(
        rest.astype(np.float32), ids=np.arange(len(labels)), labels=np.asarray(labels)
    )


def test_recall_and_f1_by_hand():
    answers = certain([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 0], 0.7)
    assert recall(answers) == pytest.approx((2 / 3, 1 / 2, 0, np.nan), nan_ok=True)
    # F1 is 2 TP / (2 TP + FP + FN): 4/6, 2/4, 0/2; the class without examples counts nowhere.
    assert macro_f1(answers) == pytest.approx((4 / 6 + 2 / 4) / 3)


def test_recall_is_the_diagonal_of_the_confusion_matrix():
    for seed in MADE_UP:
        for answers in seed.final.values():
            counts = confusion(answers)
            assert recall(answers) == pytest.approx(np.diag(counts) / counts.sum(axis=1))


def test_the_calibration_error_by_the_book():
    for seed in range(20):
        answers = made_up(np.random.default_rng(seed))
        expected = calibration_by_hand(answers)
        assert calibration_error(answers) == pytest.approx(expected)
        assert 0 <= expected <= 1


@pytest.mark.parametrize("confidence", [0.5, 0.6, 0.75, 1.0])
def test_a_model_that_is_as_often_right_as_it_says_has_no_calibration_error(confidence):
    labels = np.zeros(20, dtype=int)
    predicted = (np.arange(20) >= round(20 * confidence)).astype(int)
    error = calibration_error(certain(labels, predicted, confidence))
    assert error == pytest.approx(0, abs=1e-7)


def test_a_certain_model_that_is_always_wrong_has_the_largest_calibration_error():
    labels = np.arange(20) % 4
    assert calibration_error(certain(labels, (labels + 1) % 4, 1.0)) == pytest.approx(1)


def test_too_sure_in_one_bin_and_too_unsure_in_another_do_not_cancel_out():
    labels = np.zeros(20, dtype=int)
    predicted = np.repeat([0, 1], 10)
    error = calibration_error(certain(labels, predicted, np.repeat([0.6, 0.8], 10)))
    assert error == pytest.approx((10 * 0.4 + 10 * 0.8) / 20, abs=1e-6)


# Ids.


@pytest.mark.parametrize("seed", range(5))
def test_answers_are_found_by_id_in_any_order(seed):
    random = np.random.default_rng(seed)
    given = replace(ANSWERS, ids=random.permutation(10_000)[:200])
    rows = random.permutation(200)[: random.integers(0, 201)]
    found = given.at(given.ids[rows])
    np.testing.assert_array_equal(found.ids, given.ids[rows])
    np.testing.assert_array_equal(found.labels, LABELS[rows])
    np.testing.assert_array_equal(found.probabilities, PROBABILITIES[rows])


def test_all_ids_in_their_order_are_the_answers_themselves():
    assert ANSWERS.at(np.arange(200)) is ANSWERS


@pytest.mark.parametrize("missing", [-1, 7, 200, 10**12])
def test_an_example_that_was_not_answered_is_refused(missing):
    given = ANSWERS.of_classes((0, 1, 3))  # without ids 2, 7, 12, ...
    with pytest.raises(ResultsError, match="other test examples"):
        given.at(np.array([0, missing, 1]))
    with pytest.raises(ResultsError, match="other test examples"):
        ANSWERS.of_classes([5]).at(np.array([missing]))


def test_a_class_keeps_its_examples_ids():
    assert ANSWERS.of_classes([1]).ids.tolist() == list(range(1, 200, 5))


# Files.


def stored(answers, folder):
    """Return the tensors of a file of answers, and what it is read back as."""
    path = folder / "answers.safetensors"
    path.write_bytes(answers_to_bytes(answers))
    return load(path.read_bytes()), read_answers(path)


def is_same(found, expected):
    return all(
        np.array_equal(getattr(found, name), getattr(expected, name))
        and getattr(found, name).dtype == getattr(expected, name).dtype
        for name in ("ids", "labels", "probabilities")
    )


def test_answers_on_a_whole_test_set_are_three_tensors_and_nothing_else(tmp_path):
    tensors, found = stored(ANSWERS, tmp_path)
    assert set(tensors) == {"labels", "predicted", "probabilities"}
    assert is_same(found, ANSWERS)
    parts = {
        "labels": LABELS,
        "predicted": PROBABILITIES.argmax(axis=1),
        "probabilities": PROBABILITIES,
    }
    expected = save({name: torch.from_numpy(array) for name, array in parts.items()})
    assert answers_to_bytes(ANSWERS) == expected


@pytest.mark.parametrize("classes", [(0,), (1, 3), (5,)])
def test_answers_on_other_examples_keep_their_ids(classes, tmp_path):
    part = ANSWERS.of_classes(classes)
    tensors, found = stored(part, tmp_path)
    assert ("ids" in tensors) == bool(len(part.ids))
    assert is_same(found, part)


def test_answers_in_another_order_keep_it(tmp_path):
    backwards = ANSWERS.at(np.arange(200)[::-1].copy())
    _, found = stored(backwards, tmp_path)
    assert is_same(found, backwards)
    assert is_same(found.at(np.arange(200)), ANSWERS)


@pytest.mark.parametrize(
    "changed",
    [
        {"labels": None},
        {"probabilities": None},
        {"labels": torch.arange(200).int()},
        {"labels": torch.arange(199)},
        {"probabilities": torch.zeros(200, 6, dtype=torch.float64)},
        {"probabilities": torch.zeros(200)},
        {"ids": torch.arange(199)},
        {"ids": torch.arange(200).int()},
        {"ids": torch.arange(200)[:, None]},
    ],
    ids=str,
)
def test_a_file_of_something_else_is_named(changed, tmp_path):
    tensors = load(answers_to_bytes(ANSWERS)) | changed
    path = tmp_path / "odd.safetensors"
    path.write_bytes(save({name: t for name, t in tensors.items() if t is not None}))
    with pytest.raises(WeightsError, match=r"odd\.safetensors holds no predictions"):
        read_answers(path)
