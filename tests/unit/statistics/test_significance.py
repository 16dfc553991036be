import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from fedcompare.statistics.significance import (
    benjamini_hochberg,
    detectable_gain,
    holm,
    mcnemar_exact,
    wilson,
)


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


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_benjamini_and_hochbergs_is_statsmodels_own(count):
    p_values = np.random.default_rng(count).random(count) ** 3
    expected = multipletests(p_values, method="fdr_bh")[1]
    assert benjamini_hochberg(p_values.tolist()) == pytest.approx(expected.tolist())


def test_nothing_corrected_is_nothing():
    assert benjamini_hochberg([]) == ()


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
