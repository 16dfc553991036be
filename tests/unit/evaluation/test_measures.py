"""Each measure of the catalog: its value, and by how much an example moves it."""

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    log_loss,
    roc_auc_score,
)

from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.measures import classification
from fedcompare.evaluation.measures.catalog import (
    AUROC,
    BALANCED_ACCURACY,
    BRIER_SCORE,
    LOG_LOSS,
    MEASURES,
    ROOT_MEAN_SQUARED_ERROR,
    SUMMARIES,
    measures_of,
)
from fedcompare.evaluation.measures.slices import Slice
from fedcompare.evaluation.slicing import left_out, slice_of, why_not_measured
from fedcompare.findings.test_sets import ALL, own, unseen
from fedcompare.statistics.stratified import stratified_values
from fedcompare.tasks import CLASSES, Task
from fedcompare.text.units import Unit

COUNT = 60
NAMES = ("no", "yes")
OWNERS = np.repeat([1, 2, 3, 0], [25, 15, 12, 8])
LABELS = np.where(np.arange(COUNT) % 4 == 0, 1, 0)
LABELS[OWNERS == 3] = 0  # one class only
TIES = np.round(np.random.default_rng(4).random(COUNT), 1)


def binary(scores, labels=LABELS):
    """Return answers with these probabilities of the second class."""
    outputs = np.stack([1 - scores, scores], axis=1).astype(np.float32)
    return Answers.of(outputs, ids=np.arange(len(labels)), labels=labels)


def plain(labels=LABELS, silos=None, names=NAMES, folds=None):
    """Return all examples, which weigh alike, of `silos` and `folds`, if any."""
    return Slice(
        weights=np.full(len(labels), 1 / len(labels)),
        classes=labels,
        silos=np.zeros(len(labels), np.int64) if silos is None else silos,
        folds=np.zeros(len(labels), np.int64) if folds is None else folds,
        class_names=names,
        num_silos=0 if silos is None else 3,
        num_folds=1 if folds is None else int(folds.max()) + 1,
    )


def value(measure, answers, part):
    return measure.value(measure.values(answers), part)


def three_classes():
    random = np.random.default_rng(5)
    labels = random.integers(0, 3, COUNT)
    outputs = random.dirichlet(np.ones(3), COUNT).astype(np.float32)
    return Answers.of(outputs, ids=np.arange(COUNT), labels=labels)


def test_values_are_scikit_learns():
    answers, part = binary(TIES), plain()
    scores = answers.probabilities[:, 1].astype(np.float64)
    assert value(AUROC, answers, part) == pytest.approx(roc_auc_score(LABELS, scores))
    assert value(BRIER_SCORE, answers, part) == pytest.approx(brier_score_loss(LABELS, scores))
    balanced = balanced_accuracy_score(LABELS, answers.predicted)
    assert value(BALANCED_ACCURACY, answers, part) == pytest.approx(balanced)
    found = classification.average_precision(answers)
    assert found == pytest.approx(average_precision_score(LABELS, scores))


def test_losses_of_three_classes_are_sums_over_the_classes():
    answers = three_classes()
    part = plain(answers.labels, names=("a", "b", "c"))
    outputs = answers.probabilities.astype(np.float64)
    assert value(LOG_LOSS, answers, part) == pytest.approx(
        log_loss(answers.labels, outputs / outputs.sum(axis=1, keepdims=True)), rel=1e-6
    )
    squares = np.square(outputs - np.eye(3)[answers.labels]).sum(axis=1)
    assert value(BRIER_SCORE, answers, part) == pytest.approx(squares.mean())


def test_a_sure_and_wrong_answer_has_a_finite_log_loss():
    answers = binary(np.where(LABELS == 1, 0.0, 1.0))
    assert 80 < value(LOG_LOSS, answers, plain()) < 90


def test_every_measure_says_what_it_is():
    for row in MEASURES:
        assert row.name
        assert row.line
        assert row.tasks
        assert row.bounds[0] < row.bounds[1]
        assert row.is_bounded == (row.unit in (Unit.PERCENT, Unit.POINTS))
        assert row.is_bounded == row.higher_is_better
        assert not row.is_share or row.form.is_sum
    names = [row.key for row in MEASURES] + [row.name for row in SUMMARIES]
    assert len(set(names)) == len(names)
    assert AUROC in measures_of(Task.BINARY)
    assert AUROC not in measures_of(Task.MULTI_CLASS)
    assert all(row.needs_probabilities for row in (AUROC, LOG_LOSS, BRIER_SCORE))


def test_better_answers_have_a_higher_value_times_the_sign():
    good = binary(np.where(LABELS == 1, 0.8, 0.3))
    better = binary(np.where(LABELS == 1, 0.95, 0.02))
    for row in measures_of(Task.BINARY):
        low, high = (row.sign * value(row, answers, plain()) for answers in (good, better))
        assert high >= low
    for row in (LOG_LOSS, BRIER_SCORE):
        assert row.sign * value(row, better, plain()) > row.sign * value(row, good, plain())


# Influence functions, against numerical derivatives with respect to an example's weight.


def derivative(measured, index, count=COUNT, step=1e-6):
    """Return by how much a measure of weights moves towards one example alone."""
    uniform, one = np.full(count, 1 / count), np.eye(count)[index]
    ends = (measured((1 - sign * step) * uniform + sign * step * one) for sign in (1, -1))
    above, below = ends
    return (above - below) / (2 * step)


def test_the_influence_of_a_squared_error_is_the_roots_derivative():
    errors = np.random.default_rng(1).standard_t(3, COUNT)
    labels = np.zeros(COUNT, np.int64)
    answers = Answers(ids=np.arange(COUNT), labels=labels.astype(float), predicted=errors)
    part = plain(labels, names=())
    row = ROOT_MEAN_SQUARED_ERROR
    linear = row.form.linear(row.values(answers), part)
    root = value(row, answers, part)
    assert root == pytest.approx(np.sqrt(np.square(errors).mean()))
    for index in range(COUNT):
        expected = derivative(lambda weights: np.sqrt(weights @ errors**2), index)
        assert linear[index] - root == pytest.approx(expected, rel=1e-4, abs=1e-8)


def values_of(row, answers, part):
    """Return each example's value as intervals have it, and the strata's inflation taken out."""
    strata = row.form.strata(part)
    linear = row.form.linear(row.values(answers), part)
    found = stratified_values(
        linear[None], strata.members[None], strata.shares[None], times=strata.times
    )[0]
    counts = strata.counts[strata.members]
    return (found - value(row, answers, part)) * np.sqrt((counts - 1) / counts)


@pytest.mark.parametrize("scores", [TIES, np.random.default_rng(2).random(COUNT)])
def test_the_influence_of_a_placement_is_the_aurocs_derivative(scores):
    answers = binary(scores)
    found = values_of(AUROC, answers, plain())
    assert found.sum() == pytest.approx(0, abs=1e-9)
    exact = answers.probabilities[:, 1].astype(np.float64)
    for index in range(COUNT):
        expected = derivative(
            lambda weights: roc_auc_score(LABELS, exact, sample_weight=weights), index
        )
        assert found[index] == pytest.approx(expected, rel=1e-4, abs=1e-6)


def test_the_influence_on_balanced_accuracy_is_its_derivative():
    answers = binary(TIES)
    found = values_of(BALANCED_ACCURACY, answers, plain())
    for index in range(COUNT):
        expected = derivative(
            lambda weights: balanced_accuracy_score(
                LABELS, answers.predicted, sample_weight=weights
            ),
            index,
        )
        assert found[index] == pytest.approx(expected, rel=1e-4, abs=1e-6)


# Silos with rows of their own.


def test_only_rows_of_one_silo_are_compared_and_silos_weigh_as_their_pairs():
    answers = binary(TIES)
    pairs, sums = 0, 0.0
    for silo in (0, 1, 2):
        own_rows = silo == OWNERS
        ones = int(LABELS[own_rows].sum())
        number = ones * (own_rows.sum() - ones)
        pairs += number
        sums += number * roc_auc_score(LABELS[own_rows], TIES[own_rows])
    part = plain(silos=OWNERS)
    assert value(AUROC, answers, part) == pytest.approx(sums / pairs)
    assert AUROC.form.left_out(part) == (3,)
    assert AUROC.missing(part) == ""


def test_a_silo_places_its_rows_without_anybody_elses():
    first, second = TIES.copy(), TIES.copy()
    second[OWNERS != 1] = np.random.default_rng(9).random((OWNERS != 1).sum())
    rows = [
        AUROC.form.linear(AUROC.values(binary(scores)), plain(silos=OWNERS))
        for scores in (first, second)
    ]
    np.testing.assert_array_equal(rows[0][OWNERS == 1], rows[1][OWNERS == 1])
    assert (rows[0] != rows[1]).any()


def test_a_silo_that_shifts_its_scores_does_not_change_what_it_orders():
    shifted = np.where(OWNERS == 2, TIES / 2 + 0.5, TIES)
    part = plain(silos=OWNERS)
    found = [value(AUROC, binary(scores), part) for scores in (TIES, shifted)]
    assert found[0] == pytest.approx(found[1])
    assert value(AUROC, binary(shifted), plain()) != pytest.approx(
        value(AUROC, binary(TIES), plain())
    )


def test_only_rows_that_the_same_models_answered_are_compared():
    folds = np.arange(COUNT) // 10 % 3
    part = plain(silos=np.where(OWNERS == 0, 1, OWNERS), folds=folds)
    # A model of each fold gives one answer, the lower the more of the class it holds out.
    constant = binary(np.array([0.2, 0.1, 0.3])[folds])
    assert value(AUROC, constant, part) == pytest.approx(0.5)
    assert value(AUROC, constant, plain()) != pytest.approx(0.5)
    pairs, sums = 0, 0.0
    for silo in (1, 2):
        for fold in (0, 1, 2):
            rows = (np.where(OWNERS == 0, 1, OWNERS) == silo) & (folds == fold)
            number = int(np.prod(np.bincount(LABELS[rows], minlength=2)))
            pairs += number
            sums += number * roc_auc_score(LABELS[rows], TIES[rows]) if number else 0
    assert value(AUROC, binary(TIES), part) == pytest.approx(sums / pairs)
    assert AUROC.form.left_out(part) == (3,)


# What cannot be asked.


def cases_of(labels, owners=None, measure=AUROC):
    counts = [[(30, 5), (20, 0), (10, 3)]] * 2
    return Cases.build(
        labels,
        counts,
        NAMES,
        measure=measure,
        owners=None if owners is None else np.stack([owners] * 2),
    )


def test_one_class_alone_is_said_and_has_no_value():
    zeros = np.zeros(20, np.int64)
    cases = cases_of(zeros)
    assert why_not_measured(cases, ALL) == "it has no test example of class yes to compare with"
    assert value(AUROC, binary(np.linspace(0, 1, 20), zeros), slice_of(cases, ALL, 0)) is None


def test_under_five_of_a_class_there_is_a_value_but_no_question():
    labels = np.repeat([0, 1], [20, 4])
    cases = cases_of(labels)
    assert why_not_measured(cases, ALL) == (
        "it has only 4 of the 5 test examples of class yes that are the least to compare"
    )
    assert value(AUROC, binary(np.linspace(0, 1, 24), labels), slice_of(cases, ALL, 0)) == 1.0
    assert why_not_measured(cases_of(np.repeat([0, 1], [20, 5])), ALL) == ""


def test_a_silo_that_cannot_be_asked_harms_no_other():
    cases = cases_of(LABELS, OWNERS)
    assert [bool(why_not_measured(cases, own(silo))) for silo in (1, 2, 3)] == [False, True, True]
    assert why_not_measured(cases, own(3)) == "it has no test example of class yes to compare with"
    assert why_not_measured(cases, ALL) == ""
    assert left_out(cases, ALL) == (3,)


def test_no_silo_with_both_classes_is_said():
    labels, owners = np.repeat([0, 1], 10), np.repeat([1, 2], 10)
    reason = why_not_measured(cases_of(labels, owners), ALL)
    assert reason == "nowhere are there test examples of both classes to compare"


def test_classes_that_a_silo_never_saw_cannot_be_ordered():
    assert why_not_measured(cases_of(LABELS), unseen(2)).startswith("it has no test example")


@pytest.mark.parametrize("measure", [row for row in MEASURES if row.tasks == CLASSES])
def test_means_can_be_asked_wherever_there_are_examples(measure):
    cases = cases_of(LABELS, OWNERS, measure)
    assert why_not_measured(cases, own(3)) == ""
    assert left_out(cases, ALL) == ()
