"""Parts that workers make: the same as in this process, in order of need, or none."""

import functools
import multiprocessing
import os
import shutil
from dataclasses import replace

import pytest
import torch
from torch import nn

from fedcompare.data.silos import load_silos
from fedcompare.errors import SiloFailedError, StorageError
from fedcompare.execution import jobs
from fedcompare.execution.campaign import make_parts
from fedcompare.execution.jobs import BENCH, TrainJob, serve_jobs
from fedcompare.execution.plan import seed_stages, training_stage, unfinished
from fedcompare.federated.engines.catalog import IN_PROCESS
from fedcompare.learning.models import catalog
from fedcompare.learning.weights import state_from_bytes
from fedcompare.machine.crew import Crew
from fedcompare.regimes.catalog import Regime, row_of
from fedcompare.regimes.listener import Listener
from fedcompare.regimes.models import weights_file
from fedcompare.regimes.records import EpochRecord
from fedcompare.regimes.trained import side_by_side
from fedcompare.runs.directory import PREDICTIONS, RunDirectory
from support import do, make_unfinished, stage_of, stages_of, untimed


class Failing(nn.Module):
    """A model that fails in a chosen way after some work is done."""

    def __init__(self, fail):
        super().__init__()
        self.layer = nn.Linear(64, 10)
        self.fail = fail

    def forward(self, inputs):
        if len(inputs) < 16:  # the ragged last batch
            self.fail()
        return self.layer(inputs.flatten(1))


def burn():
    raise ValueError("the disk of this silo burns")


def die():
    os._exit(9)


@pytest.fixture
def failing(monkeypatch):
    """Return `failing(burn)`: from now on, models fail so; forked workers inherit it."""

    def fail(how):
        monkeypatch.setitem(catalog.CATALOG, "mlp", lambda **shape: Failing(how))

    return fail


def jobs_of(config, silos):
    return [TrainJob(config=config, regime=Regime.ISOLATED, silos=(silo,)) for silo in silos]


def in_workers(jobs, count, tell=lambda note: None):
    """Return what so many workers give for jobs, in the order of the jobs."""
    threads = jobs[0].config.train.threads_per_silo
    results = {}
    crew = Crew(fork=threads == 1)
    try:
        crew.hire(BENCH, functools.partial(serve_jobs, threads), count)
        crew.submit(BENCH, jobs)
        for event in crew.events():
            if event.done:
                results[id(event.job)] = event.content
            else:
                for note in event.content:
                    tell(note)
    finally:
        crew.stop()
    return [results[id(job)] for job in jobs]


def bits(trained):
    return [one.weights for one in trained.rounds], trained.epochs, untimed(trained.reports)


# Jobs, in workers.


@pytest.mark.parametrize("num_workers", [1, 2, 3])
def test_side_by_side_equals_one_by_one(tiny, num_workers):
    jobs = jobs_of(tiny(), (1, 2, 3))
    assert list(map(bits, in_workers(jobs, num_workers))) == [bits(do(job)) for job in jobs]


def test_more_silos_than_workers_all_start_from_the_same_weights(tiny):
    config = tiny(num_silos=5, excluded_classes="", learning_rate=1e-30)
    initial = catalog.initial_model(config, load_silos(config).dataset).state_dict()
    silos = range(1, 6)
    for silo, trained in zip(silos, in_workers(jobs_of(config, silos), 2), strict=True):
        state = state_from_bytes(trained.rounds[-1].weights[silo])
        assert all(torch.equal(state[name], initial[name]) for name in initial)


def test_spawned_workers_with_several_threads_give_the_same_numbers(tiny):
    jobs = jobs_of(tiny(num_silos=2, excluded_classes="1 2", threads_per_silo=2), (1, 2))
    assert list(map(bits, in_workers(jobs, 2))) == [bits(do(job)) for job in jobs]


def test_a_job_of_several_silos_gives_what_a_job_each_gives(tiny):
    together = TrainJob(config=tiny(), regime=Regime.ISOLATED_EQUAL, silos=(1, 2, 3))
    apart = [replace(together, silos=(silo,)) for silo in together.silos]
    assert bits(do(together)) == bits(side_by_side(list(map(do, apart))))


def test_jobs_of_several_seeds_regimes_and_schedules_done_together_give_what_each_gives(tiny):
    regimes = (Regime.ISOLATED, Regime.ISOLATED_EQUAL)
    together = [
        replace(job, config=tiny().with_seed(seed), regime=regime)
        for seed in (5, 6)
        for regime in regimes
        for job in jobs_of(tiny(), (1, 3))
    ]
    told, found = [], {}
    jobs.do(together, lambda position, notes: told.extend(notes), found.__setitem__)
    alone = list(map(do, together))
    assert [bits(found[position]) for position in range(len(together))] == list(map(bits, alone))
    epochs = [record for own in alone for record in own.epochs]
    assert sorted(map(repr, told)) == sorted(map(repr, epochs))


def test_a_silo_that_raises_is_named_with_its_traceback(tiny, failing):
    failing(burn)
    expected = "isolated training of silo 2, seed 5 failed: ValueError: the disk"
    with pytest.raises(SiloFailedError, match=expected) as error:
        in_workers(jobs_of(tiny(), (2,)), 1)
    assert "in burn" in error.value.details


def test_a_silo_whose_process_dies_is_named(tiny, failing):
    failing(die)
    with pytest.raises(SiloFailedError, match=r"silo 3, seed 5: its process died \(exit code 9\)"):
        in_workers(jobs_of(tiny(), (3,)), 1)


# Stages, by a campaign.


def run_campaign(config, stages, tmp_path, **told):
    log = tmp_path / "log"
    make_parts(config, stages, engine=IN_PROCESS, log=log, verbose=False, listener=Listener(**told))


def test_every_epoch_and_step_and_part_is_told(tiny, tmp_path):
    run = RunDirectory(tmp_path, tiny())
    stage = training_stage(run, Regime.ISOLATED)
    told, total, steps, made = [], [], [], []
    run_campaign(
        tiny(),
        [stage],
        tmp_path,
        on_record=told.append,
        on_start=total.append,
        on_steps=steps.append,
        on_part=made.append,
    )
    expected = [record for job in stage.jobs() for record in do(job).epochs]
    assert sorted(told, key=lambda r: (r.silo, r.epoch)) == expected
    assert all(isinstance(record, EpochRecord) for record in told)
    assert total == [stage.steps()] == [sum(steps)]
    assert made == [run.regime_path(Regime.ISOLATED)]


def test_a_part_does_not_depend_on_who_makes_it(tiny, tmp_path):
    here, there = (RunDirectory(tmp_path / name, tiny()) for name in ("here", "there"))
    ours, theirs = (training_stage(run, Regime.ISOLATED) for run in (here, there))
    ours.finish(list(map(do, ours.jobs())))
    run_campaign(tiny(), [theirs], tmp_path)
    timed = ("run.json", "rounds.csv")
    folders = [run.regime_path(Regime.ISOLATED) for run in (here, there)]
    first, second = (
        {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and path.name not in timed
        }
        for folder in folders
    )
    assert first == second
    assert weights_file(1) in first


def contents(folder):
    """Return a run's files but those that hold times, or follow from them."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("run.json", "rounds.csv")
    }


def test_two_seeds_made_side_by_side_are_what_each_is_alone(tiny, tmp_path, inline):
    runs = [RunDirectory(tmp_path / "together", tiny().with_seed(seed)) for seed in (5, 6)]
    stages = [stage for run in runs for stage in seed_stages(run, contributions=True)]
    run_campaign(tiny(), stages, tmp_path)
    for run in runs:
        alone = RunDirectory(tmp_path / "alone", run.config)
        make_unfinished(seed_stages(alone, contributions=True))
        assert contents(run.path) == contents(alone.path)


def test_no_process_is_left_after_a_failure(tiny, tmp_path, failing):
    failing(die)
    run = RunDirectory(tmp_path, tiny())
    with pytest.raises(SiloFailedError):
        run_campaign(tiny(), [training_stage(run, Regime.ISOLATED)], tmp_path)
    assert multiprocessing.active_children() == []
    assert run.parts() == []


def test_a_log_that_has_no_place_stops_a_federation_before_it_starts(tiny, tmp_path):
    (tmp_path / "file").write_text("")
    stage = training_stage(RunDirectory(tmp_path, tiny()), Regime.FEDERATED)
    with pytest.raises(StorageError, match=r"cannot write .*file"):
        run_campaign(tiny(), [stage], tmp_path / "file")
    assert multiprocessing.active_children() == []


def test_nothing_to_make_is_done_at_once(tiny, tmp_path):
    run_campaign(tiny(), [], tmp_path)
    assert list(tmp_path.iterdir()) == []


def reading(config, results):
    """Return a stage without jobs, and the one that it needs."""
    stages = [stage_of(config, results, r) for r in (Regime.ISOLATED, Regime.ISOLATED_EQUAL)]
    assert stages[0].is_read
    assert stages[0].jobs() == []
    return stages


def test_a_stage_without_jobs_is_finished_once_what_it_needs_is(tiny, tmp_path):
    made = []
    stages = reading(tiny(isolated_epochs=1), tmp_path)
    run_campaign(tiny(isolated_epochs=1), stages, tmp_path, on_part=lambda p: made.append(p.name))
    assert made == [Regime.ISOLATED_EQUAL, Regime.ISOLATED]
    assert all(stage.is_finished() for stage in stages)


def test_a_stage_without_jobs_whose_need_is_there_is_finished_at_once(tiny, tmp_path):
    config = tiny(isolated_epochs=1)
    isolated, equal = reading(config, tmp_path)
    equal.finish(list(map(do, equal.jobs())))
    run_campaign(config, [isolated], tmp_path)
    assert isolated.is_finished()
    assert multiprocessing.active_children() == []


def test_what_needs_a_stage_without_jobs_is_made_after_it(tiny, tmp_path):
    config, made = tiny(isolated_epochs=1), []
    federated = stage_of(config, tmp_path, Regime.FEDERATED)
    federated.finish(list(map(do, federated.jobs())))
    stages = list(unfinished(stages_of(config, tmp_path), force=False))
    assert {stage.part for stage in stages} >= {Regime.ISOLATED, PREDICTIONS}
    run_campaign(config, stages, tmp_path, on_part=lambda path: made.append(path.name))
    assert made[-1] == PREDICTIONS
    assert sorted(made) == sorted(stage.part for stage in stages)
    assert list(unfinished(stages_of(config, tmp_path), force=False)) == []


@pytest.mark.parametrize("lost", [Regime.FEDERATED, Regime.ISOLATED_EQUAL, Regime.CENTRALIZED])
def test_what_needs_a_part_that_came_again_as_it_was_is_not_made_again(
    tiny, tmp_path, inline, lost
):
    config, made = tiny(), []
    make_unfinished(stages_of(config, tmp_path))
    shutil.rmtree(RunDirectory(tmp_path, config).path / lost)
    stages = list(unfinished(stages_of(config, tmp_path), force=False))
    assert PREDICTIONS in {stage.part for stage in stages}
    run_campaign(config, stages, tmp_path, on_part=lambda path: made.append(path.name))
    assert made == [lost]
    assert list(unfinished(stages_of(config, tmp_path), force=False)) == []


def test_a_regime_that_begins_none_is_never_read():
    for regime in Regime:
        assert (row_of(regime).begins is not None) == (regime is Regime.ISOLATED)
