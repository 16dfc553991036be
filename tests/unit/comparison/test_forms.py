"""In which form silos should join, from made-up answers of every form."""

from dataclasses import replace

import numpy as np
import pytest

from fedcompare.comparison.asking import ask
from fedcompare.comparison.forms import find_decisions, find_form_costs, find_form_gains
from fedcompare.comparison.rules import Rules
from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.forms import FormGain
from fedcompare.findings.ledger import Budget
from fedcompare.findings.questions import Question
from fedcompare.names import Word
from fedcompare.regimes.catalog import FORMS, ROWS, Regime, Role, row_of
from fedcompare.regimes.models import models_of
from fedcompare.statistics.significance import holm
from support import ORIGIN

NAMES = ("cat", "dog")
LABELS = np.tile((0, 1), 200)
SEEDS = (1, 2, 3, 4)
SILOS = (1, 2)
CASES = Cases.build(LABELS, [[(5, 5), (8, 2)]] * len(SEEDS), NAMES)
EVERY = tuple(row.regime for row in FORMS)


def answering(right):
    chosen = np.where(right, LABELS, 1 - LABELS)
    probabilities = np.eye(2, dtype=np.float32)[chosen]
    return Answers.of(probabilities, ids=np.arange(len(LABELS)), labels=LABELS)


def answers(levels, *, seed=0):
    """Return answers of all models, right at random: at .7, or at the level of a regime."""
    random = np.random.default_rng(seed)
    return [
        SeedAnswers(
            seed=number,
            final={
                model: answering(random.random(len(LABELS)) < levels.get(model.regime, 0.7))
                for model in models_of(ROWS, SILOS)
            },
            rounds={},
            origin=ORIGIN,
            trainings={},
            model_bytes=1,
        )
        for number in SEEDS
    ]


def with_same(answered, regime, other):
    """Return the answers where two shared models answer alike."""
    (model,), (twin,) = (models_of([row_of(r)], SILOS) for r in (regime, other))
    return [replace(s, final={**s.final, model: s.final[twin]}) for s in answered]


@pytest.fixture(scope="module")
def ensemble_wins():
    return find_form_gains(
        answers({Regime.ENSEMBLE: 0.99, Regime.FEDERATED: 0.85, Regime.AVERAGE: 0.5}), CASES
    )


def by_form(gains, silo=1, question=Question.WHOLE):
    return {g.regime: g for g in gains if (g.silo, g.question) == (silo, question)}


def test_the_forms_are_all_that_are_neither_the_own_model_nor_a_reference():
    assert {row.role for row in FORMS} == {Role.FEDERATED, Role.ALTERNATIVE}
    assert {Regime.FEDERATED, Regime.FINE_TUNED, Regime.AVERAGE, Regime.ENSEMBLE} <= set(EVERY)


def test_every_form_is_compared_with_the_own_model_on_every_question(ensemble_wins):
    asked = {(g.silo, g.question) for g in ensemble_wins}
    assert asked == {(s, q) for s in SILOS for q in (Question.OWN, Question.WHOLE)}
    for silo, question in asked:
        assert tuple(by_form(ensemble_wins, silo, question)) == EVERY
    for gain in ensemble_wins:
        assert gain.low <= gain.gain <= gain.high


def test_the_values_and_gains_are_those_of_the_contrasts():
    answered = answers({Regime.ENSEMBLE: 0.9}, seed=3)
    gains = find_form_gains(answered, CASES)
    for question in (Question.OWN, Question.WHOLE):
        for asked in ask(question, answered, CASES, ROWS):
            for regime, gain in by_form(gains, asked.silo, question).items():
                contrast = asked.contrast(regime, Regime.ISOLATED_EQUAL)
                assert gain.value == pytest.approx(contrast.challenger.mean())
                assert gain.gain == contrast.found.gain
                best = next(g for g in by_form(gains, asked.silo, question).values() if g.is_best)
                if not gain.is_best:
                    behind = asked.contrast(best.regime, regime).found
                    assert (gain.behind, best.behind) == (behind.gain, 0)
                    # Six pairs of four forms, of which any might have been looked at.
                    assert gain.as_good == (behind.gain <= 0 or 6 * behind.p_value > 0.05)


def test_words_are_corrected_over_forms_and_silos():
    answered = answers({Regime.ENSEMBLE: 0.76, Regime.FEDERATED: 0.78}, seed=5)
    gains = find_form_gains(answered, CASES)
    found = [
        asked.contrast(regime, Regime.ISOLATED_EQUAL).found.p_value
        for asked in ask(Question.WHOLE, answered, CASES, ROWS)
        for regime in EVERY
    ]
    of_whole = [g.adjusted_p_value for g in gains if g.question is Question.WHOLE]
    assert of_whole == pytest.approx(holm(found))
    for gain in gains:
        assert (gain.word is Word.GAINS) == (gain.low > 0)
        assert (gain.adjusted_p_value <= 0.05) == (gain.word in (Word.GAINS, Word.LOSES))


def test_the_best_form_is_told_from_those_that_are_surely_worse(ensemble_wins):
    whole = by_form(ensemble_wins)
    assert whole[Regime.ENSEMBLE].is_best
    assert [g.regime for g in whole.values() if g.as_good] == [Regime.ENSEMBLE]
    assert whole[Regime.FEDERATED].word is Word.GAINS
    assert whole[Regime.FEDERATED].behind > 0.05
    (first, _) = find_decisions(ensemble_wins, SILOS)
    assert first.forms == (Regime.ENSEMBLE,)
    assert {choice.forms for choice in first.choices} == {(Regime.ENSEMBLE,)}
    assert first.harmed == first.spared == ()


def test_forms_that_answer_alike_cannot_be_told_apart():
    answered = with_same(answers({Regime.ENSEMBLE: 0.9}), Regime.FEDERATED, Regime.ENSEMBLE)
    for decision in find_decisions(find_form_gains(answered, CASES), SILOS):
        assert set(decision.forms) == {Regime.FEDERATED, Regime.ENSEMBLE}


def test_where_no_form_gains_there_is_no_form_to_join_in():
    alike = dict.fromkeys(Regime, 0.7)
    for decision in find_decisions(find_form_gains(answers(alike), CASES), SILOS):
        assert (decision.choices, decision.forms, decision.spared) == ((), (), ())


def test_a_gain_within_the_margin_is_no_reason_to_join():
    answered = answers({Regime.ENSEMBLE: 0.99})
    for margin, chosen in ((None, 2), (0.05, 2), (0.6, 0)):
        gains = find_form_gains(answered, CASES, Rules(margin=margin))
        decisions = find_decisions(gains, SILOS)
        assert sum(len(decision.choices) for decision in decisions) == 2 * chosen
        assert any(gain.word is Word.GAINS for gain in gains)


def test_no_silos_have_no_decisions():
    assert find_decisions((), ()) == ()


# Decisions from made-up words.


def gain(question, regime, word, *, size=0.05, is_best=False, as_good=False):
    return FormGain(
        silo=1,
        question=question,
        regime=regime,
        value=0.9,
        gain={Word.GAINS: size, Word.LOSES: -size}.get(word, 0.001),
        low=0.0,
        high=0.0,
        confidence=0.95,
        adjusted_p_value=0.5,
        word=word,
        beyond_margin=False,
        within_margin=False,
        behind=0.0,
        is_best=is_best,
        as_good=as_good or is_best,
    )


def decide(*gains):
    (decision,) = find_decisions(gains, [1])
    return decision


def test_the_form_that_is_among_the_best_everywhere_is_the_one():
    decision = decide(
        gain(Question.WHOLE, Regime.ENSEMBLE, Word.GAINS, is_best=True),
        gain(Question.WHOLE, Regime.FEDERATED, Word.GAINS, as_good=True),
        gain(Question.OWN, Regime.ENSEMBLE, Word.NO_EVIDENCE, as_good=True),
        gain(Question.OWN, Regime.FEDERATED, Word.GAINS, is_best=True),
    )
    assert [choice.question for choice in decision.choices] == [Question.WHOLE, Question.OWN]
    assert decision.forms == (Regime.FEDERATED,)


def test_where_questions_want_different_forms_each_has_its_own():
    decision = decide(
        gain(Question.WHOLE, Regime.ENSEMBLE, Word.GAINS, is_best=True),
        gain(Question.OWN, Regime.FINE_TUNED, Word.GAINS, is_best=True),
        gain(Question.WHOLE, Regime.FINE_TUNED, Word.GAINS),
        gain(Question.OWN, Regime.ENSEMBLE, Word.LOSES),
    )
    assert decision.forms == ()
    assert [choice.forms for choice in decision.choices] == [
        (Regime.ENSEMBLE,),
        (Regime.FINE_TUNED,),
    ]
    assert decision.spared == (Regime.FINE_TUNED,)


def test_a_form_that_loses_nowhere_is_named_beside_the_best_one_that_does():
    decision = decide(
        gain(Question.WHOLE, Regime.ENSEMBLE, Word.GAINS, is_best=True),
        gain(Question.WHOLE, Regime.FEDERATED, Word.GAINS),
        gain(Question.WHOLE, Regime.FINE_TUNED, Word.GAINS, size=0.02),
        gain(Question.OWN, Regime.ENSEMBLE, Word.LOSES),
        gain(Question.OWN, Regime.FEDERATED, Word.LOSES),
        gain(Question.OWN, Regime.FINE_TUNED, Word.NO_EVIDENCE, is_best=True),
    )
    assert decision.forms == (Regime.ENSEMBLE,)
    assert decision.harmed == (Question.OWN,)
    assert decision.spared == (Regime.FINE_TUNED,)


# Costs.


def budget(regime, up, down):
    return Budget(
        regime=regime,
        epochs=30,
        local_steps=1.0,
        examples=1.0,
        bytes_up=up,
        bytes_down=down,
        seconds=1.0,
        cpu_seconds=1.0,
    )


def test_a_silo_pays_its_share_of_what_all_silos_paid():
    budgets = [budget(row.regime, 60.0, 90.0) for row in ROWS]
    costs = {c.regime: c for c in find_form_costs(budgets, num_silos=3, num_rounds=7)}
    assert set(costs) == {Regime.ISOLATED_EQUAL, *EVERY}
    assert all((c.bytes_up, c.bytes_down, c.epochs) == (20, 30, 30) for c in costs.values())
    exchanges = {regime: cost.exchanges for regime, cost in costs.items()}
    assert exchanges[Regime.ISOLATED_EQUAL] == 0
    assert exchanges[Regime.FEDERATED] == exchanges[Regime.FINE_TUNED] == 7
    assert exchanges[Regime.AVERAGE] == exchanges[Regime.ENSEMBLE] == 1


def test_who_joins_trains_once_however_many_folds_there_were():
    budgets = [budget(row.regime, 60.0, 90.0) for row in ROWS]
    costs = find_form_costs(budgets, num_silos=3, num_rounds=7, num_folds=5)
    assert all((c.bytes_up, c.bytes_down, c.epochs) == (4, 6, 30) for c in costs)
