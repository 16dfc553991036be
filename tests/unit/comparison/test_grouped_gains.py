"""Gains on test examples that come in groups, from answers to the interval."""

from dataclasses import replace

import numpy as np

from fedcompare.comparison.analysis import find_cases
from fedcompare.comparison.gains import find_gains
from fedcompare.evaluation.cases import Cases
from fedcompare.findings.questions import Question
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import ModelId
from fedcompare.statistics.significance import mcnemar_exact
from made_up_answers import CASES, COUNTS, LABELS, NAMES, made_up_answers


def with_groups(groups):
    return Cases.build(LABELS, COUNTS, NAMES, groups=np.asarray(groups))


def test_groups_of_one_example_each_change_nothing():
    answers = made_up_answers()
    groups = np.random.default_rng(0).permutation(len(LABELS))
    assert find_gains(answers, with_groups(groups)) == find_gains(answers, CASES)


def test_groups_change_how_certain_a_gain_is_and_not_the_gain():
    answers = made_up_answers()
    pairs = with_groups(np.arange(len(LABELS)) // 4)
    for grouped, single in zip(find_gains(answers, pairs), find_gains(answers, CASES), strict=True):
        for name in ("gain", "num_examples", "federated", "unseen_part"):
            assert getattr(grouped, name) == getattr(single, name)
        assert grouped.standard_error != single.standard_error
        assert grouped.p_value != single.p_value


def test_mcnemars_test_counts_groups_that_are_won_or_lost_on_balance():
    answers = made_up_answers()
    groups = np.arange(len(LABELS)) // 4
    for gain in find_gains(answers, with_groups(groups)):
        if gain.question is not Question.WHOLE:
            continue
        for seed, own in zip(answers, gain.seeds, strict=True):
            right = [
                (seed.final[ModelId(*model)].predicted == LABELS).astype(int)
                for model in ((Regime.FEDERATED,), (Regime.ISOLATED_EQUAL, gain.silo))
            ]
            balance = np.bincount(groups, right[0] - right[1])
            assert own.mcnemar == mcnemar_exact(int((balance > 0).sum()), int((balance < 0).sum()))
            assert own.won == ((right[0] - right[1]) == 1).sum()


def test_stored_groups_are_those_of_the_cases():
    groups = np.arange(len(LABELS)) // 3
    answers = [replace(seed, groups=groups) for seed in made_up_answers()]
    assert find_cases(made_up_answers()).groups is None
    np.testing.assert_array_equal(find_cases(answers).groups, groups)
    assert find_gains(answers, find_cases(answers)) == find_gains(answers, with_groups(groups))


def test_cases_in_another_order_keep_their_groups():
    ids = np.random.default_rng(1).permutation(len(LABELS))
    groups = np.arange(len(LABELS)) // 3
    cases = Cases.build(LABELS[ids], COUNTS, NAMES, ids, groups=groups)
    np.testing.assert_array_equal(cases.groups, groups[ids])
