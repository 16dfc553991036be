"""When it is said that nothing was learnt."""

import numpy as np
import pytest

from fedcompare.evaluation.chance import nothing_learnt

NAMES = ("cat", "dog", "eel")


def labels(*counts):
    return np.repeat(np.arange(len(counts)), counts)


def test_a_model_at_chance_learnt_nothing_and_both_numbers_are_told():
    found = nothing_learnt({"isolated, silo 1": 0.2, "federated": 0.36}, labels(20, 40, 30), NAMES)
    assert found.startswith(
        "Nothing was learnt: no model is surely better than always answering dog, the commonest "
        "class, which is right on 44.4 % of 90 test examples. The best one (federated) gets 36.0 %"
    )


@pytest.mark.parametrize(("size", "is_learnt"), [(30, False), (3000, True)])
def test_being_better_must_be_more_than_luck(size, is_learnt):
    third = size // 3
    found = nothing_learnt({"federated": 0.4}, labels(third, third, third), NAMES)
    assert (found is None) is is_learnt


def test_one_model_that_learnt_is_enough():
    accuracies = {"isolated, silo 1": 0.1, "federated": 0.9, "ensemble": 0.3}
    assert nothing_learnt(accuracies, labels(30, 30, 30), NAMES) is None


def test_where_one_class_is_most_of_the_test_set_accuracy_alone_proves_nothing():
    assert "right on 90.0 %" in nothing_learnt({"federated": 0.9}, labels(90, 5, 5), NAMES)


def test_a_test_set_of_one_class_shows_no_learning():
    assert nothing_learnt({"federated": 1.0}, labels(0, 50), NAMES) is not None
