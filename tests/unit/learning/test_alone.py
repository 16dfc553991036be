"""Training without a federation: what each model's training leaves, and that others change none."""

from dataclasses import replace

import pytest
import torch

from fedcompare.config.groups import TrainConfig
from fedcompare.data.silos import load_silos
from fedcompare.learning.alone import Task, train_alone
from fedcompare.learning.models.catalog import initial_model
from fedcompare.learning.weights import state_from_bytes, state_to_bytes
from fedcompare.names import POOLED
from fedcompare.regimes.budgets import Schedule
from fedcompare.regimes.catalog import Regime, row_of
from fedcompare.regimes.records import Phase
from support import untimed

ONCE = Schedule(rounds=1, epochs=2)


def task(config, silo, *, schedule=ONCE, regime=Regime.ISOLATED, **changes):
    silos = load_silos(config)
    return Task(
        row=row_of(regime),
        model=initial_model(config, silos.dataset),
        silo=silos[silo],
        config=TrainConfig(**{**config.train.model_dump(), **changes}),
        schedule=schedule,
        seed=config.seed,
    )


@pytest.mark.parametrize("schedule", [ONCE, Schedule(rounds=3, epochs=2)])
@pytest.mark.parametrize("owners", [(1, 2, 3), (3, 1), (2, POOLED, 2)])
def test_trained_with_others_a_model_gets_the_bits_that_it_gets_alone(tiny, owners, schedule):
    together = train_alone([task(tiny(), silo, schedule=schedule) for silo in owners])
    for silo, found in zip(owners, together, strict=True):
        (alone,) = train_alone([task(tiny(), silo, schedule=schedule)])
        assert [one.weights for one in found.rounds] == [one.weights for one in alone.rounds]
        assert found.epochs == alone.epochs
        assert untimed(found.reports) == untimed(alone.reports)


def test_every_round_leaves_weights_and_rows(tiny):
    trained, pooled = train_alone(
        [task(tiny(), silo, schedule=Schedule(rounds=2, epochs=3)) for silo in (2, POOLED)]
    )
    assert [list(one.weights) for one in trained.rounds] == [[2], [2]]
    assert [list(one.weights) for one in pooled.rounds] == [[None], [None]]
    places = [(record.silo, record.round, record.epoch) for record in trained.epochs]
    assert places == [(2, number, epoch) for number in (1, 2) for epoch in (1, 2, 3)]
    size = len(load_silos(tiny())[2].train)
    for number, (one, report) in enumerate(zip(trained.rounds, trained.reports, strict=True), 1):
        assert (one.number, report.round, report.silo) == (number, number, 2)
        assert (report.phase, report.num_examples, report.accuracy) == (Phase.TRAIN, size, None)
        assert report.loss == one.epochs[-1].loss
        assert report.seconds > 0
        assert report.cpu_seconds > 0
    assert trained.seconds == sum(report.seconds for report in trained.reports)
    assert trained.rounds[0].weights != trained.rounds[1].weights


def test_the_model_has_the_weights_of_the_last_round(tiny):
    one = task(tiny(), 1, schedule=Schedule(rounds=2, epochs=1))
    (trained,) = train_alone([one])
    assert trained.rounds[-1].weights[1] == state_to_bytes(one.model.state_dict())


def test_every_epoch_is_told(tiny):
    told = []
    tasks = [task(tiny(), silo) for silo in (1, 2, 3)]
    trained = train_alone([replace(one, on_epoch=told.append) for one in tasks])
    expected = [record for one in trained for record in one.epochs]
    assert sorted(told, key=lambda r: (r.silo, r.epoch)) == expected
    assert {(r.round, r.epoch) for r in told} == {(1, 1), (1, 2)}


def test_a_step_of_nothing_leaves_the_initial_weights(tiny):
    one = task(tiny(), 1, learning_rate=1e-30)
    initial = {name: tensor.clone() for name, tensor in one.model.state_dict().items()}
    (trained,) = train_alone([one])
    state = state_from_bytes(trained.rounds[-1].weights[1])
    assert all(torch.equal(state[name], initial[name]) for name in initial)


def test_a_momentum_of_zero_trains(tiny):
    (trained,) = train_alone([task(tiny(), 1, momentum=0.0)])
    assert trained.epochs[1].loss < trained.epochs[0].loss


def test_another_stream_draws_another_order(tiny):
    ours, theirs = (
        train_alone([task(tiny(), 1, regime=regime)])[0].rounds[0].weights
        for regime in (Regime.ISOLATED, Regime.FINE_TUNED)
    )
    assert ours != theirs
