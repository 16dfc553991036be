"""Whether training had ended when its budget did."""

from dataclasses import replace

import numpy as np
import pytest

from fedcompare.comparison.endings import find_unfinished, losses_of
from fedcompare.comparison.training import told_unfinished
from fedcompare.comparison.verdict import RIGHT_ANSWERS
from fedcompare.errors import ResultsError
from fedcompare.findings.training import TrainingFacts
from fedcompare.regimes.catalog import TRAINED, Regime, row_of
from fedcompare.regimes.models import ModelId
from fedcompare.runs.directory import RunDirectory
from fedcompare.runs.reading import read_epochs
from made_up_answers import ANSWERS, CASES, LABELS

EPOCHS = np.arange(40)
ENDED = np.exp(-EPOCHS / 4)
FALLING = 1 - 0.01 * EPOCHS
FEDERATED = ModelId(Regime.FEDERATED)


def runs(shapes, *, count=5, noise=0.002, length=40):
    """Return losses of some runs by regime and silo; those not named in `shapes` had ended."""
    random = np.random.default_rng(5)

    def series(regime, silo):
        shape = shapes.get((regime, silo), shapes.get(regime, ENDED))[:length]
        return 0.2 + shape + random.normal(0, noise, len(shape))

    def silos(regime):
        return [0] if regime is Regime.CENTRALIZED else [1, 2]

    return [
        {r: {silo: series(r, silo) for silo in silos(r)} for r in TRAINED} for _ in range(count)
    ]


def found(shapes, answers=ANSWERS, **how):
    return {one.regime: one for one in find_unfinished(runs(shapes, **how), answers, CASES)}


def in_the_end(answers, *, better=()):
    """Return the same answers after rounds, which are all alike but where a round is `better`."""
    rounds = {
        key: np.where(np.arange(len(LABELS)) % 4 > 0, LABELS, (LABELS + 1) % 4)
        for key in answers[0].rounds
    }
    rounds |= dict.fromkeys(better, LABELS)
    return [replace(seed, rounds=rounds) for seed in answers]


STILL = in_the_end(ANSWERS)


def test_losses_that_went_down_and_stay_say_nothing():
    assert found({}, STILL) == {}


@pytest.mark.parametrize("regime", TRAINED)
def test_a_loss_that_still_falls_is_told_of_its_regime_alone(regime):
    unfinished = found({regime: FALLING}, STILL)
    assert list(unfinished) == [regime]
    owners = (None,) if regime in (Regime.FEDERATED, Regime.CENTRALIZED) else (1, 2)
    assert unfinished[regime].silos == owners
    assert unfinished[regime].fall == pytest.approx(0.04 / 1.2, rel=0.1)


def test_of_models_that_silos_do_not_share_the_silo_is_told():
    shapes = {(Regime.ISOLATED_EQUAL, 2): FALLING}
    assert found(shapes, STILL)[Regime.ISOLATED_EQUAL].silos == (2,)


def test_a_fall_within_its_noise_is_none():
    assert found({Regime.ISOLATED: FALLING}, STILL, noise=0.2) == {}


def test_a_fall_not_worth_telling_is_none_however_sure():
    slow = 1 - 0.001 * EPOCHS
    assert found({Regime.ISOLATED: slow}, STILL, noise=1e-6) == {}


def test_what_is_learnt_without_a_loss_left_is_no_fall():
    # A model that knows all its rows goes on to lower what is nearly 0.
    assert found({Regime.ISOLATED: 1 / (1 + EPOCHS)}, STILL) == {}


def test_a_short_training_has_no_last_tenth():
    assert found({Regime.FEDERATED: FALLING}, STILL, length=8) == {}


def test_a_round_that_was_surely_better_than_the_last_is_told():
    answers = in_the_end(ANSWERS, better=[(FEDERATED, 1)])
    unfinished = found({}, answers)
    assert list(unfinished) == [Regime.FEDERATED]
    one = unfinished[Regime.FEDERATED]
    assert (one.best_round, one.best, one.overtrained) == (1, 1.0, (None,))
    assert one.last == pytest.approx(0.75)


def test_rounds_that_differ_by_chance_say_nothing():
    assert find_unfinished(runs({}), ANSWERS, CASES) == ()


def test_the_sentences_say_that_the_budget_decides():
    answers = in_the_end(ANSWERS, better=[(FEDERATED, 1)])
    shapes = {(Regime.ISOLATED_EQUAL, 2): FALLING}
    facts = TrainingFacts(unfinished=find_unfinished(runs(shapes), answers, CASES))
    assert list(told_unfinished(facts, RIGHT_ANSWERS)) == [
        "The budget decides how good isolated-equal training is: in the last tenth of training "
        "the loss of silo 2 still falls by 3.2 % of the highest on record.",
        "The budget decides how good federated training is: after round 1 a model was better "
        "(100.0 %) than after the last one (75.0 %).",
    ]


def test_losses_are_read_from_files_that_are_as_written(results, tiny):
    run = RunDirectory(results, tiny())
    records = read_epochs(run, Regime.ISOLATED)
    assert {record.round for record in records} == {1}
    assert len(records) == tiny().isolated.isolated_epochs * len({r.silo for r in records})
    path = results / tiny().name / f"seed-{tiny().seed}" / Regime.ISOLATED / "epochs.csv"
    path.write_text(path.read_text().replace("1,1,1,", "1,1,1,9"))
    with pytest.raises(ResultsError, match=r"epochs.csv was altered"):
        read_epochs(run, Regime.ISOLATED)


def test_a_federations_losses_are_means_of_rounds_and_others_are_of_epochs(results, tiny):
    run = RunDirectory(results, tiny())
    rounds = losses_of(run, row_of(Regime.FEDERATED))
    assert {len(own) for own in rounds.values()} == {tiny().budget.num_server_rounds}
    epochs = losses_of(run, row_of(Regime.ISOLATED))
    assert {len(own) for own in epochs.values()} == {tiny().isolated.isolated_epochs}
