"""When it is said that nothing was learnt, and when that accuracy cannot decide."""

from dataclasses import replace

import numpy as np
import pytest

from fedcompare.comparison.chance import judge
from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.measures.catalog import AUROC, LOG_LOSS, ROOT_MEAN_SQUARED_ERROR
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import ModelId

NAMES = ("cat", "dog", "eel")
ISOLATED, FEDERATED = ModelId(Regime.ISOLATED, 1), ModelId(Regime.FEDERATED)


def labels(*counts):
    return np.repeat(np.arange(len(counts)), counts)


def cases_of(true, *, names=NAMES, seeds=3, groups=None):
    return Cases.build(true, [[np.ones(len(names) or 1)]] * seeds, names, groups=groups)


def right(true, share, num_classes=3):
    """Return answers of which this share, spread evenly, is right."""
    count = len(true)
    is_right = np.diff(np.floor(np.arange(count + 1) * share + 1e-9)).astype(bool)
    predicted = np.where(is_right, true, (true + 1) % num_classes)
    outputs = 0.1 + 0.7 * np.eye(num_classes)[predicted]
    return Answers.of(outputs.astype(np.float32), ids=np.arange(count), labels=true)


def scores(true, mean, *, seed=0):
    """Return answers to two classes whose scores are `mean` apart, and all below 1/2."""
    noise = np.random.default_rng(seed).normal(size=len(true))
    positive = 0.4 / (1 + np.exp(-(mean * true + noise)))
    outputs = np.stack([1 - positive, positive], axis=1).astype(np.float32)
    return Answers.of(outputs, ids=np.arange(len(true)), labels=true)


def judged(true, shares, *, seeds=3, **how):
    made = {model: right(true, share) for model, share in shares.items()}
    return judge([made] * seeds, cases_of(true, seeds=seeds, **how))


def test_a_model_at_chance_learnt_nothing_and_both_numbers_are_told():
    found = judged(labels(20, 40, 30), {ISOLATED: 0.2, FEDERATED: 0.36})
    assert not found.learnt
    assert found.warning.startswith(
        "Nothing was learnt: no model is surely better than always answering dog, the commonest "
        "class, which is right on 44.4 % of 90 test examples. The best one (federated) gets 35.6 %"
    )


@pytest.mark.parametrize("seeds", [1, 3])
@pytest.mark.parametrize(("size", "is_learnt"), [(30, False), (3000, True)])
def test_being_better_must_be_more_than_luck(size, is_learnt, seeds):
    third = size // 3
    found = judged(labels(third, third, third), {FEDERATED: 0.4}, seeds=seeds)
    assert found.learnt is is_learnt
    assert (found.warning is None) is is_learnt


def test_rows_that_belong_together_are_no_more_evidence_than_their_groups():
    true = labels(300, 300, 300)
    single = judged(true, {FEDERATED: 0.4})
    grouped = judge(
        [{FEDERATED: clumped(true)}] * 3, cases_of(true, groups=np.arange(len(true)) // 90)
    )
    assert single.learnt
    assert not grouped.learnt


def clumped(true):
    """Return answers that are right on 40 %: on four of ten groups of 90."""
    is_right = np.isin(np.arange(len(true)) // 90, [0, 1, 3, 6])
    outputs = np.eye(3)[np.where(is_right, true, (true + 1) % 3)]
    return Answers.of(outputs.astype(np.float32), ids=np.arange(len(true)), labels=true)


def test_one_model_that_learnt_is_enough():
    found = judged(labels(30, 30, 30), {ISOLATED: 0.1, FEDERATED: 0.9})
    assert (found.warning, found.learnt) == (None, True)


def test_where_one_class_is_most_of_the_test_set_accuracy_alone_proves_nothing():
    true = labels(90, 5, 5)
    always = np.eye(3)[np.zeros(100, dtype=int)].astype(np.float32)
    made = {FEDERATED: Answers.of(always, ids=np.arange(100), labels=true)}
    assert "right on 90.0 %" in judge([made] * 3, cases_of(true)).warning


def test_a_test_set_of_one_class_shows_no_learning():
    assert not judged(labels(0, 50), {FEDERATED: 1.0}).learnt


def test_where_accuracy_is_not_beaten_the_measure_that_decides_is_named_first():
    true, names = labels(260, 40), ("alive", "dead")
    made = [{FEDERATED: scores(true, 1.5, seed=seed)} for seed in range(3)]
    found = judge(made, replace(cases_of(true, names=names), measure=AUROC))
    assert found.learnt
    assert found.warning.startswith(
        "No model is surely more accurate than always answering alive, the commonest class, which "
        "is right on 86.7 % of 300 test examples; the best one (federated) gets 86.7 % right. "
        "Another measure decides here: always answering the same has an AUROC of 50.0, and"
    )


def test_where_accuracy_is_asked_for_and_not_beaten_a_fairer_measure_is_named():
    true, names = labels(260, 40), ("alive", "dead")
    made = [{FEDERATED: scores(true, 1.5, seed=seed)} for seed in range(3)]
    found = judge(made, cases_of(true, names=names))
    assert not found.learnt
    assert found.warning.startswith("Accuracy decides nothing here: no model is surely better than")
    assert found.warning.endswith('decide by that, with --measure "AUROC".')


@pytest.mark.parametrize("measure", [AUROC, LOG_LOSS], ids=lambda measure: measure.name)
def test_whatever_decides_must_be_beaten_too(measure):
    true, names = labels(260, 40), ("alive", "dead")
    made = [{FEDERATED: scores(true, 0.0, seed=seed)} for seed in range(3)]
    found = judge(made, replace(cases_of(true, names=names), measure=measure))
    assert not found.learnt
    article = "an" if measure is AUROC else "a"
    said = f"than always answering the same, which has {article} {measure.name} of "
    assert found.warning.startswith(f"Nothing was learnt: no model is surely better {said}")


def test_conventional_models_learn_nothing_for_networks_but_show_what_could_be_learnt():
    true, trees = labels(300, 300, 300), ModelId(Regime.BOOSTED_TREES, 2)
    found = judged(true, {FEDERATED: 0.3, trees: 0.9})
    assert not found.learnt
    assert "The best one (federated)" in found.warning
    assert found.warning.endswith(
        " But boosted-trees, silo 2, which is scikit-learn's, gets 90.0 % right: not the data, but "
        "the settings of training are at fault."
    )
    assert "scikit-learn" not in judged(true, {FEDERATED: 0.3, trees: 0.3}).warning


def numbers(errors, true):
    return Answers.of(true + errors, ids=np.arange(len(true)), labels=true)


@pytest.mark.parametrize("measure", [None, ROOT_MEAN_SQUARED_ERROR])
def test_numbers_must_be_nearer_than_the_one_that_suits_all_best(measure):
    true = np.random.default_rng(0).normal(80, 9, 60)
    cases = cases_of(true, names=())
    cases = replace(cases, measure=measure) if measure else cases
    off = np.median(true) - true
    found = judge([{ISOLATED: numbers(2 * off, true), FEDERATED: numbers(off, true)}] * 3, cases)
    assert not found.learnt
    assert found.warning.startswith("Nothing was learnt: no model is surely nearer than always")
    assert "The best one (federated) has a " in found.warning
    assert judge(
        [{ISOLATED: numbers(off, true), FEDERATED: numbers(off / 3, true)}] * 3, cases
    ).learnt


def test_one_seed_is_judged_where_silos_have_rows_of_their_own():
    true = np.random.default_rng(0).normal(80, 9, 60)
    cases = replace(cases_of(true, names=(), seeds=1), owners=np.ones((1, 60), np.int64))
    off = np.median(true) - true
    assert not judge([{FEDERATED: numbers(off, true)}], cases).learnt
    assert judge([{FEDERATED: numbers(off / 3, true)}], cases).learnt


def test_models_that_order_cases_have_learnt_something_though_the_log_loss_hides_it():
    true, names = labels(260, 40), ("alive", "dead")
    ordered = np.linspace(0.3, 0.4, 300)  # rightly, but far too high for so rare a class
    outputs = np.stack([1 - ordered, ordered], axis=1).astype(np.float32)
    made = [{FEDERATED: Answers.of(outputs, ids=np.arange(300), labels=true)}] * 3
    found = judge(made, replace(cases_of(true, names=names), measure=LOG_LOSS))
    assert not found.learnt
    assert found.warning.startswith("Log loss decides nothing here: no model is surely better")
    assert 'with --measure "AUROC"' in found.warning
