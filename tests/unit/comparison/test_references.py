"""Whether joining beats what a silo's own rows give without a network."""

from dataclasses import replace

import numpy as np
import pytest

from fedcompare.comparison.references import find_references
from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases
from fedcompare.findings.questions import Question
from fedcompare.names import Word
from fedcompare.regimes.catalog import CONVENTIONAL, Regime
from fedcompare.regimes.models import ModelId, models_of
from made_up_answers import ANSWERS

COUNTS = [((30, 30), (20, 40))] * 5
LABELS = np.repeat([0, 1], [150, 150])
CASES = Cases.build(LABELS, COUNTS, ("no", "yes"))
WHOLE = Question.WHOLE


def right(share, seed):
    """Return answers of which this share is right, others in each seed."""
    is_right = np.random.default_rng(seed).random(len(LABELS)) < share
    outputs = np.eye(2)[np.where(is_right, LABELS, 1 - LABELS)]
    return Answers.of(outputs.astype(np.float32), ids=np.arange(len(LABELS)), labels=LABELS)


def seeds(shares, *, others=0.6):
    """Return five seeds whose models are right as often as `shares` say by regime."""
    models = [*ANSWERS[0].final, *models_of(CONVENTIONAL, CASES.silos)]
    return [
        replace(
            ANSWERS[0],
            final={
                model: right(shares.get(model.regime, others), (index, place))
                for place, model in enumerate(models)
            },
        )
        for index in range(5)
    ]


def found(shares, **how):
    gains = find_references(seeds(shares), CASES, **how)
    return {(gain.silo, gain.question, gain.regime): gain for gain in gains}


def test_without_conventional_models_there_is_nothing_to_beat():
    assert find_references(ANSWERS, CASES) == ()


def test_the_reference_is_the_best_of_the_silos_conventional_models():
    gains = found({Regime.BOOSTED_TREES: 0.8, Regime.FEDERATED: 0.95})
    assert {gain.reference for gain in gains.values()} == {Regime.BOOSTED_TREES}
    whole = gains[1, WHOLE, Regime.FEDERATED]
    assert whole.gain == pytest.approx(whole.value - whole.reference_value)
    assert whole.is_beaten
    assert whole.low > 0


@pytest.mark.parametrize(("federated", "word"), [(0.8, Word.NO_EVIDENCE), (0.6, Word.LOSES)])
def test_a_federation_that_does_not_surely_beat_it_is_known_by_its_word(federated, word):
    gains = found({Regime.REGULARISED_LINEAR: 0.8, Regime.FEDERATED: federated})
    whole = gains[2, WHOLE, Regime.FEDERATED]
    assert (whole.reference, whole.word) == (Regime.REGULARISED_LINEAR, word)
    assert not whole.is_beaten


def test_other_forms_are_compared_where_a_silo_might_join_in_them():
    shares = {Regime.BOOSTED_TREES: 0.8, Regime.ENSEMBLE: 0.99}
    gains = found(shares, joined={2: [Regime.ENSEMBLE, Regime.FEDERATED]})
    assert {(silo, form) for silo, question, form in gains if question is WHOLE} == {
        (1, Regime.FEDERATED),
        (2, Regime.FEDERATED),
        (2, Regime.ENSEMBLE),
    }
    assert gains[2, WHOLE, Regime.ENSEMBLE].is_beaten
    assert not gains[2, WHOLE, Regime.FEDERATED].is_beaten


def test_every_silo_has_references_of_its_own():
    answers = seeds({Regime.FEDERATED: 0.8})
    own = ModelId(Regime.CONSTANT, 2)
    answers = [
        replace(seed, final={**seed.final, own: right(0.99, index)})
        for index, seed in enumerate(answers)
    ]
    gains = {(g.silo, g.question): g for g in find_references(answers, CASES)}
    assert gains[1, WHOLE].reference_value < 0.7
    assert gains[2, WHOLE].reference_value > 0.95
