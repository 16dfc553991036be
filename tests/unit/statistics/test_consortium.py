"""What is known of all silos together follows from what each sends, and answers what was asked."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.meta_analysis import combine_effects

from fedcompare.statistics.consortium import find_consortium, new_silo, such_silos
from fedcompare.statistics.intervals import paired_gain
from fedcompare.statistics.moments import Moments
from fedcompare.statistics.samples import plain, standardised

SIZES = (40, 12, 30, 25, 60)


def drawn(sizes=SIZES, *, gain=0.1, spread=0.0, seeds=3, seed=1):
    """Return each silo's differences: their true gains have this spread."""
    rng = np.random.default_rng(seed)
    rates = np.clip(0.1 + gain + spread * rng.normal(size=len(sizes)), 0, 0.9)
    return [
        rng.choice([1.0, 0.0, -1.0], (seeds, size), p=[rate, 0.9 - rate, 0.1])
        for size, rate in zip(sizes, rates, strict=True)
    ]


def found(rows, **asked):
    return find_consortium([Moments.of(own) for own in rows], **asked)


def numbers(gain):
    return (gain.gain, gain.low, gain.high, gain.p_value)


def test_silos_are_classes_whose_shares_are_alike_or_go_by_their_rows():
    rows, labels = drawn(), np.repeat(np.arange(5), SIZES)
    moments, ours = Moments.by_class(np.hstack(rows), labels, 5), found(rows, folds=5)
    for gain, shares in (
        (ours.of_silos, np.full(5, 0.2)),
        (ours.of_rows, np.array(SIZES) / sum(SIZES)),
    ):
        expected = paired_gain(standardised(moments, np.tile(shares, (3, 1))), folds=5)
        assert numbers(gain) == pytest.approx(numbers(expected))
    assert ours.of_silos.gain == pytest.approx(np.mean([own.mean() for own in rows]))
    assert ours.of_rows.gain == pytest.approx(np.hstack(rows).mean())


def test_groups_of_silos_are_those_of_all_rows():
    rows, labels = drawn(), np.repeat(np.arange(5), SIZES)
    groups = np.arange(sum(SIZES)) // 2
    groups[1:][np.diff(labels) > 0] += 1000
    silos = [
        Moments.by_class(own, np.zeros(own.shape[1], int), 1, groups[labels == silo])
        for silo, own in enumerate(rows)
    ]
    whole = Moments.by_class(np.hstack(rows), labels, 5, groups)
    expected = paired_gain(standardised(whole, np.full((3, 5), 0.2)))
    assert numbers(find_consortium(silos).of_silos) == pytest.approx(numbers(expected))
    with pytest.raises(ValueError, match="with and without groups"):
        find_consortium([*silos[1:], Moments.of(rows[0])])


def test_such_silos_are_students_where_seeds_agree():
    rows = [np.repeat(own[:1], 4, axis=0) for own in drawn(spread=0.1)]
    ours, means = found(rows).of_such_silos, [own.mean() for own in rows]
    student = stats.ttest_1samp(means, 0)
    interval = student.confidence_interval()
    assert numbers(ours) == pytest.approx(
        (np.mean(means), interval.low, interval.high, student.pvalue)
    )


def test_what_a_new_silo_may_expect_is_wider_than_the_mean_of_such_silos():
    rows = [np.repeat(own[:1], 4, axis=0) for own in drawn(spread=0.1)]
    ours, means = found(rows), np.array([own.mean() for own in rows])
    expected = ours.of_a_new_silo
    assert expected.spread == pytest.approx(means.std(ddof=1))
    half_width = stats.t.ppf(0.975, 4) * expected.spread * np.sqrt(1 + 1 / 5)
    assert (expected.low, expected.high) == pytest.approx(
        (means.mean() - half_width, means.mean() + half_width)
    )
    assert expected.low < ours.of_such_silos.low


def test_silos_that_all_gain_the_same_in_a_seed_are_as_sure_as_seeds_are():
    rng = np.random.default_rng(11)
    for _ in range(200):
        shift = np.repeat(rng.normal(0.1, 0.05, (3, 1)), 7, axis=1)
        ours = found([shift] * 4, bounded=False).of_such_silos
        student = stats.ttest_1samp(shift[:, 0], 0)
        assert ours.p_value == pytest.approx(student.pvalue)


def test_silos_that_answer_the_same_cases_vary_together_with_these():
    """The true gain is 0; what all silos share does not show between them."""
    rng, covered = np.random.default_rng(12), {0.0: 0, 0.02**2: 0}
    for _ in range(200):
        means = (
            0.02 * rng.normal() + 0.005 * rng.normal(size=(1, 8)) + 0.002 * rng.normal(size=(3, 8))
        )
        for of_cases in covered:
            ours = such_silos(means, of_cases=of_cases)
            covered[of_cases] += ours.low <= 0 <= ours.high
    assert covered[0.0] <= 0.4 * 200
    assert covered[0.02**2] >= 0.93 * 200
    assert new_silo(means, of_cases=0.02**2).low < new_silo(means).low


def test_few_silos_say_nothing_of_others():
    two, four = found(drawn()[:2]), found(drawn()[:4])
    assert (two.of_such_silos, two.of_a_new_silo, four.of_a_new_silo) == (None, None, None)
    assert four.of_such_silos is not None
    with pytest.raises(ValueError, match="two silos"):
        found(drawn()[:1])


def test_how_much_silos_differ_is_statsmodels_and_is_found_where_they_do():
    rows = drawn((200, 100) * 4, gain=0.0)
    gains = [paired_gain(plain(Moments.of(own))) for own in rows]
    sizes = np.array((200, 100) * 4)
    of_one = np.mean([n * gain.standard_error**2 for n, gain in zip(sizes, gains, strict=True)])
    means = np.array([gain.gain for gain in gains])
    expected = combine_effects(means, of_one / sizes, method_re="chi2")
    same = found(rows).differences
    assert same.statistic == pytest.approx(expected.q)
    assert same.p_value == pytest.approx(expected.test_homogeneity().pvalue)
    assert same.spread**2 == pytest.approx(max(expected.tau2, 0))
    alike, unlike = (found(drawn((200,) * 8, spread=s, seed=2)).differences for s in (0.0, 0.2))
    assert unlike.p_value < 1e-6 < 0.001 < alike.p_value
    assert unlike.spread > 0.1 > alike.spread


def test_silos_that_gain_the_same_are_seldom_said_to_differ():
    rng, said = np.random.default_rng(7), 0
    for seed in range(100):
        rows = drawn(rng.integers(10, 200, 6), seed=seed)
        said += found(rows).differences.p_value < 0.05
    assert said <= 10


def test_models_that_answer_alike_say_nothing_of_how_much_silos_differ():
    still = [np.zeros((3, 10))] * 3
    assert found(still, bounded=False).differences is None
    assert found(still).differences.p_value == pytest.approx(1)


def test_many_small_silos_gain_together_where_none_of_them_surely_does():
    rows = drawn((15,) * 40, gain=0.08, seed=3)
    alone = [paired_gain(plain(Moments.of(own))).low > 0 for own in rows]
    ours = found(rows)
    assert sum(alone) < 8
    assert ours.of_silos.low > 0
    assert ours.of_such_silos.low > 0
