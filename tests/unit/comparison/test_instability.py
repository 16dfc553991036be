"""Seeds in which training failed: told before any gain, and no false alarms."""

from dataclasses import replace

import numpy as np
import pytest

from fedcompare.comparison.gains import find_gains
from fedcompare.comparison.instability import find_failed, gains_without
from fedcompare.comparison.models import seed_scores
from fedcompare.comparison.training import told_failed, told_without
from fedcompare.comparison.verdict import RIGHT_ANSWERS
from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases
from fedcompare.findings.questions import Question
from fedcompare.findings.training import TrainingFacts
from fedcompare.regimes.catalog import Regime, rows_for
from fedcompare.regimes.models import ModelId, models_of
from made_up_answers import ANSWERS

LABELS = np.repeat([0, 1], [500, 500])
FEDERATED, OWN = ModelId(Regime.FEDERATED), ModelId(Regime.ISOLATED_EQUAL, 2)
MODELS = models_of(rows_for(is_table=False), [1, 2])


def cases_of(count, *, labels=LABELS):
    return Cases.build(labels, [((30, 30), (20, 40))] * count, ("no", "yes"))


def right(share, key, labels=LABELS):
    is_right = np.random.default_rng(key).random(len(labels)) < share
    outputs = np.eye(2)[np.where(is_right, labels, 1 - labels)]
    return Answers.of(outputs.astype(np.float32), ids=np.arange(len(labels)), labels=labels)


def seeds(count=5, *, broken=(), share=0.2, usual=0.9, spread=0.01, labels=LABELS):
    """Return seeds whose models are right on `usual`, and (model, seed index) of `broken` less."""
    random, made = np.random.default_rng(7), []
    for index in range(count):
        final = {}
        for place, model in enumerate(MODELS):
            own = share if (model, index) in broken else usual + random.normal(0, spread)
            final[model] = right(own, (index, place), labels)
        made.append(replace(ANSWERS[0], seed=40 + index, final=final))
    return made


def failed(answers, cases=None):
    cases = cases or cases_of(len(answers))
    return find_failed(list(seed_scores(answers, cases, (cases.measure,))), answers, cases)


def told(found):
    return [(one.seed, ModelId(one.regime, one.silo)) for one in found]


@pytest.mark.parametrize("count", [3, 5])
@pytest.mark.parametrize("model", [FEDERATED, OWN, ModelId(Regime.CENTRALIZED)], ids=str)
def test_a_seed_that_collapses_is_found_with_its_model(model, count):
    found = failed(seeds(count, broken=[(model, 1)]))
    assert told(found) == [(41, model)]
    assert found[0].value == pytest.approx(0.2, abs=0.05)
    assert found[0].usual == pytest.approx(0.9, abs=0.03)
    assert found[0].test_set == "all"


def test_two_models_and_two_seeds_are_told_in_order():
    found = failed(seeds(5, broken=[(FEDERATED, 3), (OWN, 3), (FEDERATED, 0)]))
    assert told(found) == [(40, FEDERATED), (43, OWN), (43, FEDERATED)]


@pytest.mark.parametrize("spread", [0.0, 0.01, 0.04])
@pytest.mark.parametrize("count", [2, 3, 5])
def test_seeds_that_spread_alike_are_no_failures(count, spread):
    assert failed(seeds(count, spread=spread, usual=0.8)) == ()


def test_two_seeds_do_not_tell_which_one_failed():
    assert failed(seeds(2, broken=[(FEDERATED, 1)])) == ()


def test_a_fall_that_few_test_cases_explain_is_none():
    few = np.repeat([0, 1], [6, 6])
    answers = seeds(5, labels=few, usual=1.0, spread=0, broken=[(OWN, 1)], share=0.8)
    assert failed(answers, cases_of(5, labels=few)) == ()


def test_a_model_that_is_better_in_one_seed_did_not_fail():
    assert failed(seeds(5, broken=[(FEDERATED, 1)], share=0.99, usual=0.6)) == ()


def test_models_without_training_of_their_own_cannot_fail():
    average = ModelId(Regime.AVERAGE)
    assert failed(seeds(5, broken=[(average, 1)])) == ()


def test_gains_without_are_those_of_the_seeds_in_which_nothing_failed():
    answers = seeds(5, broken=[(FEDERATED, 1)])
    facts = TrainingFacts(failed=failed(answers))
    found = gains_without(facts, answers, cases_of(5))
    kept = [own for own in answers if own.seed != 41]
    assert found == tuple(sorted(find_gains(kept, cases_of(4)), key=lambda gain: gain.silo))
    whole = next(g for g in found if (g.silo, g.question) == (1, Question.WHOLE))
    assert abs(whole.gain) < 0.05


def test_a_silos_own_failure_concerns_no_other_silo():
    answers = seeds(5, broken=[(OWN, 2)])
    facts = TrainingFacts(failed=failed(answers))
    assert {gain.silo for gain in gains_without(facts, answers, cases_of(5))} == {2}
    assert list(told_without(facts, 1, 5, RIGHT_ANSWERS)) == []


def test_the_summary_and_the_silos_verdict_say_which_seed_and_regime():
    answers = seeds(5, broken=[(FEDERATED, 1)])
    facts = TrainingFacts(failed=failed(answers))
    facts = replace(facts, without=gains_without(facts, answers, cases_of(5)))
    said = told_failed(facts, 5, RIGHT_ANSWERS)
    assert said.startswith("Unstable training: 1 of 5 seeds failed: seed 41, federated (")
    assert "in the median of the other seeds 89" in said
    first, without = told_without(facts, 1, 5, RIGHT_ANSWERS)
    assert first == ("Unstable training: 1 of 5 seeds failed (seed 41, the federated model).")
    assert without.startswith("Without it: on the whole population a difference of ")
    assert told_failed(TrainingFacts(), 5, RIGHT_ANSWERS) is None


def test_where_too_few_seeds_remain_that_is_said():
    answers = seeds(3, broken=[(FEDERATED, 1)])
    facts = TrainingFacts(failed=failed(answers))
    facts = replace(facts, failed=(*facts.failed, replace(facts.failed[0], seed=40)))
    assert gains_without(facts, answers, cases_of(3)) == ()
    assert list(told_without(facts, 1, 3, RIGHT_ANSWERS))[1] == (
        "Without them too few seeds remain to say anything."
    )
