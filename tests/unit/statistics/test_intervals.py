from dataclasses import replace
from functools import reduce

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from fedcompare.statistics.combined import combined_p_value, combined_t, equivalent_freedom
from fedcompare.statistics.intervals import paired_gain
from fedcompare.statistics.moments import Moments
from fedcompare.statistics.samples import plain, standardised
from fedcompare.statistics.significance import wilson
from fedcompare.statistics.uncertainty import uncertainty_of
from raw_differences import LABELS, draw, raw_mean_squares, raw_plain, raw_standardised


def sampled(differences):
    return plain(Moments.of(differences))


def weighted(differences, labels, class_shares):
    return standardised(Moments.by_class(differences, labels, class_shares.shape[1]), class_shares)


def test_the_power_by_hand():
    beyond_chance = np.array([[1.0, 1, 1, 0], [1, 0, 0, 0]])
    squares = raw_mean_squares(beyond_chance)
    assert squares.seed > squares.residual
    example = max(squares.example - squares.residual, 0)
    pseudo = 2 * 0.125 * (1 + (0.5 * 4 / 4.125) ** 2) / 4
    share = (squares.seed - squares.residual) / (squares.seed + example + pseudo)
    assert uncertainty_of(sampled(beyond_chance)).power == pytest.approx(1 + share / 2)
    no_more_than_chance = np.array([[1.0, 0, 0, 0], [0, 1, 0, 0]])
    assert uncertainty_of(sampled(no_more_than_chance)).power == 1


def test_the_variance_by_hand():
    # Rows' means .5 and 0, columns' means 1, 0, 0, 0; grand mean .25; pseudo weight 1/16 each.
    differences = np.array([[1.0, 1, 0, 0], [1, -1, 0, 0]])
    squares = raw_mean_squares(differences)
    assert squares.seed == pytest.approx(4 * (0.25**2 + 0.25**2))
    assert squares.example == pytest.approx(2 * (0.75**2 + 3 * 0.25**2) / 3)
    total = 4 - 8 * 0.25**2
    assert squares.residual == pytest.approx((total - 0.5 - 1.5) / 3)
    pseudo = 2 * 0.125 * (1 + (0.25 * 4 / 4.125) ** 2) / 4
    found = paired_gain(sampled(differences))
    assert found.gain == 0.25
    assert found.standard_error**2 == pytest.approx((0.5 + pseudo) / 8)


def test_seeds_that_scatter_near_one_reach_further_down_than_wilsons_interval():
    shares = np.array([0.97, 0.98, 0.99])
    differences = (np.arange(1000) < 1000 * shares[:, None]).astype(float)
    uncertainty = uncertainty_of(sampled(differences))
    low, high = uncertainty.interval(0.05)
    assert uncertainty.power > 1.3
    critical = combined_t(0.05, uncertainty.of_seeds / uncertainty.error**2, (2, 999))
    # Each limit is a critical value of its own standard errors away.
    for limit in (low, high):
        seeds, examples = uncertainty.variances(limit)
        error = (seeds + examples) ** 0.5
        own = combined_t(0.05, seeds / error**2, (2, 999))
        assert abs(limit - uncertainty.centre) == pytest.approx(own * error)
    # Wilson's interval in closed form, for (1 + gain) / 2 of (1 - centre^2) / error^2 examples.
    effective = (1 - uncertainty.centre**2) / uncertainty.error**2
    right = (1 + uncertainty.centre) / 2
    plain_low, plain_high = proportion_confint(
        right * effective, effective, alpha=2 * stats.norm.sf(critical), method="wilson"
    )
    assert low < 2 * plain_low - 1 - 0.01
    assert high == pytest.approx(2 * plain_high - 1, abs=2e-4)


def test_equal_seeds_reduce_to_the_paired_t_interval_over_examples():
    row = np.random.default_rng(2).choice([-1.0, 0, 1], 4000, p=[0.1, 0.8, 0.1])
    found = paired_gain(sampled(np.tile(row, (3, 1))))
    student = stats.ttest_1samp(row, 0)
    interval = student.confidence_interval()
    assert found.degrees_of_freedom == pytest.approx(3999)
    assert found.p_value == pytest.approx(student.pvalue, abs=0.005)
    assert (found.low, found.high) == pytest.approx(tuple(interval), abs=2e-4)


def test_many_examples_without_effect_reduce_to_the_t_interval_over_seeds():
    rng = np.random.default_rng(3)
    rates = np.array([0.01, 0.03, 0.05, 0.02])
    differences = (rng.random((4, 50_000)) < rates[:, None]).astype(float)
    found = paired_gain(sampled(differences))
    student = stats.ttest_1samp(differences.mean(axis=1), 0)
    assert found.degrees_of_freedom == pytest.approx(3, abs=0.1)
    assert found.p_value == pytest.approx(student.pvalue, rel=0.05)
    assert (found.low, found.high) == pytest.approx(tuple(student.confidence_interval()), abs=5e-4)


@pytest.mark.parametrize("part", [0.0, 0.3, 1.0])
def test_the_combined_t_and_its_inverses(part):
    critical = combined_t(0.05, part, (2, 99))
    expected = part * stats.t.ppf(0.975, 2) ** 2 + (1 - part) * stats.t.ppf(0.975, 99) ** 2
    assert critical**2 == pytest.approx(expected)
    assert combined_p_value(critical, part, (2, 99)) == pytest.approx(0.05)
    freedom = equivalent_freedom(critical, 0.05, (2, 99))
    assert stats.t.ppf(0.975, freedom) == pytest.approx(critical)


def test_the_interval_is_wilsons_where_answers_are_two_valued():
    # Won or lost, never tied, alike in all seeds: (1 + d) / 2 is binomial.
    row = np.repeat([1.0, -1.0], [9000, 1000])
    low, high = wilson(9000, 10_000)
    found = paired_gain(sampled(np.tile(row, (3, 1))))
    assert (found.low, found.high) == pytest.approx((2 * low - 1, 2 * high - 1), abs=2e-4)


def test_a_large_gain_in_every_seed_excludes_zero_as_it_would_not_at_power_two():
    shares = np.array([0.90, 0.95, 1.0])
    differences = (np.arange(500) < 500 * shares[:, None]).astype(float)
    assert paired_gain(sampled(differences)).low > 0
    uncertainty = uncertainty_of(sampled(differences))
    assert replace(uncertainty, power=2.0).interval(0.05)[0] < 0


@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0])
@pytest.mark.parametrize("count", [1, 5, 16, 10_000])
def test_equal_answers_give_an_interval_that_holds_the_gain_and_has_a_width(value, count):
    found = paired_gain(sampled(np.full((3, count), value)))
    assert found.low < found.high
    assert found.low <= value <= found.high
    assert found.low >= -1
    assert found.high <= 1
    assert found.gain == value


def test_the_p_value_agrees_with_the_interval_and_the_sign():
    rng = np.random.default_rng(4)
    for _ in range(200):
        differences = draw(rng, 3, 30)
        found, turned = paired_gain(sampled(differences)), paired_gain(sampled(-differences))
        assert (found.p_value < 0.05) == (found.low > 0 or found.high < 0)
        assert turned.p_value == pytest.approx(found.p_value)
        assert turned.low == pytest.approx(-found.high)


def test_a_mean_that_is_no_difference_of_accuracies_is_refused():
    with pytest.raises(ValueError, match="outside"):
        paired_gain(sampled(np.full((2, 3), 1.5)))


def test_coverage_where_the_bootstrap_over_seeds_fails():
    rng = np.random.default_rng(5)
    gain, repetitions, ours, theirs = 0.2, 600, 0, 0
    resampled = rng.integers(3, size=(300, 3))
    for _ in range(repetitions):
        # Each example favours federated or not; the seeds' means scatter by .02.
        favour = rng.random((1, 200)) < 0.5
        rate = np.clip(np.where(favour, 0.35, 0.05) + 0.02 * rng.normal(size=(3, 1)), 0, 1)
        differences = (rng.random((3, 200)) < rate).astype(float)
        found = paired_gain(sampled(differences))
        ours += found.low <= gain <= found.high
        means = differences.mean(axis=1)[resampled].mean(axis=1)
        low, high = np.quantile(means, [0.025, 0.975])
        theirs += low <= gain <= high
    assert ours / repetitions >= 0.93
    assert theirs / repetitions < 0.9


def test_the_standardised_error_by_brute_force():
    rng = np.random.default_rng(8)
    rates, shares = np.array([0.1, 0.6, 0.3]), np.tile([0.8, 0.2, 0.0], (2, 1))
    draws = [
        weighted((rng.random((1, 60)) < rates[LABELS]).repeat(2, 0) * 1.0, LABELS, shares)
        for _ in range(2000)
    ]
    errors = [paired_gain(each).standard_error for each in draws]
    spread = np.std([each.gain for each in draws])
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(spread, rel=0.1)


def test_a_class_with_one_example_widens_the_interval():
    differences = np.zeros((3, 61))
    labels = np.append(LABELS, 3)
    without = np.array([[0.5, 0.5, 0, 0]] * 3)
    with_one = np.array([[0.4, 0.4, 0, 0.2]] * 3)
    narrow, wide = (paired_gain(weighted(differences, labels, s)) for s in (without, with_one))
    assert wide.standard_error > 3 * narrow.standard_error


def seeds_that_agree(rng, shape):
    return np.tile(rng.choice([-1.0, 0, 1], shape[1], p=[0.05, 0.7, 0.25]), (shape[0], 1))


def nearly_all_won(rng, shape):
    return (rng.random(shape) < 0.998).astype(float)


def fractions(rng, shape):
    return np.clip(0.1 + 0.4 * rng.normal(size=shape), -1, 1)


def fractions_far_from_zero(rng, shape):
    return 0.95 + 1e-3 * rng.random((1, shape[1])) + 1e-4 * rng.random(shape)


DRAWN = [
    lambda rng, shape: draw(rng, *shape),
    lambda rng, shape: np.zeros(shape),
    lambda rng, shape: -np.ones(shape),
    seeds_that_agree,
    nearly_all_won,
    fractions,
    fractions_far_from_zero,
]
SHAPES = [(2, 1), (2, 2), (3, 1), (3, 7), (5, 60), (10, 500), (4, 5000)]


def numbers(found):
    """Return what the interval says; a Student's t goes by the reciprocal of its freedom."""
    return (
        *(found.gain, found.low, found.high, found.standard_error, found.p_value),
        *found.interval(0.99),
        1 / found.degrees_of_freedom,
    )


def check_alike(found, expected):
    assert numbers(found) == pytest.approx(numbers(expected), rel=0, abs=1e-10)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("drawn", DRAWN)
def test_the_interval_from_moments_is_that_of_the_raw_differences(drawn, shape):
    differences = drawn(np.random.default_rng(20), shape)
    check_alike(paired_gain(sampled(differences)), paired_gain(raw_plain(differences)))


@pytest.mark.parametrize("same_shares", [True, False])
@pytest.mark.parametrize("num_classes", [1, 2, 10])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("drawn", DRAWN)
def test_the_standardised_interval_from_moments_is_that_of_the_raw_differences(
    drawn, shape, num_classes, same_shares
):
    rng = np.random.default_rng(21)
    # Half of the examples or more are of the last class; others may have one, or none.
    labels = np.minimum(rng.integers(3 * num_classes, size=shape[1]) // 2, num_classes - 1)
    labels[:1] = 0
    counts = np.bincount(labels, minlength=num_classes)
    shares = rng.random((1 if same_shares else shape[0], num_classes)) * (counts > 0)
    shares[:, 1::3] = 0  # the silo lacks these classes
    shares[1:, 2::3] = 0  # and has those in its first seed only
    shares = np.broadcast_to(shares / shares.sum(axis=1, keepdims=True), (shape[0], num_classes))
    differences = drawn(rng, shape)
    expected = paired_gain(raw_standardised(differences, labels, shares))
    check_alike(paired_gain(weighted(differences, labels, shares)), expected)


def test_the_interval_of_a_silo_that_sends_its_moments_is_that_of_one_that_sends_its_answers():
    differences = draw(np.random.default_rng(22), 5, 60)
    shares = np.tile([0.2, 0.5, 0.3], (5, 1))
    owners = np.arange(60) % 4
    parts = [
        Moments.by_class(differences[:, owners == silo], LABELS[owners == silo], 3)
        for silo in range(4)
    ]
    together = reduce(Moments.__add__, parts)
    assert paired_gain(standardised(together, shares)) == paired_gain(
        weighted(differences, LABELS, shares)
    )
    assert paired_gain(plain(together)) == paired_gain(sampled(differences))
