"""A word, its interval and its adjusted p-value say the same, whatever was found."""

import itertools
from functools import cache

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from fedcompare.names import Lack, Word
from fedcompare.statistics.intervals import paired_gain
from fedcompare.statistics.moments import Moments
from fedcompare.statistics.samples import plain, standardised
from fedcompare.statistics.word_rules import Correction
from fedcompare.statistics.words import decide, levels

METHODS = {Correction.HOLM: "holm", Correction.BH: "fdr_bh"}
CORRECTIONS = pytest.mark.parametrize("correction", list(Correction))
ALPHAS = pytest.mark.parametrize("alpha", [0.01, 0.05, 0.2])


def gain_of(rng, *, shift=0.0):
    """Return what a made-up silo gains: few or many examples, seeds that agree or do not."""
    shape = (int(rng.integers(3, 7)), int(rng.integers(4, 300)))
    won, lost = rng.dirichlet((1, 1, 8))[:2]
    rows = rng.choice([1.0, -1.0, 0.0], shape, p=[won, lost, 1 - won - lost])
    if rng.random() < 0.4:
        rows = np.repeat(rows[:1], shape[0], axis=0)
    if rng.random() < 0.3:
        labels = np.arange(shape[1]) % 3
        shares = np.tile(rng.dirichlet((1, 1, 1)), (shape[0], 1))
        return paired_gain(standardised(Moments.by_class(rows, labels, 3), shares))
    bounded = rng.random() < 0.7
    return paired_gain(plain(Moments.of(rows if bounded else rows + shift)), bounded=bounded)


@cache
def comparisons():
    rng = np.random.default_rng(12)
    return [[gain_of(rng, shift=0.3) for _ in range(count)] for count in (1, 2, 3, 10, 30) * 4]


@CORRECTIONS
@ALPHAS
def test_word_interval_and_adjusted_p_value_agree(correction, alpha):
    said = set()
    for gains in comparisons():
        for gain, decided in zip(
            gains, decide(gains, alpha=alpha, correction=correction), strict=True
        ):
            low, high = gain.interval(decided.confidence)
            assert (decided.low, decided.high) == (low, high)
            assert (decided.word is Word.GAINS) == (low > 0)
            assert (decided.word is Word.LOSES) == (high < 0)
            assert (decided.adjusted_p_value <= alpha) == (low > 0 or high < 0)
            assert low <= gain.gain <= high
            said.add(decided.word)
    assert said == {Word.GAINS, Word.LOSES, Word.NO_EVIDENCE}


@CORRECTIONS
@ALPHAS
def test_margins_are_judged_by_the_same_interval(correction, alpha):
    said = set()
    for gains, margin in itertools.product(comparisons(), (0.02, 0.1, 0.5)):
        plain_words = decide(gains, alpha=alpha, correction=correction)
        words = decide(gains, alpha=alpha, margin=margin, correction=correction)
        for gain, without, decided in zip(gains, plain_words, words, strict=True):
            inner = gain.interval(2 * without.confidence - 1)
            inner_low, inner_high = inner
            shown = inner if decided.word is Word.NO_DIFFERENCE else (without.low, without.high)
            assert (decided.low, decided.high) == pytest.approx(shown, abs=1e-12)
            assert gain.interval(decided.confidence) == (decided.low, decided.high)
            assert decided.beyond_margin == (without.low > margin or without.high < -margin)
            assert decided.within_margin == (-margin < inner_low and inner_high < margin)
            assert not (decided.beyond_margin and decided.within_margin)
            if without.word is Word.NO_EVIDENCE and decided.within_margin:
                assert decided.word is Word.NO_DIFFERENCE
            else:
                assert decided.word is without.word
            said.add((decided.word, decided.beyond_margin, decided.within_margin))
    assert {
        (Word.NO_DIFFERENCE, False, True),
        (Word.GAINS, True, False),
        (Word.GAINS, False, True),
    } <= said


@CORRECTIONS
@pytest.mark.parametrize("count", [1, 2, 5, 20])
def test_what_is_rejected_is_what_statsmodels_rejects(correction, count):
    rng = np.random.default_rng(count)
    for _ in range(4):  # statsmodels collects garbage at each call
        p_values = rng.random(count) ** 4
        rejected, adjusted = multipletests(p_values, method=METHODS[correction])[:2]
        found = levels(p_values.tolist(), 0.05, correction)
        assert [p <= level for p, level in zip(p_values, found, strict=True)] == rejected.tolist()
        assert (adjusted <= 0.05).tolist() == rejected.tolist()


def test_the_levels_by_hand():
    p_values = [0.2, 0.001, 0.02, 0.9]
    assert levels(p_values, 0.05, Correction.HOLM) == pytest.approx(
        (1 / 60, 1 / 80, 1 / 60, 1 / 60)
    )
    assert levels(p_values, 0.05, Correction.BH) == pytest.approx((0.025,) * 4)
    assert levels([0.9, 0.8], 0.05, Correction.BH) == pytest.approx((0.025,) * 2)
    for correction in Correction:
        assert levels([], 0.05, correction) == ()
        assert levels([0.3], 0.05, correction) == (0.05,)


def all_won(num_seeds, groups=None):
    count = 200 if groups is None else len(groups)
    rows, labels = np.ones((num_seeds, count)), np.zeros(count, dtype=int)
    return paired_gain(plain(Moments.by_class(rows, labels, 1, groups)))


@CORRECTIONS
def test_a_gain_with_a_lack_has_numbers_and_no_word_and_changes_nobody_elses(correction):
    groups = np.repeat(np.arange(9), 20)
    lacking = [all_won(2), all_won(5, groups)]
    assert [gain.lack for gain in lacking] == [Lack.SEEDS, Lack.GROUPS]
    others = comparisons()[3]
    alone = decide(others, margin=0.01, correction=correction)
    together = decide([*lacking, *others], margin=0.01, correction=correction)
    assert together[2:] == alone
    for gain, decided in zip(lacking, together[:2], strict=True):
        assert decided.word is Word.NO_WORD
        assert (decided.low, decided.high) == gain.interval(0.95)
        assert (decided.confidence, decided.adjusted_p_value) == (0.95, gain.p_value)


def test_three_seeds_and_ten_groups_are_enough_for_a_word():
    groups = np.repeat(np.arange(10), 20)
    assert [all_won(3).lack, all_won(3, groups).lack] == [None, None]
    unequal = np.append(groups, np.zeros(20, dtype=int))
    assert all_won(3, unequal).lack is Lack.GROUPS


def test_models_that_answer_alike_do_not_differ():
    alike = paired_gain(plain(Moments.of(np.zeros((3, 50)))), bounded=False)
    (decided,) = decide([alike], margin=0.1)
    assert (decided.word, decided.low, decided.high) == (Word.NO_DIFFERENCE, 0, 0)
    assert decide([alike])[0].word is Word.NO_EVIDENCE


def test_an_interval_lies_inside_that_of_a_higher_confidence():
    for gain in itertools.chain(*comparisons()):
        found = [gain.interval(confidence) for confidence in (0.5, 0.9, 0.95, 0.999)]
        lows, highs = np.transpose(found)
        assert (np.diff(lows) <= 1e-12).all()
        assert (np.diff(highs) >= -1e-12).all()
        assert gain.interval(0.95) == (gain.low, gain.high)


@pytest.mark.parametrize("wrong", [{"margin": 0.0}, {"margin": -1.0}, {"margin": np.nan}])
def test_a_margin_that_is_none_is_refused(wrong):
    with pytest.raises(ValueError, match="margin"):
        decide([], **wrong)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_impossible_levels_are_refused(alpha):
    with pytest.raises(ValueError, match="alpha"):
        decide([], alpha=alpha)
