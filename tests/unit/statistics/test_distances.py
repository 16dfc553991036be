"""Distances between silos: known values, and what must hold of all of them."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import jensenshannon

from fedcompare.statistics.distances import (
    FURTHEST,
    hellinger,
    is_chance_of_means,
    is_chance_of_shares,
    jensen_shannon,
    mean_differences,
)

MEASURES = [jensen_shannon, hellinger]


def differences(*silos):
    """Return the differences of means of silos with these numbers, and how many each has."""
    sizes = np.array([float(len(own)) for own in silos])
    means = np.array([np.mean(own) if len(own) else np.nan for own in silos])
    scatters = np.array([np.var(own) * len(own) if len(own) else 0.0 for own in silos])
    return mean_differences(sizes, means, scatters), sizes


def test_jensen_shannon_is_that_of_scipy_against_all_others_together():
    counts = np.array([[3.0, 1, 0], [2, 2, 2], [0, 0, 5]])
    expected = [
        jensenshannon(own, counts.sum(axis=0) - own, base=2)  # it takes shares of counts
        for own in counts
    ]
    np.testing.assert_allclose(jensen_shannon(counts), expected)


def test_hellinger_is_what_its_formula_gives():
    own, others = np.array([0.25, 0.75]), np.array([0.5, 0.5])
    expected = math.sqrt(1 - np.sqrt(own * others).sum())
    np.testing.assert_allclose(hellinger(np.array([[1.0, 3], [20, 20]])), [expected] * 2)


def test_a_difference_of_means_is_cohens_d():
    one, two = [1.0, 2, 3, 6], [4.0, 8, 9]
    pooled = math.sqrt((3 * np.var(one, ddof=1) + 2 * np.var(two, ddof=1)) / 5)
    found, _ = differences(one, two)
    np.testing.assert_allclose(found, [(3 - 7) / pooled, (7 - 3) / pooled])


def test_the_others_of_three_silos_are_pooled():
    one, two, three = [1.0, 2, 4], [5.0, 9], [0.0, 3, 3, 7]
    found, _ = differences(one, two, three)
    (alone, _), _ = differences(one, [*two, *three])
    assert found[0] == pytest.approx(alone)


@pytest.mark.parametrize("measure", MEASURES)
def test_shares_that_are_equal_are_0_and_disjoint_ones_1_apart(measure):
    np.testing.assert_allclose(measure(np.array([[1.0, 2], [30, 60], [5, 10]])), 0, atol=1e-7)
    np.testing.assert_allclose(measure(np.array([[4.0, 0, 0], [0, 1, 2]])), 1)


@pytest.mark.parametrize("measure", MEASURES)
def test_two_silos_lie_equally_far_apart_whatever_their_sizes(measure):
    one, two = measure(np.array([[1.0, 2, 0], [300, 100, 90]]))
    assert one == pytest.approx(two)
    assert one > 0


@pytest.mark.parametrize("measure", MEASURES)
def test_shares_depend_on_no_order_of_categories_and_on_no_category_that_nobody_has(measure):
    counts = np.random.default_rng(0).integers(0, 9, (4, 5)).astype(float)
    other = np.hstack([counts[:, ::-1], np.zeros((4, 1))])
    np.testing.assert_allclose(measure(other), measure(counts))


def test_differences_of_means_depend_on_no_unit_and_no_origin():
    random = np.random.default_rng(0)
    silos = [random.normal(loc, 2, size) for loc, size in ((0, 5), (3, 1), (-1, 30))]
    found, _ = differences(*silos)
    moved, _ = differences(*(1e6 + 1000 * own for own in silos))
    np.testing.assert_allclose(moved, found, rtol=1e-6)
    (one, two), _ = differences(*silos[::2])
    assert one == pytest.approx(-two)


def test_a_silo_without_values_and_the_others_of_the_only_one_have_no_distance():
    assert np.isnan(differences([], [1.0, 2, 3])[0]).all()
    for measure in MEASURES:
        assert np.isnan(measure(np.array([[0.0, 0], [3, 1]]))).all()
        found = measure(np.array([[0.0, 0], [3, 1], [1, 5]]))
        assert np.isnan(found).tolist() == [True, False, False]


def test_one_value_is_enough_beside_others_that_vary():
    found, _ = differences([9.0], [1.0, 2, 3])
    assert found[0] == pytest.approx((9 - 2) / 1.0)


def test_without_spread_equal_values_do_not_differ_and_others_lie_furthest():
    assert differences([0.1] * 3, [0.1] * 7)[0].tolist() == [0, 0]
    assert differences([0.1] * 3, [0.3] * 7)[0].tolist() == [-FURTHEST, FURTHEST]


def test_chance_of_means_is_that_of_students_t_test():
    random = np.random.default_rng(0)
    silos = [random.normal(loc, 1, size) for loc, size in ((0, 9), (1.1, 12))]
    found, sizes = differences(*silos)
    p = stats.ttest_ind(*silos).pvalue
    for comparisons, expected in ((0.01 / p * 1.001, True), (0.01 / p * 0.999, False)):
        assert is_chance_of_means(found, sizes, comparisons).tolist() == [expected] * 2


@pytest.mark.parametrize("sizes", [[10] * 3, [1, 20, 50], [5] * 40, [400, 40, 60]])
def test_rows_that_are_dealt_at_random_rarely_differ_by_more_than_chance(sizes):
    random = np.random.default_rng(0)
    false = {"shares": 0, "means": 0}
    for _ in range(100):
        shares = random.dirichlet(np.ones(6))
        counts = np.array([random.multinomial(size, shares) for size in sizes], dtype=float)
        found, each = differences(*(random.normal(size=size) for size in sizes))
        false["shares"] += not is_chance_of_shares(counts, len(sizes)).all()
        false["means"] += not is_chance_of_means(found, each, len(sizes)).all()
    assert max(false.values()) <= 5


def test_large_silos_that_differ_do_so_by_more_than_chance():
    counts = np.array([[500.0, 500], [700, 300], [5, 5]])
    assert is_chance_of_shares(counts, 3).tolist() == [False, False, True]
