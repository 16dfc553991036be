"""Means of strata and orders of pairs, against few-line implementations of their variance."""

import numpy as np
import pytest

from fedcompare.statistics.intervals import paired_gain
from fedcompare.statistics.moments import Moments
from fedcompare.statistics.placements import placements as placed_by_ranks
from fedcompare.statistics.samples import plain, standardised
from fedcompare.statistics.stratified import stratified, stratified_values

RANDOM = np.random.default_rng(3)
LABELS = np.repeat([0, 1], [25, 12])
SCORES = RANDOM.normal(size=(2, 37)) + np.stack([0.7 * LABELS, 1.1 * LABELS])
HALVES = np.array([[0.5, 0.5]])


def placements(scores, labels):
    """Return DeLong's placements, by brute force."""
    found = np.empty(len(scores))
    cases, controls = scores[labels == 1], scores[labels == 0]
    for index, (score, label) in enumerate(zip(scores, labels, strict=True)):
        others, sign = (controls, 1) if label else (cases, -1)
        found[index] = np.mean((np.sign(sign * (score - others)) + 1) / 2)
    return found


def delong(first, second, labels):
    """Return the variance of the difference of two AUROCs (DeLong et al. 1988)."""
    difference = placements(first, labels) - placements(second, labels)
    return sum(np.var(difference[labels == c], ddof=1) / (labels == c).sum() for c in (0, 1))


def repeated(row, num_seeds=3):
    return np.stack([row] * num_seeds)


def test_placements_are_those_by_hand_for_every_silo_and_model_with_ties():
    silos = RANDOM.permutation(np.repeat([0, 3, 4], [12, 12, 13]))
    labels = np.where(np.arange(37) % 3 == 0, 1, 0)
    scores = np.round(RANDOM.random((5, 37)), 1).astype(np.float32).astype(np.float64)
    found = placed_by_ranks(scores, labels == 1, silos)
    for row, model in zip(found, scores, strict=True):
        for silo in (0, 3, 4):
            own = silos == silo
            np.testing.assert_allclose(row[own], placements(model[own], labels[own]))


def test_one_seeds_variance_is_delongs():
    difference = placements(SCORES[1], LABELS) - placements(SCORES[0], LABELS)
    members, shares = repeated(LABELS), repeated(HALVES[0])
    values = stratified_values(repeated(difference), members, shares, times=2)
    sample = stratified(Moments.of(values), members, shares, None, times=2)
    count, expected = len(LABELS), delong(*SCORES, LABELS)
    assert sample.gain == pytest.approx(difference[LABELS == 1].mean())
    assert sample.gain == pytest.approx(difference[LABELS == 0].mean())
    # Seeds that agree leave the examples' term alone, with N - 1 in place of N.
    assert sample.squares.seed == sample.squares.residual == pytest.approx(0, abs=1e-12)
    found = sample.squares.example / (3 * count)
    assert found == pytest.approx(expected * count / (count - 1))


def test_the_examples_t_has_the_rarer_classs_degrees_of_freedom():
    members, shares = repeated(LABELS), repeated(HALVES[0])
    values = stratified_values(RANDOM.normal(size=(3, 37)), members, shares, times=2)
    assert stratified(Moments.of(values), members, shares, None, times=2).freedom == pytest.approx(
        11
    )


def test_a_stratum_gets_pseudo_placements_of_a_64th():
    members, shares = repeated(LABELS), repeated(HALVES[0])
    nothing = np.zeros((3, 37))
    sample = stratified(Moments.of(nothing), members, shares, None, times=2)
    found = paired_gain(sample)
    # Two of weight 1/64 and size 1 in each class add 2 / 64 / n_c^2 each to the variance.
    assert found.standard_error**2 == pytest.approx(2 / 64 * (1 / 25**2 + 1 / 12**2))


def test_a_class_in_many_strata_gets_no_more_pseudo_placements():
    silos = np.arange(37) % 3
    counts = np.bincount(2 * silos + LABELS, minlength=6)
    members = repeated(2 * silos + LABELS)
    pairs = counts.reshape(3, 2).prod(axis=1)
    shares = repeated(np.repeat(pairs / pairs.sum() / 2, 2))
    sample = stratified(Moments.of(np.zeros((3, 37))), members, shares, None, times=2)
    sizes = [1 / ((2 * shares[0, kind::2]) ** 2 / counts[kind::2]).sum() for kind in (0, 1)]
    error = paired_gain(sample).standard_error
    assert error**2 == pytest.approx(2 / 64 * sum(1 / size**2 for size in sizes))
    assert sample.freedom == pytest.approx(min(sizes) - 1)


def test_classes_with_shares_are_the_standardised_sample():
    differences = RANDOM.integers(-1, 2, (3, 37)).astype(float)
    members, shares = repeated(LABELS), repeated(np.array([0.3, 0.7]))
    values = stratified_values(differences, members, shares)
    found = stratified(Moments.of(values), members, shares, None)
    expected = standardised(Moments.by_class(differences, LABELS, 2), shares)
    assert found.gain == pytest.approx(expected.gain)
    np.testing.assert_allclose(found.seed_gains, expected.seed_gains)
    for name in ("seed", "example", "residual"):
        assert getattr(found.squares, name) == pytest.approx(getattr(expected.squares, name))
    assert (found.size, found.coarseness) == pytest.approx((expected.size, expected.coarseness))


def test_silos_moments_add_up():
    """Given the sums over all, each silo's values follow from its own rows."""
    silos = np.repeat([0, 1], [20, 17])
    labels = RANDOM.permutation(LABELS)
    members = repeated(2 * silos + labels)
    shares = repeated(np.array([0.3, 0.3, 0.2, 0.2]))
    values = stratified_values(RANDOM.normal(size=(3, 37)), members, shares, times=2)
    parts = [Moments.by_class(values[:, silos == s], labels[silos == s], 2) for s in (0, 1)]
    whole = Moments.by_class(values, labels, 2)
    added = parts[0] + parts[1]
    np.testing.assert_allclose(added.sums, whole.sums)
    np.testing.assert_allclose(added.products, whole.products)
    found, expected = (stratified(m, members, shares, None, times=2) for m in (added, whole))
    assert paired_gain(found).low == pytest.approx(paired_gain(expected).low)


def test_a_silo_with_a_single_case_is_not_certain_of_it():
    members = repeated(np.repeat([0, 1, 2, 3], [20, 10, 20, 1]))
    differences = repeated(np.where(np.arange(51) >= 30, 1.0, 0.0))
    shares = repeated(np.array([0.45, 0.45, 0.05, 0.05]))
    values = stratified_values(differences, members, shares, times=2)
    np.testing.assert_allclose(values.mean(axis=1), 0.1)
    assert values[0, -1] - 0.1 > 1
    assert (np.abs(values[0, 30:-1] - 0.1) < 0.1).all()


def test_groups_count_as_one_in_the_size():
    groups = np.arange(37) // 2
    members, shares = repeated(LABELS), repeated(HALVES[0])
    values = stratified_values(RANDOM.normal(size=(3, 37)), members, shares, times=2)
    alone = stratified(Moments.of(values), members, shares, None, times=2)
    moments = Moments.by_class(values, np.zeros(37, int), 1, groups)
    paired = stratified(moments, members, shares, groups, times=2)
    assert paired.size < alone.size
    assert paired.coarseness > alone.coarseness


def test_examples_that_are_in_no_stratum_do_not_move_the_mean():
    members = repeated(np.where(np.arange(37) < 5, -1, LABELS))
    differences = RANDOM.normal(size=(3, 37))
    values = stratified_values(differences, members, repeated(HALVES[0]))
    means = values[:, :5]
    np.testing.assert_allclose(means, np.broadcast_to(means[:, :1], (3, 5)))
    sample = plain(Moments.of(values))
    np.testing.assert_allclose(sample.seed_gains, means[:, 0])
