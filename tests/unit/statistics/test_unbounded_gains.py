"""Gains that have no largest one: differences of errors, in whatever unit."""

from dataclasses import astuple

import numpy as np
import pytest
from scipy import stats

from fedcompare.statistics.intervals import paired_gain
from fedcompare.statistics.moments import Moments
from fedcompare.statistics.samples import PSEUDO_WEIGHT, plain, pseudo_values
from fedcompare.statistics.significance import mean_interval


def found(differences):
    return paired_gain(plain(Moments.of(np.asarray(differences, dtype=float))), bounded=False)


def drawn(num_seeds=3, num_examples=40, *, seed=1, gain=0.0):
    random = np.random.default_rng(seed)
    examples = random.exponential(1.0, num_examples) - 1
    seeds = random.normal(0, 0.1, (num_seeds, 1))
    return gain + examples + seeds + random.normal(0, 0.5, (num_seeds, num_examples))


def test_equal_seeds_reduce_to_the_paired_t_interval_over_examples():
    row = np.random.default_rng(2).normal(30, 400, 4000)
    ours, student = found(np.tile(row, (3, 1))), stats.ttest_1samp(row, 0)
    interval = student.confidence_interval()
    assert ours.p_value == pytest.approx(student.pvalue, abs=0.001)
    assert (ours.low, ours.high) == pytest.approx((interval.low, interval.high), rel=0.01)


@pytest.mark.parametrize("unit", [2.0**-20, 2.0**20])
def test_another_unit_changes_nothing_but_the_unit(unit):
    one, other = found(drawn()), found(unit * drawn())
    assert (other.gain, other.low, other.high) == (unit * one.gain, unit * one.low, unit * one.high)
    assert (other.p_value, other.degrees_of_freedom) == (one.p_value, one.degrees_of_freedom)


def test_the_interval_is_symmetric_about_its_centre():
    ours, count = found(drawn(gain=5.0)), 40
    centre = ours.gain * count / (count + 2 * PSEUDO_WEIGHT)
    assert ours.high - centre == pytest.approx(centre - ours.low)


def test_models_that_answer_alike_have_no_difference_and_no_evidence_of_one():
    ours = found(np.zeros((3, 10)))
    assert (ours.gain, ours.low, ours.high, ours.p_value) == (0, 0, 0, 1)


def test_a_single_example_is_no_evidence_however_seeds_agree():
    ours = found(np.full((5, 1), 3.0))
    assert ours.low < 0 < ours.high
    assert ours.p_value > 0.05


def test_the_interval_covers_the_true_gain():
    # Skewed over examples, and spread over seeds, whose draws are part of what is covered.
    covered = 0
    for seed in range(300):
        ours = found(drawn(seed=seed, gain=0.3))
        covered += ours.low <= 0.3 <= ours.high
    assert covered >= 0.92 * 300


def test_examples_that_weigh_alike_are_their_own_pseudo_values():
    differences = drawn()
    weights = np.full(differences.shape, 1 / 40)
    np.testing.assert_allclose(pseudo_values(differences, weights), differences)


def test_seeds_with_examples_of_their_own_are_as_sure_as_their_means_are():
    random = np.random.default_rng(4)
    weights = np.kron(np.eye(4), np.full(30, 1 / 30))  # seed k has examples 30 k to 30 k + 29
    differences = random.normal(1.0, 2.0, weights.shape)
    ours = found(pseudo_values(differences, weights))
    means = (differences * weights).sum(axis=1)
    student = stats.ttest_1samp(means, 0)
    assert ours.gain == pytest.approx(means.mean())
    assert ours.p_value == pytest.approx(student.pvalue, rel=0.1)


def test_what_does_not_count_in_a_seed_changes_nothing():
    weights = np.array([[0.5, 0.5, 0, 0], [0, 0.5, 0.5, 0]])
    one, other = (
        found(pseudo_values(np.array([[1.0, 2, x, 0], [x, 3, 1, 0]]), weights)) for x in (0, 1e6)
    )
    assert astuple(one) == astuple(other)


def test_a_mean_of_one_value_may_be_anything():
    assert mean_interval(np.array([3.0])) == (-np.inf, np.inf)


def test_the_interval_of_a_mean_is_students():
    values = np.random.default_rng(5).normal(2, 3, 25)
    interval = stats.ttest_1samp(values, 0).confidence_interval()
    assert mean_interval(values) == pytest.approx((interval.low, interval.high))
