"""The test sets of a comparison: which examples they have, and how much each counts."""

import numpy as np
import pytest

from fedcompare.errors import DataError
from fedcompare.evaluation.answers import Predictions
from fedcompare.evaluation.cases import ALL, Cases, accuracy, own, seen, unseen

LABELS = np.repeat([0, 1, 2, 3], [6, 3, 4, 2])
NAMES = ("cat", "dog", "hen", "owl")
# [seed][silo][class]: silo 1 lacks hen and owl, silo 2 lacks cat, silo 3 lacks nothing.
COUNTS = (
    ((8, 2, 0, 0), (0, 5, 5, 5), (1, 1, 1, 1)),
    ((3, 9, 0, 0), (0, 2, 6, 8), (2, 4, 6, 8)),
)


def build(counts=COUNTS, *, labels=LABELS, subsets=()):
    return Cases.build(labels, counts, NAMES, subsets)


def keys(cases):
    return [test_set.key for test_set in cases.test_sets()]


def right(predictions):
    return predictions.predicted == predictions.labels


def guesses(seed):
    """Return predictions that are right about half of the time."""
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.ones(4), len(LABELS)) + 0.3 * np.eye(4)[LABELS]
    return Predictions(labels=LABELS, probabilities=probabilities.astype(np.float32))


@pytest.mark.parametrize("seed_index", [0, 1])
def test_the_weights_of_every_test_set_add_up_to_one(seed_index):
    cases = build(subsets=[(1, 2)])
    for key in keys(cases):
        weights = cases.weights(key, seed_index)
        assert weights.shape == LABELS.shape
        assert weights.min() >= 0
        assert weights.sum() == pytest.approx(1)


@pytest.mark.parametrize("silo", [1, 2, 3])
@pytest.mark.parametrize("seed_index", [0, 1])
def test_accuracy_on_own_cases_is_the_recall_weighted_by_the_silos_shares(silo, seed_index):
    found = accuracy(right(guesses(silo)), build().weights(own(silo), seed_index))
    counts = np.array(COUNTS[seed_index][silo - 1])
    assert found == pytest.approx(counts / counts.sum() @ guesses(silo).recall())


def test_plain_test_sets_weigh_all_their_examples_alike():
    cases = build(subsets=[(1, 2)])
    plain = {ALL: (0, 1, 2, 3), seen(1): (0, 1), unseen(1): (2, 3), "dog,hen": (1, 2)}
    for key, classes in plain.items():
        expected, count = guesses(4).accuracy(classes)
        weights = cases.weights(key, 0)
        assert accuracy(right(guesses(4)), weights) == pytest.approx(expected)
        assert (weights > 0).sum() == count


def test_seen_and_unseen_classes_complement_each_other():
    cases = build()
    for silo in cases.silos:
        both = cases.seen_classes(silo) + cases.unseen_classes(silo)
        assert sorted(both) == [0, 1, 2, 3]
        masks = cases.mask(cases.seen_classes(silo)), cases.mask(cases.unseen_classes(silo))
        np.testing.assert_array_equal(masks[0], ~masks[1])


def test_a_class_that_a_silo_has_in_one_seed_only_is_seen():
    counts = (COUNTS[0], ((3, 9, 1, 0), *COUNTS[1][1:]))
    cases = build(counts)
    assert cases.seen_classes(1) == (0, 1, 2)
    assert cases.unseen_classes(1) == (3,)
    assert cases.weights(own(1), 0)[LABELS == 2].sum() == 0
    assert cases.weights(own(1), 1)[LABELS == 2].sum() == pytest.approx(1 / 13)


def test_a_subset_that_is_somebodys_unseen_classes_is_not_listed_twice():
    cases = build(subsets=[(2, 3), (0, 1), (0,)])
    assert cases.subsets == ((0, 1),)
    assert keys(cases) == [
        *(ALL, own(1), own(2), own(3), unseen(1), unseen(2), seen(1), seen(2), seen(3)),
        "cat,dog",
    ]
    assert len({test_set.label for test_set in cases.test_sets()}) == len(keys(cases))


def test_test_sets_without_examples_are_not_listed():
    labels = LABELS[LABELS < 3]
    cases = build([[[8, 2, 1, 0], [1, 5, 5, 0]]], labels=labels, subsets=[(3,), (2, 3)])
    assert keys(cases) == [ALL, own(1), own(2), seen(1), seen(2), "hen,owl"]


def test_test_sets_count_their_examples():
    sizes = {test_set.key: test_set.num_examples for test_set in build().test_sets()}
    assert sizes[ALL] == 15
    assert (sizes[own(1)], sizes[seen(1)], sizes[unseen(1)]) == (9, 9, 6)
    assert (sizes[own(2)], sizes[unseen(2)]) == (9, 6)


@pytest.mark.parametrize("seed_index", [0, 1])
def test_a_class_that_is_trained_on_and_never_tested_names_silo_and_class(seed_index):
    counts = [[[8, 2, 0, 0], [0, 5, 5, 0]] for _ in range(2)]
    counts[seed_index][1][3] = 1
    with pytest.raises(DataError, match="silo 2 trains on class owl, but the test set"):
        build(counts, labels=LABELS[LABELS < 3])


def test_a_class_without_a_share_needs_no_test_example():
    assert build([[[8, 2, 0, 0]]], labels=LABELS[LABELS < 2]).unseen_classes(1) == (2, 3)


def test_facts_are_means_over_the_seeds_with_names():
    facts = build().silo_facts(COUNTS)
    assert [item.silo for item in facts] == [1, 2, 3]
    assert facts[0].label_counts == (5.5, 5.5, 0.0, 0.0)
    assert (facts[0].seen, facts[0].unseen) == (("cat", "dog"), ("hen", "owl"))
    assert facts[2].unseen == ()


# Silo 1 lacks hen and owl, silo 2 lacks cat and owl: nobody has owl.
UNKNOWN = ([[8, 2, 0, 0], [0, 5, 5, 0]],)


def labels_of(cases):
    return {test_set.key: test_set.label for test_set in cases.test_sets()}


def test_a_class_that_nobody_has_is_told_apart_from_those_that_others_have():
    cases = build(UNKNOWN)
    assert (cases.unseen_classes(1), cases.unseen_classes(2)) == ((2, 3), (0, 3))
    assert (cases.learnable_classes(1), cases.learnable_classes(2)) == ((2,), (0,))
    assert cases.nobodys_classes() == (3,)
    assert labels_of(cases)[unseen(1)] == "never seen by silo 1 (hen; by no silo: owl)"
    facts = cases.silo_facts(UNKNOWN)
    assert [item.unknown for item in facts] == [("owl",), ("owl",)]
    assert [item.learnable for item in facts] == [("hen",), ("cat",)]


def test_a_class_that_is_not_tested_is_not_said_to_be_measured():
    cases = build(UNKNOWN, labels=LABELS[LABELS < 3])
    assert labels_of(cases)[unseen(1)] == "never seen by silo 1 (hen)"
    assert [item.untested for item in cases.silo_facts(UNKNOWN)] == [("owl",), ("owl",)]


def test_names_with_commas_give_keys_and_labels_that_stay_apart():
    names = ("a", "b", "a,b", "c")
    cases = Cases.build(LABELS, COUNTS, names, [(0, 1), (2,)])
    assert labels_of(cases)["a,b"] == "classes a, b"
    assert labels_of(cases)['"a,b"'] == 'classes "a,b"'
    assert (cases.weights('"a,b"', 0) > 0).tolist() == (LABELS == 2).tolist()


@pytest.mark.parametrize("name", [ALL, own(1), unseen(1), "none"])
def test_a_class_with_the_name_of_a_key_has_a_key_of_its_own(name):
    cases = Cases.build(LABELS, COUNTS, (name, "dog", "hen", "owl"), [(0,), (0, 1)])
    assert len(set(keys(cases))) == len(keys(cases))
    subset = keys(cases)[-1]
    assert (cases.weights(subset, 0) > 0).tolist() == (LABELS < 2).tolist()
