"""Contrasts of two models by every measure: their gain, and how sure it is."""

import numpy as np
import pytest

from fedcompare.comparison.contrasts import Weighting
from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.measures.catalog import (
    ACCURACY,
    AUROC,
    BALANCED_ACCURACY,
    ROOT_MEAN_SQUARED_ERROR,
    measures_of,
)
from fedcompare.findings.test_sets import ALL, of_classes, own
from fedcompare.tasks import Task

NAMES = ("no", "yes")
SEEDS = 3
COUNT = 120
LABELS = (np.arange(COUNT) % 4 == 0).astype(np.int64)
OWNERS = np.repeat([1, 2], [70, 50])
COUNTS = [[(40, 10), (30, 10)]] * SEEDS
ELSEWHERE = np.stack([np.roll(OWNERS, 10 * index) for index in range(SEEDS)])


def answering(strength, seed, labels=LABELS):
    """Return a model's answers in each seed; the stronger, the better."""
    random = np.random.default_rng(seed)
    found = []
    for _ in range(SEEDS):
        score = 1 / (1 + np.exp(-(strength * (labels - 0.5) + random.normal(size=len(labels)))))
        outputs = np.stack([1 - score, score], axis=1).astype(np.float32)
        found.append(Answers.of(outputs, ids=np.arange(len(labels)), labels=labels))
    return found


def weighting(test_set, owners=None):
    stacked = np.stack([OWNERS] * SEEDS) if owners is None else owners
    cases = Cases.build(LABELS, COUNTS, NAMES, owners=stacked if owners is not False else None)
    return Weighting.of(cases, test_set, SEEDS)


WEAK, STRONG = answering(0.5, seed=1), answering(2.5, seed=2)
WHERE = [(ALL, None), (own(1), None), (ALL, ELSEWHERE), (own(2), ELSEWHERE), (own(1), False)]
PLACES = ["all", "own", "all of other rows", "own of other rows", "own by class shares"]


@pytest.mark.parametrize("measure", measures_of(Task.BINARY), ids=lambda row: row.key)
@pytest.mark.parametrize(("test_set", "owners"), WHERE, ids=PLACES)
def test_the_gain_is_the_difference_of_the_two_values_and_better_is_positive(
    measure, test_set, owners
):
    view = weighting(test_set, owners)
    found = view.contrast(STRONG, WEAK, measure)
    differences = measure.sign * (found.challenger - found.baseline)
    assert found.found.gain == pytest.approx(differences.mean())
    assert found.found.gain > 0
    assert found.found.low < found.found.gain < found.found.high
    back = view.contrast(WEAK, STRONG, measure)
    assert back.found.gain == pytest.approx(-found.found.gain)
    assert (back.found.low, back.found.p_value) == pytest.approx(
        (-found.found.high, found.found.p_value)
    )


def leaving_out(measured):
    """Return the jackknife's variance of what `measured` says of the rows that it is given."""
    found = np.array([measured(np.delete(np.arange(COUNT), row)) for row in range(COUNT)])
    return (COUNT - 1) / COUNT * np.square(found - found.mean()).sum()


def test_the_variance_of_an_aurocs_difference_is_the_jackknifes():
    from sklearn.metrics import roc_auc_score

    first, second = STRONG[0], WEAK[0]

    def measured(rows):
        ours, theirs = (
            roc_auc_score(LABELS[rows], own.probabilities[rows, 1]) for own in (first, second)
        )
        return ours - theirs

    found = weighting(ALL, False).contrast([first] * SEEDS, [second] * SEEDS, AUROC).found
    assert found.standard_error**2 == pytest.approx(leaving_out(measured), rel=0.03)


def test_the_variance_of_a_roots_difference_is_the_jackknifes():
    random = np.random.default_rng(6)
    labels = random.normal(size=COUNT)
    ours, theirs = (labels + scale * random.standard_t(5, COUNT) for scale in (1.0, 1.4))
    first, second = (
        Answers(ids=np.arange(COUNT), labels=labels, predicted=own) for own in (ours, theirs)
    )
    cases = Cases.build(labels, [[(70,), (50,)]] * SEEDS, (), owners=np.stack([OWNERS] * SEEDS))

    def measured(rows):
        errors = (np.square(own[rows] - labels[rows]).mean() for own in (theirs, ours))
        return np.subtract(*np.sqrt(list(errors)))

    view = Weighting.of(cases, ALL, SEEDS)
    found = view.contrast([first] * SEEDS, [second] * SEEDS, ROOT_MEAN_SQUARED_ERROR).found
    assert found.gain == pytest.approx(measured(np.arange(COUNT)))
    assert found.standard_error**2 == pytest.approx(leaving_out(measured), rel=0.1)


def test_one_classs_accuracy_is_that_of_its_examples():
    view = weighting(of_classes((1,), NAMES), False)
    found = view.contrast(STRONG, WEAK, ACCURACY)
    right = [(own.predicted == 1)[LABELS == 1].mean() for own in STRONG]
    np.testing.assert_allclose(found.challenger, right)
    assert found.num_examples == (LABELS == 1).sum()


def test_balanced_accuracy_is_the_mean_of_the_classes_accuracies_with_the_classes_interval():
    found = weighting(ALL, False).contrast(STRONG, WEAK, BALANCED_ACCURACY)
    parts = [
        weighting(of_classes((c,), NAMES), False).contrast(STRONG, WEAK, ACCURACY) for c in (0, 1)
    ]
    assert found.found.gain == pytest.approx(np.mean([part.found.gain for part in parts]))
    assert found.moments.counts.tolist() == [90, 30]


def test_rows_that_only_some_seeds_own_are_about_as_certain_as_the_same_rows():
    """Balanced accuracy goes two ways: standardised classes, and values of strata."""
    fixed = weighting(ALL).contrast(STRONG, WEAK, BALANCED_ACCURACY).found
    moved = weighting(own(1), ELSEWHERE).contrast(STRONG, WEAK, BALANCED_ACCURACY).found
    assert 0.8 < moved.standard_error / fixed.standard_error < 2


def test_what_an_auroc_is_made_of_has_no_parts_by_class():
    view = weighting(ALL, False)
    assert view.part(STRONG, WEAK, (0,), AUROC) is None
    assert view.part(STRONG, WEAK, (0,), BALANCED_ACCURACY) is not None


def test_what_cannot_be_compared_is_refused_in_words():
    view = weighting(of_classes((0,), NAMES), False)
    assert "no test example of class yes" in view.missing(AUROC)
    with pytest.raises(ValueError, match="cannot be compared by AUROC"):
        view.contrast(STRONG, WEAK, AUROC)
    assert np.isnan(view.means(STRONG, AUROC)).all()


def test_each_silos_moments_of_an_auroc_add_up_to_those_of_all():
    """A silo places its own rows alone; numbers of pairs are what it is told of the others."""
    whole = weighting(ALL).contrast(STRONG, WEAK, AUROC)
    pairs = [int(np.prod(np.bincount(LABELS[silo == OWNERS]))) for silo in (1, 2)]
    alone = [weighting(own(silo)).contrast(STRONG, WEAK, AUROC) for silo in (1, 2)]
    gains = np.stack([part.challenger - part.baseline for part in alone])
    expected = np.average(gains, axis=0, weights=pairs)
    np.testing.assert_allclose(whole.challenger - whole.baseline, expected)
    # Seeds' own influence, over all rows: a silo's is that of its own rows times its share.
    total = whole.moments.products.sum(axis=0) - COUNT * np.outer(expected, expected)
    shares, added = np.array(pairs) / sum(pairs), np.zeros((SEEDS, SEEDS))
    for share, part, gain in zip(shares, alone, gains, strict=True):
        count = part.num_examples
        own_influence = part.moments.products.sum(axis=0) - count * np.outer(gain, gain)
        added += (share * COUNT / count) ** 2 * own_influence
    np.testing.assert_allclose(total, added)
