"""What few examples, and classes of few, do not show is in the interval all the same."""

import itertools

import numpy as np
import pytest
from scipy import optimize
from scipy.stats import multinomial

from fedcompare.statistics.discordance import Discordance
from fedcompare.statistics.intervals import paired_gain
from fedcompare.statistics.moments import Moments
from fedcompare.statistics.samples import plain, standardised
from fedcompare.statistics.uncertainty import uncertainty_of


def agreeing(won, lost, count, seeds=3):
    """Return differences of seeds that agree, float [seeds, count]."""
    row = np.repeat([1.0, -1.0, 0.0], [won, lost, count - won - lost])
    return np.tile(row, (seeds, 1))


def plainly(differences, **asked):
    return paired_gain(plain(Moments.of(differences)), **asked)


def by_class(differences, labels, shares, **asked):
    rows = np.tile(shares, (len(differences), 1))
    moments = Moments.by_class(differences, labels, len(shares))
    return paired_gain(standardised(moments, rows), **asked)


@pytest.mark.parametrize(("shares", "sizes"), [([1.0], [16]), ([0.5, 0.3, 0.2], [50, 30, 20])])
def test_classes_that_weigh_as_they_have_examples_have_wilsons_variance(shares, sizes):
    found = Discordance.of(np.array(shares), np.array(sizes, dtype=float))
    for gain in (0.0, 0.05, 0.5, 0.93, 1.0):
        assert found.variance(gain) == pytest.approx(gain * (1 - gain) / sum(sizes), abs=1e-15)


def test_classes_that_weigh_alike_but_for_the_last_bits_are_alike():
    sizes = np.random.default_rng(9).integers(1, 99, 40).astype(float)
    found = Discordance.of(sizes * (1 / sizes.sum()), sizes)
    for gain in np.linspace(0, 1, 21):
        assert found.variance(gain) == pytest.approx(gain * (1 - gain) / sizes.sum(), abs=1e-11)


@pytest.mark.parametrize("seed", range(4))
def test_the_largest_variance_is_the_one_that_a_search_finds(seed):
    rng = np.random.default_rng(seed)
    shares, sizes = rng.dirichlet(np.ones(3)), rng.integers(1, 30, 3).astype(float)
    found = Discordance.of(shares, sizes)
    for gain in (0.02, 0.1, 0.4, 0.8):
        best = optimize.minimize(
            lambda g: -(shares**2 * g * (1 - g) / sizes).sum(),
            np.full(3, gain),
            bounds=[(0, 1)] * 3,
            constraints={"type": "eq", "fun": lambda g, gain=gain: shares @ g - gain},
            options={"ftol": 1e-14},
        )
        assert found.variance(gain) == pytest.approx(-best.fun, rel=1e-4)


@pytest.mark.parametrize("count", [16, 20, 50])
def test_seeds_that_agree_are_covered_whatever_few_cases_differ(count):
    """By enumeration: the chance of each outcome, times whether its interval holds the gain."""
    intervals = {
        (won, lost): plainly(agreeing(won, lost, count))
        for won, lost in itertools.product(range(14), range(8))
        if won + lost <= count
    }
    for rates in ((0.02, 0.0), (0.05, 0.0), (0.1, 0.0), (0.05, 0.01), (0.05, 0.05), (0.02, 0.02)):
        gain, chances = rates[0] - rates[1], (*rates, 1 - sum(rates))
        covered = sum(
            multinomial.pmf((won, lost, count - won - lost), count, chances)
            for (won, lost), found in intervals.items()
            if found.low <= gain <= found.high
        )
        assert covered >= 0.92


def test_no_discordant_case_of_twenty_says_no_more_than_tangos_score_interval():
    # Tango 1998, Statistics in Medicine 17:891-908: 0 and 0 of 20 give -.161 to .161.
    found = plainly(agreeing(0, 0, 20))
    assert (found.low, found.high) == pytest.approx((-0.16, 0.16), abs=0.03)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_so_few_examples_of_a_class_are_no_evidence_by_themselves(count):
    labels = np.repeat([0, 1], [500, count])
    won = np.tile((labels == 1).astype(float), (5, 1))
    found = by_class(won, labels, [0.9, 0.1])
    assert found.low < 0
    assert found.p_value > 0.05
    assert found.high >= 0.1


def test_a_class_that_was_not_lost_once_in_many_examples_is_evidence():
    labels = np.repeat([0, 1], [500, 40])
    assert by_class(np.tile((labels == 1).astype(float), (5, 1)), labels, [0.9, 0.1]).low > 0


def test_a_rare_class_that_loses_half_is_covered_and_one_without_a_gain_says_no_word():
    rng = np.random.default_rng(3)
    for count in (2, 5, 10):
        labels = np.repeat([0, 1], [200, count])
        covered = said = 0
        for _ in range(150):
            lost = -np.where(labels == 1, rng.random(len(labels)) < 0.5, 0.0)
            found = by_class(np.tile(lost, (3, 1)), labels, [0.9, 0.1])
            covered += found.low <= -0.05 <= found.high
            either = rng.choice([1.0, -1.0, 0.0], len(labels), p=[0.2, 0.2, 0.6])
            said += by_class(np.tile(either, (3, 1)), labels, [0.9, 0.1]).p_value < 0.05
        assert covered >= 0.93 * 150
        assert said <= 0.09 * 150


def test_chance_that_differs_from_seed_to_seed_averages_out():
    rng = np.random.default_rng(4)
    apart = (rng.random((10, 60)) < 0.1).astype(float)
    alike = np.tile(apart[:1], (10, 1))
    assert plain(Moments.of(apart)).agreement < 0.4
    assert plain(Moments.of(alike)).agreement == 1
    narrow, wide = (found.high - found.low for found in (plainly(apart), plainly(alike)))
    assert narrow < 0.8 * wide


def test_the_end_of_an_interval_is_the_first_gain_that_is_rejected_on_the_way_outward():
    rng = np.random.default_rng(8)
    for _ in range(60):
        labels = np.sort(rng.integers(0, 3, 40))
        rows = rng.choice([1.0, -1.0, 0.0], (3, 40), p=[0.1, 0.03, 0.87])
        moments = Moments.by_class(rows, labels, 3)
        uncertainty = uncertainty_of(standardised(moments, np.tile([0.1, 0.2, 0.7], (3, 1))))
        low, high = uncertainty.interval(0.05)
        for end in (low, high):
            inside = np.linspace(uncertainty.centre, end, 50)[1:-1]
            assert all(uncertainty_accepts(uncertainty, gain) for gain in inside)
            assert not uncertainty_accepts(uncertainty, end + 1e-6 * np.sign(end - inside[0]))


def uncertainty_accepts(uncertainty, gain):
    """Return whether a gain's own errors leave it within the half-width, at 5 %."""
    from scipy.stats import t

    squares = [t.ppf(0.975, freedom) ** 2 for freedom in uncertainty.freedoms]
    width = np.dot(uncertainty.variances(gain), squares)
    return (gain - uncertainty.centre) ** 2 <= width


def test_folds_widen_what_examples_say_and_not_what_seeds_say():
    rows = np.random.default_rng(5).choice([1.0, 0.0, -1.0], (1, 80), p=[0.3, 0.6, 0.1])
    alike = np.tile(rows, (4, 1))
    once, five, two = (plainly(alike, folds=folds) for folds in (1, 5, 2))
    assert five.standard_error == pytest.approx(np.sqrt(1.25) * once.standard_error)
    assert two.standard_error == pytest.approx(np.sqrt(2.0) * once.standard_error)
    assert five.p_value > once.p_value
    assert five.low < once.low
    shifts = np.array([[0.02], [-0.02], [0.04]]) + np.zeros((3, 2000))
    seeds = [plainly(shifts, bounded=False, folds=folds).standard_error for folds in (1, 5)]
    assert seeds[1] == pytest.approx(seeds[0], rel=0.01)


def test_a_gain_as_large_as_the_detectable_one_would_have_been_found():
    """Of so many cases won and none lost, as of seeds that agree."""
    for count in (20, 100, 1000):
        detectable = plainly(agreeing(0, 0, count)).detectable(alpha=0.05)
        rng = np.random.default_rng(count)
        found = [
            plainly(agreeing(int(won), 0, count)).p_value < 0.05
            for won in rng.binomial(count, detectable, 200)
        ]
        assert 0.7 <= np.mean(found) <= 0.99


def test_the_detectable_gain_of_errors_goes_with_their_unit():
    rows = np.random.default_rng(6).normal(size=(3, 50))
    one, other = (plainly(unit * rows, bounded=False) for unit in (1.0, 8.0))
    assert other.detectable(alpha=0.05) == pytest.approx(8 * one.detectable(alpha=0.05))


def test_seeds_that_differ_by_chance_and_gain_the_same_to_a_case_are_not_taken_for_certain():
    rows = np.zeros((3, 50))
    for seed, cases in enumerate(((0, 1, 2), (3, 4, 5), (6, 7, 8))):
        rows[seed, cases] = 1.0
    agreeing_ones = np.repeat(rows[:1], 3, axis=0)
    by_chance, alike = (uncertainty_of(plain(Moments.of(each))) for each in (rows, agreeing_ones))
    assert by_chance.of_seeds == pytest.approx(1 / 50**2 / 12 / 3)
    assert alike.of_seeds == 0
    assert plainly(rows).p_value > 5e-4
