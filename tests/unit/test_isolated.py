"""Isolated training in worker processes."""

import multiprocessing
import os

import pytest
import torch
from torch import nn

from fedcompare.config.groups import TrainConfig
from fedcompare.data.silos import load_silos
from fedcompare.errors import SiloFailedError
from fedcompare.learning.alone import IsolatedTask, run_isolated, train_isolated
from fedcompare.learning.models.building import build_model
from fedcompare.learning.weights import state_from_bytes


class Failing(nn.Module):
    """A model that fails on silos that have no class 1, in a chosen way."""

    def __init__(self, fail):
        super().__init__()
        self.layer = nn.Linear(64, 10)
        self.fail = fail

    def forward(self, inputs):
        if len(inputs) < 16:  # the ragged last batch: after some work is done
            self.fail()
        return self.layer(inputs.flatten(1))


class DiesOnArrival(Failing):
    def __setstate__(self, state):
        os._exit(3)


def burn():
    raise ValueError("the disk of this silo burns")


def die():
    os._exit(9)


def task(config, model=None, **changes):
    model = model or build_model(
        config.model, input_shape=(1, 8, 8), num_classes=10, seed=config.seed
    )
    train = TrainConfig(**{**config.train.model_dump(), **changes})
    return IsolatedTask(model=model, config=train, epochs=2, seed=config.seed)


@pytest.mark.parametrize("num_workers", [1, 2, 3])
def test_side_by_side_equals_one_by_one(tiny, num_workers):
    config = tiny()
    silos = load_silos(config)
    found = run_isolated(task(config), silos, num_workers=num_workers)
    alone = [train_isolated(task(config), silo) for silo in silos]
    assert [(r.silo, r.weights, r.epochs, r.num_examples) for r in found] == [
        (r.silo, r.weights, r.epochs, r.num_examples) for r in alone
    ]


def test_more_silos_than_workers_all_start_from_the_same_weights(tiny):
    config = tiny(num_silos=5, excluded_classes="")
    still = task(config, learning_rate=1e-30)
    initial = still.model.state_dict()
    for result in run_isolated(still, load_silos(config), num_workers=2):
        state = state_from_bytes(result.weights)
        assert all(torch.equal(state[name], initial[name]) for name in initial)


def test_spawned_workers_with_several_threads_give_the_same_numbers(tiny):
    config = tiny(num_silos=2, excluded_classes="1 2")
    silos = load_silos(config)
    found = run_isolated(task(config, threads_per_silo=2), silos, num_workers=2)
    alone = [train_isolated(task(config, threads_per_silo=2), silo) for silo in silos]
    assert [r.weights for r in found] == [r.weights for r in alone]


def test_every_epoch_is_reported(tiny):
    told = []
    results = run_isolated(task(tiny()), load_silos(tiny()), num_workers=2, on_epoch=told.append)
    expected = [record for result in results for record in result.epochs]
    assert sorted(told, key=lambda r: (r.silo, r.epoch)) == expected
    assert {(r.round, r.epoch) for r in told} == {(1, 1), (1, 2)}


def test_a_momentum_of_zero_trains(tiny):
    (result,) = run_isolated(task(tiny(), momentum=0.0), load_silos(tiny())[:1], num_workers=1)
    assert result.epochs[1].loss < result.epochs[0].loss


def test_a_silo_that_raises_is_named_with_its_traceback(tiny):
    silos = load_silos(tiny())[1:2]
    with pytest.raises(SiloFailedError, match="silo 2 failed: ValueError: the disk") as error:
        run_isolated(task(tiny(), Failing(burn)), silos, num_workers=1)
    assert "in burn" in error.value.details


def test_a_silo_whose_process_dies_is_named(tiny):
    silos = load_silos(tiny())[2:]
    with pytest.raises(SiloFailedError, match=r"silo 3: its process died \(exit code 9\)"):
        run_isolated(task(tiny(), Failing(die)), silos, num_workers=1)


def test_a_process_that_dies_before_it_reads_its_silo_is_named(tiny):
    failing = task(tiny(), DiesOnArrival(die), threads_per_silo=2)
    with pytest.raises(SiloFailedError, match=r"silo 1: its process died \(exit code 3\)"):
        run_isolated(failing, load_silos(tiny())[:1], num_workers=1)


def test_no_process_is_left_after_a_failure(tiny):
    with pytest.raises(SiloFailedError):
        run_isolated(task(tiny(), Failing(die)), load_silos(tiny()), num_workers=3)
    assert multiprocessing.active_children() == []
