"""Which engine a comparison takes where nobody asks for one."""

import random

import numpy as np
import pytest
import torch

from fedcompare.execution import engine_choice
from fedcompare.execution.engine_choice import (
    RAY_SECONDS,
    Choice,
    choose_by_time,
    choose_engine,
    time_step,
)
from fedcompare.execution.plan import seed_stages
from fedcompare.federated.engines.catalog import IN_PROCESS, SIMULATION
from fedcompare.runs.directory import RunDirectory


@pytest.mark.parametrize(
    ("seconds", "engine"),
    [(0.0, IN_PROCESS), (RAY_SECONDS - 0.1, IN_PROCESS), (RAY_SECONDS, SIMULATION)],
)
def test_ray_is_started_only_where_that_takes_no_longer_than_training(seconds, engine):
    choice = choose_by_time(seconds)
    assert choice.engine == engine
    assert bool(choice.note) == (engine == IN_PROCESS)


@pytest.fixture
def seconds_a_step(monkeypatch):
    """Return `seconds_a_step(seconds)`: say how long a step takes, so that none is timed."""
    return lambda seconds: monkeypatch.setattr(engine_choice, "time_step", lambda config: seconds)


def test_the_steps_of_the_federations_to_be_made_count(tiny, tmp_path, seconds_a_step):
    config = tiny(num_cpus=1, model="2nn")
    stages = seed_stages(RunDirectory(tmp_path, config), contributions=False)
    federations = sum(stage.steps() for stage in stages if stage.bench == "federation")
    assert 0 < federations < sum(stage.steps() for stage in stages)
    seconds_a_step(0.99 * RAY_SECONDS / federations)
    assert choose_engine(config, stages).engine == IN_PROCESS
    seconds_a_step(1.01 * RAY_SECONDS / federations)
    assert choose_engine(config, stages).engine == SIMULATION


def test_small_models_train_together_in_process_however_many_there_are(
    tiny, tmp_path, seconds_a_step
):
    stages = seed_stages(RunDirectory(tmp_path, tiny()), contributions=True)
    seconds_a_step(RAY_SECONDS)
    choice = choose_engine(tiny(), stages)
    assert choice.engine == IN_PROCESS
    assert "train together" in choice.note


def test_what_is_asked_for_is_taken_untimed(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(engine_choice, "time_step", None)
    for engine in (SIMULATION, IN_PROCESS):
        config = tiny(engine=engine)
        stages = seed_stages(RunDirectory(tmp_path, config), contributions=False)
        assert choose_engine(config, stages) == Choice(engine=engine)
    assert choose_engine(tiny(), []).note == ""  # nothing to be made: nothing to say


def test_timing_a_step_leaves_all_randomness_alone(tiny):
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
    assert 0 < time_step(tiny()) < 1
    after = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()  # noqa: NPY002
    assert before == after
