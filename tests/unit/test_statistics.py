import math
from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from fedcompare.names import Word
from fedcompare.statistics import (
    combined_p_value,
    combined_t,
    decide,
    detectable_gain,
    equivalent_freedom,
    holm,
    mcnemar_exact,
    mean_squares,
    paired_gain,
    shapley,
    standardise,
    uncertainty_of,
    unweighted,
    wilson,
)


def draw(rng, seeds, examples):
    """Differences with an effect of seeds and of examples."""
    shared = rng.normal(size=(1, examples)) + 0.3 * rng.normal(size=(seeds, 1))
    models = [shared * sign + rng.normal(size=(seeds, examples)) > -1 for sign in (1, 0.5)]
    return models[0].astype(float) - models[1]


def test_mean_squares_are_statsmodels():
    differences = draw(np.random.default_rng(1), 4, 12)
    seed, example = np.indices(differences.shape)
    frame = pd.DataFrame({"d": differences.ravel(), "k": seed.ravel(), "i": example.ravel()})
    table = anova_lm(ols("d ~ C(k) + C(i)", frame).fit())
    squares = mean_squares(differences)
    expected = (table["sum_sq"] / table["df"]).to_list()
    assert [squares.seed, squares.example, squares.residual] == pytest.approx(expected)


def test_the_variance_by_hand():
    # Rows' means .5 and 0, columns' means 1, 0, 0, 0; grand mean .25; pseudo weight 1/16 each.
    differences = np.array([[1.0, 1, 0, 0], [1, -1, 0, 0]])
    squares = mean_squares(differences)
    assert squares.seed == pytest.approx(4 * (0.25**2 + 0.25**2))
    assert squares.example == pytest.approx(2 * (0.75**2 + 3 * 0.25**2) / 3)
    total = 4 - 8 * 0.25**2
    assert squares.residual == pytest.approx((total - 0.5 - 1.5) / 3)
    pseudo = 2 * 0.125 * (1 + (0.25 * 4 / 4.125) ** 2) / 4
    found = paired_gain(unweighted(differences))
    assert found.gain == 0.25
    assert found.standard_error**2 == pytest.approx((0.5 + pseudo) / 8)


def test_the_power_by_hand():
    beyond_chance = np.array([[1.0, 1, 1, 0], [1, 0, 0, 0]])
    squares = mean_squares(beyond_chance)
    assert squares.seed > squares.residual
    example = max(squares.example - squares.residual, 0)
    pseudo = 2 * 0.125 * (1 + (0.5 * 4 / 4.125) ** 2) / 4
    share = (squares.seed - squares.residual) / (squares.seed + example + pseudo)
    assert uncertainty_of(unweighted(beyond_chance)).power == pytest.approx(1 + share / 2)
    no_more_than_chance = np.array([[1.0, 0, 0, 0], [0, 1, 0, 0]])
    assert uncertainty_of(unweighted(no_more_than_chance)).power == 1


def test_seeds_that_scatter_near_one_reach_further_down_than_wilsons_interval():
    shares = np.array([0.97, 0.98, 0.99])
    differences = (np.arange(1000) < 1000 * shares[:, None]).astype(float)
    uncertainty, critical = uncertainty_of(unweighted(differences)), 4.0
    low, high = uncertainty.interval(critical)
    assert uncertainty.power > 1.3
    # Each limit is `critical` of its own standard errors away.
    assert uncertainty.centre - low == pytest.approx(critical * uncertainty.error_at(low))
    assert high - uncertainty.centre == pytest.approx(critical * uncertainty.error_at(high))
    # Wilson's interval in closed form, for (1 + gain) / 2 of (1 - centre^2) / error^2 examples.
    effective = (1 - uncertainty.centre**2) / uncertainty.error**2
    right = (1 + uncertainty.centre) / 2
    plain_low, plain_high = proportion_confint(
        right * effective, effective, alpha=2 * stats.norm.sf(critical), method="wilson"
    )
    assert low < 2 * plain_low - 1 - 0.01
    assert high == pytest.approx(2 * plain_high - 1)


def test_equal_seeds_reduce_to_the_paired_t_interval_over_examples():
    row = np.random.default_rng(2).choice([-1.0, 0, 1], 4000, p=[0.1, 0.8, 0.1])
    found = paired_gain(unweighted(np.tile(row, (3, 1))))
    plain = stats.ttest_1samp(row, 0)
    interval = plain.confidence_interval()
    assert found.degrees_of_freedom == pytest.approx(3999)
    assert found.p_value == pytest.approx(plain.pvalue, abs=0.005)
    assert (found.low, found.high) == pytest.approx(tuple(interval), abs=2e-4)


def test_many_examples_without_effect_reduce_to_the_t_interval_over_seeds():
    rng = np.random.default_rng(3)
    rates = np.array([0.01, 0.03, 0.05, 0.02])
    differences = (rng.random((4, 50_000)) < rates[:, None]).astype(float)
    found = paired_gain(unweighted(differences))
    plain = stats.ttest_1samp(differences.mean(axis=1), 0)
    assert found.degrees_of_freedom == pytest.approx(3, abs=0.1)
    assert found.p_value == pytest.approx(plain.pvalue, rel=0.05)
    assert (found.low, found.high) == pytest.approx(tuple(plain.confidence_interval()), abs=5e-4)


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
    found = paired_gain(unweighted(np.tile(row, (3, 1))))
    assert (found.low, found.high) == pytest.approx((2 * low - 1, 2 * high - 1), abs=2e-4)


def test_a_large_gain_in_every_seed_excludes_zero_as_it_would_not_at_power_two():
    shares = np.array([0.90, 0.95, 1.0])
    differences = (np.arange(500) < 500 * shares[:, None]).astype(float)
    assert paired_gain(unweighted(differences)).low > 0
    uncertainty = uncertainty_of(unweighted(differences))
    critical = combined_t(0.05, uncertainty.seed_part, (2, 499))
    assert replace(uncertainty, power=2.0).interval(critical)[0] < 0


@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0])
@pytest.mark.parametrize("count", [1, 5, 16, 10_000])
def test_equal_answers_give_an_interval_that_holds_the_gain_and_has_a_width(value, count):
    found = paired_gain(unweighted(np.full((3, count), value)))
    assert found.low < found.high
    assert found.low <= value <= found.high
    assert found.low >= -1
    assert found.high <= 1
    assert found.gain == value


def test_the_p_value_agrees_with_the_interval_and_the_sign():
    rng = np.random.default_rng(4)
    for _ in range(200):
        differences = draw(rng, 3, 30)
        found, turned = paired_gain(unweighted(differences)), paired_gain(unweighted(-differences))
        assert (found.p_value < 0.05) == (found.low > 0 or found.high < 0)
        assert turned.p_value == pytest.approx(found.p_value)
        assert turned.low == pytest.approx(-found.high)


@pytest.mark.parametrize(("shape", "message"), [((1, 5), "one seed"), ((3, 0), "no test examples")])
def test_too_little_gives_no_interval(shape, message):
    with pytest.raises(ValueError, match=message):
        paired_gain(unweighted(np.zeros(shape)))


def test_a_mean_that_is_no_difference_of_accuracies_is_refused():
    with pytest.raises(ValueError, match="outside"):
        paired_gain(unweighted(np.full((2, 3), 1.5)))


def test_coverage_where_the_bootstrap_over_seeds_fails():
    rng = np.random.default_rng(5)
    gain, repetitions, ours, theirs = 0.2, 600, 0, 0
    resampled = rng.integers(3, size=(300, 3))
    for _ in range(repetitions):
        # Each example favours federated or not; the seeds' means scatter by .02.
        favour = rng.random((1, 200)) < 0.5
        rate = np.clip(np.where(favour, 0.35, 0.05) + 0.02 * rng.normal(size=(3, 1)), 0, 1)
        differences = (rng.random((3, 200)) < rate).astype(float)
        found = paired_gain(unweighted(differences))
        ours += found.low <= gain <= found.high
        means = differences.mean(axis=1)[resampled].mean(axis=1)
        low, high = np.quantile(means, [0.025, 0.975])
        theirs += low <= gain <= high
    assert 0.93 <= ours / repetitions <= 0.98
    assert theirs / repetitions < 0.9


LABELS = np.repeat([0, 1, 2], [20, 30, 10])
SHARES = np.array([[0.7, 0.3, 0], [0.6, 0.4, 0], [0.8, 0.2, 0]])


def test_standardised_means_are_post_stratified():
    differences = draw(np.random.default_rng(6), 3, 60)
    result = standardise(differences, LABELS, SHARES).differences
    assert result.shape == (3, 50)
    by_class = np.stack([differences[:, c == LABELS].mean(axis=1) for c in range(3)], axis=1)
    np.testing.assert_allclose(result.mean(axis=1), (SHARES * by_class).sum(axis=1))


def test_the_standardised_error_is_the_stratified_one():
    row = draw(np.random.default_rng(7), 1, 60)
    result = standardise(row, LABELS, SHARES[:1]).differences[0]
    variances = [row[0, c == LABELS].var(ddof=1) / (c == LABELS).sum() for c in range(3)]
    expected = (SHARES[0] ** 2 * variances).sum()
    assert ((result - result.mean()) ** 2).sum() / 50**2 == pytest.approx(expected)


def test_the_standardised_error_by_brute_force():
    rng = np.random.default_rng(8)
    rates, shares = np.array([0.1, 0.6, 0.3]), np.tile([0.8, 0.2, 0.0], (2, 1))
    draws = [
        standardise((rng.random((1, 60)) < rates[LABELS]).repeat(2, 0) * 1.0, LABELS, shares)
        for _ in range(2000)
    ]
    errors = [paired_gain(each).standard_error for each in draws]
    spread = np.std([each.differences.mean() for each in draws])
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(spread, rel=0.1)


def test_equal_shares_and_counts_change_only_the_inflation():
    differences = draw(np.random.default_rng(9), 3, 40)
    labels = np.arange(40) % 2
    result = standardise(differences, labels, np.full((3, 2), 0.5)).differences
    np.testing.assert_allclose(result.mean(axis=1), differences.mean(axis=1))


def test_classes_without_a_share_do_not_matter():
    differences = draw(np.random.default_rng(10), 3, 60)
    changed = np.where(LABELS == 2, 1.0, differences)
    expected, found = (standardise(d, LABELS, SHARES) for d in (differences, changed))
    np.testing.assert_array_equal(found.differences, expected.differences)
    assert (found.size, found.coarseness) == (expected.size, expected.coarseness)


def test_the_effective_size_and_coarseness_by_hand():
    # Mean shares .7 and .3 of 20 and 30 examples.
    found = standardise(np.zeros((3, 60)), LABELS, SHARES)
    assert found.size == pytest.approx(1 / (0.7**2 / 20 + 0.3**2 / 30))
    assert found.coarseness == pytest.approx((0.7 / 20) ** 2 + (0.3 / 30) ** 2)


def test_the_effective_size_is_kishs():
    # (sum of weights)^2 / sum of squared weights, where an example's weight is share / count.
    weights = (SHARES.mean(axis=0) / np.array([20, 30, 10]))[LABELS]
    found = standardise(np.zeros((3, 60)), LABELS, SHARES)
    assert found.size == pytest.approx(weights.sum() ** 2 / (weights**2).sum())


def test_a_single_class_is_unweighted():
    differences = draw(np.random.default_rng(11), 3, 40)
    found = standardise(differences, np.zeros(40, dtype=int), np.ones((3, 1)))
    plain = unweighted(differences)
    assert (found.size, found.coarseness) == pytest.approx((plain.size, plain.coarseness))
    assert found.differences.mean() == pytest.approx(differences.mean())


def test_a_class_with_one_example_widens_the_interval():
    differences = np.zeros((3, 61))
    labels = np.append(LABELS, 3)
    without = np.array([[0.5, 0.5, 0, 0]] * 3)
    with_one = np.array([[0.4, 0.4, 0, 0.2]] * 3)
    narrow, wide = (paired_gain(standardise(differences, labels, s)) for s in (without, with_one))
    assert wide.standard_error > 3 * narrow.standard_error


def test_a_class_without_examples_is_named():
    shares = np.array([[0.5, 0.25, 0, 0.25]] * 3)
    with pytest.raises(ValueError, match="class 3"):
        standardise(np.zeros((3, 60)), LABELS, shares)


def test_shares_must_add_up():
    with pytest.raises(ValueError, match="add up to 1"):
        standardise(np.zeros((3, 60)), LABELS, SHARES / 2)


@pytest.mark.parametrize(("freedom", "alpha"), [(2, 0.05), (9, 0.05 / 3), (4000, 0.05)])
def test_the_detectable_gain_is_found_with_its_power(freedom, alpha):
    gain = detectable_gain(0.01, freedom, alpha=alpha)
    rng = np.random.default_rng(11)
    error = 0.01 * np.sqrt(rng.chisquare(freedom, 100_000) / freedom)
    t = (gain + 0.01 * rng.normal(size=100_000)) / error
    assert (t > stats.t.ppf(1 - alpha / 2, freedom)).mean() == pytest.approx(0.8, abs=0.006)


def test_the_detectable_gain_of_many_is_blooms():
    assert detectable_gain(1, 1e6, alpha=0.05) == pytest.approx(2.80, abs=0.005)


@pytest.mark.parametrize(("alpha", "power"), [(0, 0.8), (1, 0.8), (0.05, 1), (0.05, 0.01)])
def test_impossible_powers_are_refused(alpha, power):
    with pytest.raises(ValueError, match="alpha"):
        detectable_gain(1, 5, alpha=alpha, power=power)


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_holm_is_statsmodels_own(count):
    p_values = np.random.default_rng(count).random(count) ** 3
    expected = multipletests(p_values, method="holm")[1]
    assert holm(p_values.tolist()) == pytest.approx(expected.tolist())


def test_holm_by_hand():
    # Sorted .005 .01 .03 .04 times 4 3 2 1, never falling.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([]) == ()


@pytest.mark.parametrize(("won", "lost"), [(1, 0), (5, 0), (12, 3), (40, 61)])
def test_mcnemar_is_the_binomial_test(won, lost):
    assert mcnemar_exact(won, lost) == pytest.approx(stats.binomtest(won, won + lost).pvalue)


def test_mcnemar_of_the_prime_ministers_approval_and_of_nothing():
    # Agresti 1990, Categorical Data Analysis: 150 and 86 changed their minds, z^2 = 17.36.
    assert mcnemar_exact(150, 86) == pytest.approx(3.7e-5, rel=0.03)
    assert mcnemar_exact(0, 0) == 1.0


def test_wilson_is_newcombes_example():
    # Newcombe 1998, Statistics in Medicine 17:857-872, table I: 81/263 and 0/20.
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=5e-5)
    with pytest.raises(ValueError, match="no examples"):
        wilson(0, 0)


def every_coalition(players):
    return [frozenset(c) for n in range(len(players) + 1) for c in combinations(players, n)]


def test_shapley_of_the_glove_game():
    # Player 1 holds a left glove, 2 and 3 a right one; a pair is worth 1.
    game = {c: float(1 in c and len(c) > 1) for c in every_coalition((1, 2, 3))}
    assert shapley(game, (1, 2, 3)) == pytest.approx({1: 2 / 3, 2: 1 / 6, 3: 1 / 6})


def test_shapley_is_the_mean_over_orders_and_efficient():
    players = (1, 2, 3, 4)
    rng = np.random.default_rng(12)
    game = {c: float(rng.random()) for c in every_coalition(players)}
    found = shapley(game, players)
    for player in players:
        before = [frozenset(o[: o.index(player)]) for o in permutations(players)]
        assert found[player] == pytest.approx(
            np.mean([game[c | {player}] - game[c] for c in before])
        )
    assert sum(found.values()) == pytest.approx(game[frozenset(players)] - game[frozenset()])


def test_shapley_treats_equals_alike_and_gives_idlers_nothing():
    weights = {1: 2.0, 2: 2.0, 3: 0.0, 4: 1.0}
    game = {c: math.sqrt(sum(weights[p] for p in c)) for c in every_coalition((1, 2, 3, 4))}
    found = shapley(game, (1, 2, 3, 4))
    assert found[1] == pytest.approx(found[2])
    assert found[3] == pytest.approx(0)


def test_shapley_names_a_missing_coalition():
    with pytest.raises(ValueError, match=r"\{1, 2\}"):
        shapley({c: 0.0 for c in every_coalition((1, 2)) if len(c) < 2}, (1, 2))


@pytest.mark.parametrize(
    ("gain", "p_value", "word"),
    [
        (0.1, 0.05, Word.GAINS),
        (-0.1, 0.01, Word.LOSES),
        (0.1, 0.051, Word.NO_EVIDENCE),
        (0.0, 0.01, Word.NO_EVIDENCE),
        (0.1, math.nan, Word.NO_EVIDENCE),
    ],
)
def test_the_word(gain, p_value, word):
    assert decide(gain, p_value) == word
