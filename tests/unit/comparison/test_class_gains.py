"""Gains on single classes, from made-up answers of which it is known who is right."""

import numpy as np
import pytest

from fedcompare.comparison.class_gains import ENOUGH, find_class_gains
from fedcompare.comparison.rules import Rules
from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.names import Lack, Word
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import ModelId
from support import ORIGIN

NAMES = ("cat", "dog", "hen")
LABELS = np.repeat([0, 1, 2], [60, 40, ENOUGH - 1])
SEEDS = 3


def answering(right):
    return Answers(
        ids=np.arange(len(LABELS)),
        labels=LABELS,
        predicted=np.where(right, LABELS, (LABELS + 1) % 3),
    )


def found(*, seeds=SEEDS, rules=None):
    """Return the gains of two silos: the first one's own model is wrong about every dog."""
    always = np.ones(len(LABELS), dtype=bool)
    final = {
        ModelId(Regime.FEDERATED): answering(always),
        ModelId(Regime.ISOLATED_EQUAL, 1): answering(LABELS != 1),
        ModelId(Regime.ISOLATED_EQUAL, 2): answering(always),
    }
    answers = [
        SeedAnswers(seed=seed, final=final, rounds={}, origin=ORIGIN, trainings={}, model_bytes=1)
        for seed in range(seeds)
    ]
    cases = Cases.build(LABELS, [[(5, 0, 5), (5, 5, 5)]] * seeds, NAMES)
    return find_class_gains(answers, cases, *([rules] if rules else []))


def test_each_silo_is_told_its_gain_on_each_class_that_has_enough_test_examples():
    asked = [(gain.silo, gain.class_name, gain.num_examples) for gain in found()]
    assert asked == [(1, "cat", 60), (1, "dog", 40), (2, "cat", 60), (2, "dog", 40)]


def test_the_class_that_a_silo_never_saw_is_the_one_it_gains_on():
    words = {(gain.silo, gain.class_name): gain.word for gain in found()}
    assert words.pop((1, "dog")) is Word.GAINS
    assert set(words.values()) == {Word.NO_EVIDENCE}


def test_values_are_accuracies_on_the_class_alone():
    gain = found()[1]
    assert (gain.isolated_equal, gain.federated, gain.gain) == (0, 1, 1)
    assert gain.low > 0.5
    assert gain.high == pytest.approx(1)


def test_words_are_corrected_over_all_silos_and_classes():
    assert found()[1].confidence == pytest.approx(1 - 0.05 / 4)


def test_within_a_margin_there_is_no_relevant_difference():
    words = {gain.word for gain in found(rules=Rules(margin=0.2))}
    assert words == {Word.GAINS, Word.NO_DIFFERENCE}


def test_two_seeds_give_numbers_and_no_word():
    assert {(gain.word, gain.lack) for gain in found(seeds=2)} == {(Word.NO_WORD, Lack.SEEDS)}


def test_numbers_have_no_classes():
    labels = np.arange(40.0)
    assert find_class_gains([], Cases.build(labels, [[(20,), (20,)]], ())) == ()
