from dataclasses import astuple
from functools import reduce

import numpy as np
import pandas as pd
import pytest
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from fedcompare.statistics.moments import Moments
from fedcompare.statistics.samples import plain, standardised
from raw_differences import LABELS, draw, raw_mean_squares

SHARES = np.array([[0.7, 0.3, 0], [0.6, 0.4, 0], [0.8, 0.2, 0]])


def by_class(differences, labels=LABELS):
    return Moments.by_class(differences, labels, 3)


def three_silos():
    """Return moments of other examples each; the second silo lacks a class."""
    rng = np.random.default_rng(12)
    labels = [LABELS, np.repeat([0, 2], [3, 1]), np.repeat([2, 1, 0], 4)]
    return [by_class(draw(rng, 3, len(each)), each) for each in labels]


def equal(first, second):
    return all(
        np.array_equal(getattr(first, name), getattr(second, name))
        for name in ("counts", "sums", "products")
    )


def test_moments_by_hand():
    differences = np.array([[1.0, 0, -1, 1], [1, 1, 0, 0]])
    found = Moments.by_class(differences, np.array([0, 0, 2, 0]), 3)
    assert found.counts.tolist() == [3, 0, 1]
    assert found.sums.tolist() == [[2, 2], [0, 0], [-1, 0]]
    assert found.products.tolist() == [[[2, 1], [1, 2]], [[0, 0], [0, 0]], [[1, 0], [0, 0]]]
    assert found.means().tolist() == [[2 / 3, 2 / 3], [0, 0], [-1, 0]]


def test_moments_of_other_examples_add_up_in_any_order():
    first, second, third = three_silos()
    assert equal(first + second, second + first)
    assert equal((first + second) + third, first + (second + third))


def test_the_moments_of_no_examples_change_nothing():
    nothing = by_class(np.zeros((3, 0)), np.zeros(0, dtype=int))
    for each in three_silos():
        assert equal(each + nothing, each)
        assert equal(nothing + each, each)


def test_the_sum_over_silos_is_what_one_place_with_all_examples_has():
    differences = draw(np.random.default_rng(13), 4, 60)
    owners = np.random.default_rng(14).integers(5, size=60)
    parts = [by_class(differences[:, owners == s], LABELS[owners == s]) for s in range(5)]
    assert equal(reduce(Moments.__add__, parts), by_class(differences))


@pytest.mark.parametrize(("seeds", "classes"), [(4, 3), (3, 1), (1, 3)])
def test_moments_of_other_seeds_or_classes_do_not_add_up(seeds, classes):
    other = Moments.by_class(np.zeros((seeds, 2)), np.zeros(2, dtype=int), classes)
    with pytest.raises(ValueError, match="do not add up"):
        three_silos()[0] + other


@pytest.mark.parametrize("label", [3, -1])
def test_an_example_of_no_known_class_is_not_lost_in_silence(label):
    with pytest.raises(ValueError, match="none of 0 to 2"):
        by_class(np.zeros((2, 2)), np.array([0, label]))


def test_pooled_classes_are_one():
    differences = draw(np.random.default_rng(15), 3, 60)
    assert equal(by_class(differences).pooled(), Moments.of(differences))


def test_some_classes_are_the_examples_of_these_only():
    differences = draw(np.random.default_rng(16), 3, 60)
    kept = np.isin(LABELS, [0, 2])
    found = by_class(differences).of_classes([2, 0]).pooled()
    assert equal(found, Moments.of(differences[:, kept]))


def test_won_and_lost_are_counted():
    differences = draw(np.random.default_rng(17), 3, 60)
    moments = by_class(differences)
    for label in range(3):
        members = differences[:, label == LABELS]
        assert moments.won()[label].tolist() == (members == 1).sum(axis=1).tolist()
        assert moments.lost()[label].tolist() == (members == -1).sum(axis=1).tolist()


def test_the_scatter_is_that_of_the_deviations_from_the_class():
    differences = np.random.default_rng(18).normal(size=(3, 60))
    for label, found in enumerate(by_class(differences).scatter()):
        members = differences[:, label == LABELS]
        apart = members - members.mean(axis=1, keepdims=True)
        np.testing.assert_allclose(found, apart @ apart.T, atol=1e-13)


def test_mean_squares_are_statsmodels():
    differences = draw(np.random.default_rng(1), 4, 12)
    seed, example = np.indices(differences.shape)
    frame = pd.DataFrame({"d": differences.ravel(), "k": seed.ravel(), "i": example.ravel()})
    table = anova_lm(ols("d ~ C(k) + C(i)", frame).fit())
    expected = (table["sum_sq"] / table["df"]).to_list()
    for squares in (plain(Moments.of(differences)).squares, raw_mean_squares(differences)):
        assert [squares.seed, squares.example, squares.residual] == pytest.approx(expected)


@pytest.mark.parametrize("value", [-1.0, 0.0, 1.0])
def test_examples_that_do_not_differ_have_no_spread_at_all(value):
    differences = np.full((7, 60), value)
    for sample in (
        plain(by_class(differences)),
        standardised(by_class(differences), np.tile([0.1, 0.7, 0.2], (7, 1))),
    ):
        assert astuple(sample.squares) == (0, 0, 0)


def test_seeds_that_agree_have_no_spread_of_their_own():
    row = draw(np.random.default_rng(19), 1, 60)
    moments = by_class(np.tile(row, (7, 1)))
    for sample in (plain(moments), standardised(moments, np.tile([0.1, 0.7, 0.2], (7, 1)))):
        assert (sample.squares.seed, sample.squares.residual) == (0, 0)
        assert sample.squares.example > 0


def test_rounding_leaves_no_sum_of_squares_below_0():
    rng = np.random.default_rng(23)
    for value in rng.random(200):
        squares = plain(by_class(np.full((3, 60), value))).squares
        assert min(astuple(squares)) >= 0
        assert max(astuple(squares)) < 1e-14
    for row in rng.random((200, 60)):
        nearly_alike = row * (1 + 1e-16 * rng.integers(3, size=(3, 1)))
        assert min(astuple(plain(by_class(nearly_alike)).squares)) >= 0


def test_seeds_that_cancel_out_gain_exactly_nothing():
    # In floats 3/5 - 1/5 - 2/5 would leave something.
    won, lost, more_lost = (np.arange(5) < count for count in (3, 1, 2))
    assert plain(Moments.of(np.stack([won, -1.0 * lost, -1.0 * more_lost]))).gain == 0


@pytest.mark.parametrize(("shape", "message"), [((1, 5), "one seed"), ((3, 0), "no test examples")])
def test_too_little_is_no_sample(shape, message):
    with pytest.raises(ValueError, match=message):
        plain(Moments.of(np.zeros(shape)))


def test_one_seed_is_no_standardised_sample():
    with pytest.raises(ValueError, match="one seed"):
        standardised(by_class(np.zeros((1, 60))), SHARES[:1])


def test_standardised_means_are_post_stratified():
    differences = draw(np.random.default_rng(6), 3, 60)
    result = standardised(by_class(differences), SHARES)
    means = np.stack([differences[:, c == LABELS].mean(axis=1) for c in range(3)], axis=1)
    assert result.num_examples == 50
    np.testing.assert_allclose(result.seed_gains, (SHARES * means).sum(axis=1))
    assert result.gain == pytest.approx(result.seed_gains.mean())


def test_the_standardised_error_is_the_stratified_one():
    row = draw(np.random.default_rng(7), 1, 60)
    alike = standardised(by_class(row.repeat(2, axis=0)), SHARES[[0, 0]])
    variances = [row[0, c == LABELS].var(ddof=1) / (c == LABELS).sum() for c in range(3)]
    expected = (SHARES[0] ** 2 * variances).sum()
    # Of two seeds that agree, the mean square is twice the examples' variance.
    assert alike.squares.example * 49 / 2 / 50**2 == pytest.approx(expected)


def test_equal_shares_and_counts_change_only_the_inflation():
    differences = draw(np.random.default_rng(9), 3, 40)
    moments = Moments.by_class(differences, np.arange(40) % 2, 2)
    result = standardised(moments, np.full((3, 2), 0.5))
    np.testing.assert_allclose(result.seed_gains, differences.mean(axis=1))


def test_classes_without_a_share_do_not_matter():
    differences = draw(np.random.default_rng(10), 3, 60)
    changed = np.where(LABELS == 2, 1.0, differences)
    expected, found = (standardised(by_class(d), SHARES) for d in (differences, changed))
    np.testing.assert_array_equal(found.seed_gains, expected.seed_gains)
    assert found.squares == expected.squares
    assert (found.size, found.coarseness) == (expected.size, expected.coarseness)


def test_the_effective_size_and_coarseness_by_hand():
    # Mean shares .7 and .3 of 20 and 30 examples.
    found = standardised(by_class(np.zeros((3, 60))), SHARES)
    assert found.size == pytest.approx(1 / (0.7**2 / 20 + 0.3**2 / 30))
    assert found.coarseness == pytest.approx((0.7 / 20) ** 2 + (0.3 / 30) ** 2)


def test_the_effective_size_is_kishs():
    # (sum of weights)^2 / sum of squared weights, where an example's weight is share / count.
    weights = (SHARES.mean(axis=0) / np.array([20, 30, 10]))[LABELS]
    found = standardised(by_class(np.zeros((3, 60))), SHARES)
    assert found.size == pytest.approx(weights.sum() ** 2 / (weights**2).sum())


def test_a_single_class_is_plain():
    moments = Moments.of(draw(np.random.default_rng(11), 3, 40))
    found, alike = standardised(moments, np.ones((3, 1))), plain(moments)
    assert (found.size, found.coarseness) == pytest.approx((alike.size, alike.coarseness))
    assert found.gain == pytest.approx(alike.gain)


def test_a_class_without_examples_is_named():
    shares = np.array([[0.5, 0.25, 0, 0.25]] * 3)
    with pytest.raises(ValueError, match="class 3"):
        standardised(Moments.by_class(np.zeros((3, 60)), LABELS, 4), shares)


def test_shares_must_add_up():
    with pytest.raises(ValueError, match="add up to 1"):
        standardised(by_class(np.zeros((3, 60))), SHARES / 2)
