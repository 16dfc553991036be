"""The test sets of a comparison: which examples they have, and how much each counts."""

import numpy as np
import pytest

from fedcompare.errors import DataError
from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases, check_own_cases
from fedcompare.evaluation.measures.catalog import ACCURACY
from fedcompare.evaluation.measures.classification import recall
from fedcompare.findings.test_sets import ALL, Kind, of_classes, own, seen, unseen

LABELS = np.repeat([0, 1, 2, 3], [6, 3, 4, 2])
NAMES = ("cat", "dog", "hen", "owl")
# [seed][silo][class]: silo 1 lacks hen and owl, silo 2 lacks cat, silo 3 lacks nothing.
COUNTS = (
    ((8, 2, 0, 0), (0, 5, 5, 5), (1, 1, 1, 1)),
    ((3, 9, 0, 0), (0, 2, 6, 8), (2, 4, 6, 8)),
)


DOG_OR_HEN = of_classes((1, 2), NAMES)


def build(counts=COUNTS, *, labels=LABELS, names=NAMES):
    return Cases.build(labels, counts, names)


def accuracy(answers, weights):
    return ACCURACY.mean(ACCURACY.values(answers), weights)


def guesses(seed):
    """Return answers that are right about half of the time."""
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.ones(4), len(LABELS)) + 0.3 * np.eye(4)[LABELS]
    return Answers.of(probabilities.astype(np.float32), ids=np.arange(len(LABELS)), labels=LABELS)


@pytest.mark.parametrize("seed_index", [0, 1])
def test_the_weights_of_every_test_set_add_up_to_one(seed_index):
    cases = build()
    for test_set in (*cases.test_sets(), DOG_OR_HEN):
        weights = cases.weights(test_set, seed_index)
        assert weights.shape == LABELS.shape
        assert weights.min() >= 0
        assert weights.sum() == pytest.approx(1)


@pytest.mark.parametrize("silo", [1, 2, 3])
@pytest.mark.parametrize("seed_index", [0, 1])
def test_accuracy_on_own_cases_is_the_recall_weighted_by_the_silos_shares(silo, seed_index):
    found = accuracy(guesses(silo), build().weights(own(silo), seed_index))
    counts = np.array(COUNTS[seed_index][silo - 1])
    assert found == pytest.approx(counts / counts.sum() @ recall(guesses(silo)))


def test_plain_test_sets_weigh_all_their_examples_alike():
    cases = build()
    plain = {ALL: (0, 1, 2, 3), seen(1): (0, 1), unseen(1): (2, 3), DOG_OR_HEN: (1, 2)}
    for test_set, classes in plain.items():
        part = guesses(4).of_classes(classes)
        weights = cases.weights(test_set, 0)
        assert accuracy(guesses(4), weights) == ACCURACY.values(part).mean()
        assert (weights > 0).sum() == len(part.labels) == cases.size(test_set)
        assert cases.classes(test_set) == classes


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


def test_no_test_set_is_listed_twice():
    cases = build()
    found = cases.test_sets()
    of_silos = (own(1), own(2), own(3), unseen(1), unseen(2), seen(1), seen(2), seen(3))
    assert found == (ALL, *of_silos)
    facts = [cases.facts(test_set) for test_set in found]
    assert len({item.label for item in facts}) == len({item.key for item in facts}) == len(facts)


def test_test_sets_without_examples_are_not_listed():
    labels = LABELS[LABELS < 3]
    cases = build([[[8, 2, 1, 0], [1, 5, 5, 0]]], labels=labels)
    assert cases.test_sets() == (ALL, own(1), own(2), seen(1), seen(2))
    owl, hen_or_owl = of_classes((3,), NAMES), of_classes((2, 3), NAMES)
    assert (cases.size(owl), cases.size(hen_or_owl)) == (0, 4)
    assert not cases.weights(owl, 0).any()


def test_test_sets_count_their_examples():
    cases = build()
    sizes = {test_set: cases.facts(test_set).num_examples for test_set in cases.test_sets()}
    assert sizes[ALL] == 15
    assert (sizes[own(1)], sizes[seen(1)], sizes[unseen(1)]) == (9, 9, 6)
    assert (sizes[own(2)], sizes[unseen(2)]) == (9, 6)


@pytest.mark.parametrize("seed_index", [0, 1])
def test_a_class_that_is_trained_on_and_never_tested_names_silo_and_class(seed_index):
    counts = [[[8, 2, 0, 0], [0, 5, 5, 0]] for _ in range(2)]
    counts[seed_index][1][3] = 1
    with pytest.raises(DataError, match="silo 2 trains on class owl, but the test set"):
        check(counts, labels=LABELS[LABELS < 3])


def check(counts, *, labels):
    check_own_cases(labels, np.asarray(counts, dtype=np.float64).sum(axis=0), NAMES)


def test_a_class_without_a_share_needs_no_test_example():
    counts, labels = [[[8, 2, 0, 0]]], LABELS[LABELS < 2]
    check(counts, labels=labels)
    assert build(counts, labels=labels).unseen_classes(1) == (2, 3)


def test_facts_are_means_over_the_seeds_with_names():
    facts = build().silo_facts(COUNTS)
    assert [item.silo for item in facts] == [1, 2, 3]
    assert facts[0].label_counts == (5.5, 5.5, 0.0, 0.0)
    assert (facts[0].seen, facts[0].unseen) == (("cat", "dog"), ("hen", "owl"))
    assert facts[2].unseen == ()


# Silo 1 lacks hen and owl, silo 2 lacks cat and owl: nobody has owl.
UNKNOWN = ([[8, 2, 0, 0], [0, 5, 5, 0]],)


def label_of(cases, test_set):
    return cases.facts(test_set).label


def test_facts_say_key_kind_and_silo_of_a_test_set():
    facts = build().facts(unseen(2))
    assert (facts.key, facts.kind, facts.silo) == ("unseen:2", Kind.UNSEEN, 2)
    assert (build().facts(DOG_OR_HEN).kind, build().facts(DOG_OR_HEN).silo) == (Kind.CLASSES, None)


def test_a_class_that_nobody_has_is_told_apart_from_those_that_others_have():
    cases = build(UNKNOWN)
    assert (cases.unseen_classes(1), cases.unseen_classes(2)) == ((2, 3), (0, 3))
    assert (cases.learnable_classes(1), cases.learnable_classes(2)) == ((2,), (0,))
    assert cases.nobodys_classes() == (3,)
    assert label_of(cases, unseen(1)) == "never seen by silo 1 (hen; by no silo: owl)"
    facts = cases.silo_facts(UNKNOWN)
    assert [item.unknown for item in facts] == [("owl",), ("owl",)]
    assert [item.learnable for item in facts] == [("hen",), ("cat",)]


def test_a_class_that_is_not_tested_is_not_said_to_be_measured():
    cases = build(UNKNOWN, labels=LABELS[LABELS < 3])
    assert label_of(cases, unseen(1)) == "never seen by silo 1 (hen)"
    assert [item.untested for item in cases.silo_facts(UNKNOWN)] == [("owl",), ("owl",)]


def test_names_with_commas_give_keys_and_labels_that_stay_apart():
    names = ("a", "b", "a,b", "c")
    cases, both, one = build(names=names), of_classes((0, 1), names), of_classes((2,), names)
    assert (both.key, label_of(cases, both)) == ("a,b", "classes a, b")
    assert (one.key, label_of(cases, one)) == ('"a,b"', 'classes "a,b"')
    assert (cases.weights(one, 0) > 0).tolist() == (LABELS == 2).tolist()


@pytest.mark.parametrize("name", [ALL.key, own(1).key, unseen(1).key, "none"])
def test_a_class_with_the_name_of_a_key_has_a_key_of_its_own(name):
    names = (name, "dog", "hen", "owl")
    cases = build(names=names)
    found = (*cases.test_sets(), of_classes((0,), names), of_classes((0, 1), names))
    assert len({test_set.key for test_set in found}) == len(found)
    assert (cases.weights(found[-1], 0) > 0).tolist() == (LABELS < 2).tolist()
