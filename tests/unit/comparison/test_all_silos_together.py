"""What is said of all silos together: three estimands, three sentences, never mixed."""

from dataclasses import replace

import numpy as np
import pytest

from fedcompare.comparison.analysis import find_cases
from fedcompare.comparison.consortium import FEW_SILOS, find_consortium
from fedcompare.comparison.gains import find_gains
from fedcompare.comparison.rules import STANDARD, Rules
from fedcompare.comparison.voice import RightAnswers, voice_of
from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.measures.catalog import ABSOLUTE_ERROR, BALANCED_ACCURACY
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.consortium import Estimand
from fedcompare.findings.questions import Question
from fedcompare.names import Lack, Word
from fedcompare.regimes.catalog import COMPARED
from fedcompare.regimes.models import models_of
from made_up_numbers import OWNERS, made_up_numbers
from support import ORIGIN

LABELS = np.tile((0, 1), 150)
NAMES = ("cat", "dog")


def found_in(answers, cases, rules=STANDARD, voice=None):
    gains = find_gains(answers, cases, rules)
    voice = voice or voice_of(cases.measure, "stay", rules.margin)
    joint = find_consortium(answers, cases, gains, voice, rules)
    return {one.question: one for one in joint}, gains


def by_estimand(one):
    return {gain.estimand: gain for gain in one.gains}


def answering(right):
    chosen = np.where(right, LABELS, 1 - LABELS)
    ids = np.arange(len(LABELS))
    return Answers.of(np.eye(2, dtype=np.float32)[chosen], ids=ids, labels=LABELS)


def answers_of(num_silos, *, federated=0.8, alone=0.7, num_seeds=3, seed=0):
    """Return answers that are right at random, an own model's level by silo or for all."""
    random = np.random.default_rng(seed)
    levels = alone if callable(alone) else lambda silo: alone

    def level(model):
        return federated if model.silo is None else levels(model.silo)

    return [
        SeedAnswers(
            seed=number,
            final={
                model: answering(random.random(len(LABELS)) < level(model))
                for model in models_of(COMPARED, range(1, num_silos + 1))
            },
            rounds={},
            origin=ORIGIN,
            trainings={},
            model_bytes=1,
        )
        for number in range(num_seeds)
    ]


def cases_of(num_silos, *, owned=True, num_seeds=3, groups=None):
    counts = [[(5, 5)] * num_silos] * num_seeds
    owners = np.tile(np.arange(len(LABELS)) % num_silos + 1, (num_seeds, 1))
    return Cases.build(LABELS, counts, NAMES, owners=owners if owned else None, groups=groups)


def test_each_estimand_has_the_mean_that_it_names():
    answers = made_up_numbers()
    found, gains = found_in(answers, find_cases(answers))
    own = [gain for gain in gains if gain.question is Question.OWN]
    joint = by_estimand(found[Question.OWN])
    sizes = np.bincount(OWNERS)[1:]
    alike = np.mean([gain.gain for gain in own])
    assert joint[Estimand.SILOS].gain == pytest.approx(alike)
    assert joint[Estimand.SUCH].gain == pytest.approx(alike)
    assert joint[Estimand.ROWS].gain == pytest.approx(
        np.average([gain.gain for gain in own], weights=sizes)
    )
    whole = [gain.gain for gain in gains if gain.question is Question.WHOLE]
    joint = by_estimand(found[Question.WHOLE])
    assert set(joint) == {Estimand.SILOS, Estimand.SUCH}
    assert [gain.gain for gain in joint.values()] == pytest.approx([np.mean(whole)] * 2)


def test_every_estimand_has_one_sentence_with_its_own_word():
    answers = made_up_numbers()
    found, _ = found_in(answers, find_cases(answers))
    for one in found.values():
        sentences = one.sentences[: len(one.gains)]
        for gain, sentence in zip(one.gains, sentences, strict=True):
            assert "lowers its mean absolute error by" in sentence
            assert (gain.word is Word.GAINS) == (gain.low > 0)
        assert len(set(sentences)) == len(one.gains)
    silos, rows, such = found[Question.OWN].sentences[:3]
    assert silos.startswith("On their own cases a silo lowers")
    assert silos.endswith("on average over 3 silos, each alike.")
    assert rows.startswith("Each of their rows alike, a silo lowers")
    assert such.startswith("Over other silos like these, a silo lowers")


def test_many_small_silos_are_told_together_what_none_can_be_told_alone():
    found, gains = found_in(answers_of(30, federated=0.8), cases_of(30))
    own = [gain for gain in gains if gain.question is Question.OWN]
    assert sum(gain.word is Word.GAINS for gain in own) < 5
    joint = found[Question.OWN]
    assert by_estimand(joint)[Estimand.SILOS].word is Word.GAINS
    assert joint.leads
    assert joint.prospect is not None
    assert joint.prospect.low < joint.prospect.gain < joint.prospect.high


def test_the_mean_over_silos_is_surer_than_a_single_one_on_cases_that_all_answer():
    found, gains = found_in(answers_of(4), cases_of(4))
    joint = by_estimand(found[Question.WHOLE])[Estimand.SILOS]
    whole = [gain for gain in gains if gain.question is Question.WHOLE]
    assert joint.high - joint.low < min(gain.high - gain.low for gain in whole)


def test_own_cases_by_class_shares_have_the_mean_of_these_silos_and_of_such():
    counts = [[(9, 1), (5, 5), (2, 8), (1, 0)]] * 3
    cases = Cases.build(LABELS, counts, NAMES)
    found, gains = found_in(answers_of(4), cases)
    own = [gain for gain in gains if gain.question is Question.OWN]
    joint = by_estimand(found[Question.OWN])
    assert set(joint) == {Estimand.SILOS, Estimand.SUCH}
    assert found[Question.OWN].num_silos == len(own) == 3  # the fourth has one class only
    mean = np.mean([gain.gain for gain in own])
    assert [gain.gain for gain in joint.values()] == pytest.approx([mean] * 2)
    assert (found[Question.OWN].spread, found[Question.OWN].differ) == (None, None)
    width = joint[Estimand.SILOS].high - joint[Estimand.SILOS].low
    assert width < joint[Estimand.SUCH].high - joint[Estimand.SUCH].low


def test_silos_that_share_all_classes_alike_gain_on_own_cases_what_they_gain_on_all():
    found, _ = found_in(answers_of(4), cases_of(4, owned=False))
    own, whole = (by_estimand(found[q])[Estimand.SILOS] for q in (Question.OWN, Question.WHOLE))
    assert own.gain == pytest.approx(whole.gain)
    assert (own.low, own.high) == pytest.approx((whole.low, whole.high), abs=0.005)


def test_balanced_accuracy_of_own_cases_has_silos_as_units():
    cases = replace(cases_of(4, owned=False), measure=BALANCED_ACCURACY)
    found, _ = found_in(answers_of(4), cases, voice=RightAnswers())
    assert set(by_estimand(found[Question.OWN])) == {Estimand.SUCH}
    assert set(by_estimand(found[Question.WHOLE])) == {Estimand.SILOS, Estimand.SUCH}


def test_silos_that_gain_differently_are_said_to_differ():
    uneven, _ = found_in(
        answers_of(10, alone=lambda silo: 0.4 if silo % 2 else 1.0, federated=0.8), cases_of(10)
    )
    even, _ = found_in(answers_of(10), cases_of(10))
    assert uneven[Question.OWN].differ
    assert uneven[Question.OWN].spread > 0.1
    assert any("Silos differ" in text for text in uneven[Question.OWN].sentences)
    assert not even[Question.OWN].differ
    assert any("no evidence that silos differ" in text for text in even[Question.OWN].sentences)


def test_few_silos_of_which_some_are_told_something_come_before_their_mean():
    clear, gains = found_in(answers_of(3, federated=0.99, alone=0.5), cases_of(3))
    assert {gain.word for gain in gains} == {Word.GAINS}
    assert not any(one.leads for one in clear.values())
    silent, gains = found_in(answers_of(3, federated=0.7), cases_of(3))
    assert {gain.word for gain in gains} == {Word.NO_EVIDENCE}
    assert all(one.leads for one in silent.values())
    many, _ = found_in(
        answers_of(FEW_SILOS + 1, federated=0.99, alone=0.5), cases_of(FEW_SILOS + 1)
    )
    assert all(one.leads for one in many.values())


def test_numbers_without_a_word_of_few_silos_do_not_come_first():
    unsure, _ = found_in(answers_of(3, num_seeds=2), cases_of(3, num_seeds=2))
    assert not any(one.leads for one in unsure.values())


def test_a_margin_holds_for_means_too():
    rules = Rules(margin=0.5)
    found, _ = found_in(answers_of(12), cases_of(12), rules, RightAnswers(0.5))
    joint = by_estimand(found[Question.OWN])[Estimand.SILOS]
    assert joint.within_margin
    assert "by less than the margin of 50 points" in found[Question.OWN].sentences[0]


def test_one_silo_has_nobody_to_be_taken_together_with():
    found, _ = found_in(answers_of(1), cases_of(1))
    assert found == {}


def test_two_seeds_carry_no_word_on_all_silos_either():
    found, _ = found_in(answers_of(4, num_seeds=2), cases_of(4, num_seeds=2))
    for one in found.values():
        for gain in one.gains:
            assert (gain.word, gain.lack) == (Word.NO_WORD, Lack.SEEDS)
        assert "there are numbers only" in one.sentences[0]


def test_silos_with_and_without_groups_are_taken_as_units():
    groups = np.where(np.arange(len(LABELS)) % 3 == 0, 0, np.arange(len(LABELS)))
    found, _ = found_in(answers_of(3), cases_of(3, groups=groups))
    assert set(by_estimand(found[Question.OWN])) == {Estimand.SUCH}


def test_an_error_is_no_share():
    answers = made_up_numbers()
    cases = find_cases(answers)
    assert cases.measure is ABSOLUTE_ERROR
    found, _ = found_in(answers, cases)
    assert "points" not in " ".join(found[Question.OWN].sentences)
