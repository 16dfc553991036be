"""The stages of a comparison, one after another and without Ray: what they make, and reuse."""

import functools
import itertools
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fedcompare.data.silos import load_silo, load_silos
from fedcompare.errors import ResultsError, WeightsError
from fedcompare.evaluation.predicting import remake, write_seed_answers
from fedcompare.evaluation.stored import read_coalition_answers, read_seed_answers
from fedcompare.execution.jobs import _do, serve_jobs
from fedcompare.execution.pipeline import train_isolated_regime
from fedcompare.execution.plan import seed_stages, unfinished
from fedcompare.execution.stages import (
    Answered,
    Centralized,
    Federated,
    FineTuned,
    Isolated,
    IsolatedEqual,
)
from fedcompare.federated.server_app import run_federated
from fedcompare.learning.weights import state_from_bytes
from fedcompare.machine.crew import Crew
from fedcompare.names import POOLED
from fedcompare.regimes.budgets import count_steps
from fedcompare.regimes.catalog import TRAINED, Regime
from fedcompare.regimes.coalitions import coalition_part, coalitions_to_train
from fedcompare.regimes.models import weights_file
from fedcompare.runs.directory import COALITION_PREDICTIONS, PREDICTIONS, RunDirectory
from support import InlineGrid

SILOS = (1, 2, 3)


def do(stage):
    """Return what a stage's jobs give, in this process."""
    if isinstance(stage, Federated):
        grid = InlineGrid(stage.config.partition.num_silos)
        return [run_federated(grid, stage.config, members=stage.members)]
    return [_do(job, lambda note: None) for job in stage.jobs()]


def make(*stages):
    for stage in stages:
        stage.finish(do(stage))


def make_unfinished(stages):
    """Make what is not there yet; a stage may have made another one's part along the way."""
    for stage in stages:
        if not stage.is_finished():
            make(stage)


def plan(config, results, *, contributions=False, force=False):
    stages = seed_stages(config, results, contributions=contributions)
    return list(unfinished(stages, force=force))


def is_finished(run, part, coalitions=()):
    stage = Answered(config=run.config, results=run.path.parents[1], coalitions=coalitions)
    assert stage.part == part
    return stage.is_finished()


def parts(stages):
    return [stage.part for stage in stages]


def weights(results, config, part):
    """Return the bytes of a part's weights by file, as the manifest lists them."""
    run = RunDirectory(results, config)
    return {
        file: (run.regime_path(part) / file).read_bytes()
        for file in run.read_manifest(part).weights
    }


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture(scope="module")
def config(tiny):
    """An experiment whose isolated training is the first round at equal budget."""
    return tiny(isolated_epochs=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory, config):
    """The results of all stages of one seed; copy them, don't change them."""
    results = tmp_path_factory.mktemp("made")
    make_unfinished(seed_stages(config, results, contributions=True))
    return results


@pytest.fixture
def results(made, tmp_path):
    """A copy of this test's own."""
    return Path(shutil.copytree(made, tmp_path / "results"))


@pytest.fixture
def run(results, config):
    return RunDirectory(results, config)


@pytest.fixture(scope="module")
def answers(made, config):
    return read_seed_answers(config, RunDirectory(made, config))


# What is trained.


def test_isolated_training_is_the_first_round_at_equal_budget(made, config, tmp_path):
    alone = RunDirectory(tmp_path, config)
    train_isolated_regime(config, alone, lambda record: None)
    assert weights(made, config, Regime.ISOLATED) == weights(tmp_path, config, Regime.ISOLATED)
    first = weights(made, config, Regime.ISOLATED_EQUAL)
    for silo in SILOS:
        expected = first[weights_file(silo, round=1)]
        assert weights(made, config, Regime.ISOLATED)[weights_file(silo)] == expected
    run = RunDirectory(made, config)
    ours, theirs = (each.read_manifest(Regime.ISOLATED).training for each in (run, alone))
    assert replace(ours, seconds=0, cpu_seconds=0) == replace(theirs, seconds=0, cpu_seconds=0)
    losses, expected = (each.regime_path(Regime.ISOLATED) / "epochs.csv" for each in (run, alone))
    assert losses.read_bytes() == expected.read_bytes()
    both_rounds = run.read_manifest(Regime.ISOLATED_EQUAL).training
    assert 0 < ours.seconds < both_rounds.seconds
    assert 0 < ours.cpu_seconds < both_rounds.cpu_seconds


def test_isolated_training_waits_for_what_includes_it(tiny, tmp_path):
    included = Isolated(config=tiny(isolated_epochs=1), results=tmp_path)
    assert included.needed() == (Regime.ISOLATED_EQUAL,)
    assert included.steps() == 0
    longer = Isolated(config=tiny(isolated_epochs=2), results=tmp_path)
    assert longer.needed() == ()
    assert longer.steps() > 0


def test_isolated_training_of_another_length_is_trained_by_itself(tiny, tmp_path):
    config = tiny(isolated_epochs=2)
    make(IsolatedEqual(config=config, results=tmp_path))
    isolated = Isolated(config=config, results=tmp_path)
    assert not isolated.is_finished()
    make(isolated)
    train_isolated_regime(config, RunDirectory(tmp_path / "alone", config), lambda record: None)
    expected = weights(tmp_path / "alone", config, Regime.ISOLATED)
    assert weights(tmp_path, config, Regime.ISOLATED) == expected


def test_a_finished_isolated_part_is_not_written_again(results, run, config):
    before = contents(run.regime_path(Regime.ISOLATED))
    shutil.rmtree(run.regime_path(Regime.ISOLATED_EQUAL))
    make(IsolatedEqual(config=config, results=results))
    assert contents(run.regime_path(Regime.ISOLATED)) == before


def test_federated_training_of_one_silo_is_isolated_training_bit_for_bit(tiny, tmp_path):
    config = tiny(num_silos=1, excluded_classes="", num_server_rounds=3)
    make(
        Federated(config=config, results=tmp_path, members=(1,)),
        IsolatedEqual(config=config, results=tmp_path),
    )
    federated = weights(tmp_path, config, Regime.FEDERATED)
    isolated = weights(tmp_path, config, Regime.ISOLATED_EQUAL)
    for number in (1, 2, None):
        expected = isolated[weights_file(1, round=number)]
        assert federated[weights_file(None, round=number)] == expected
    steps = {
        RunDirectory(tmp_path, config).read_manifest(regime).training.local_steps
        for regime in (Regime.FEDERATED, Regime.ISOLATED_EQUAL)
    }
    assert len(steps) == 1


def test_the_pooled_silo_has_everybodys_examples(config, tiny):
    pooled, silos = load_silo(config, POOLED), load_silos(config)
    counts = np.sum([silo.label_counts(10) for silo in silos], axis=0)
    np.testing.assert_array_equal(pooled.label_counts(10), counts)
    single = tiny(num_silos=1, excluded_classes="")
    assert load_silo(single, POOLED).label_counts(10) == load_silo(single, 1).label_counts(10)


def test_centralized_training_covers_all_examples(tiny, tmp_path):
    config = tiny(num_silos=1, excluded_classes="")
    stage = Centralized(config=config, results=tmp_path)
    (outcome,) = do(stage)
    assert (outcome.silo, outcome.num_examples) == (POOLED, 300)
    stage.finish([outcome])
    manifest = stage.run.read_manifest(Regime.CENTRALIZED).training
    assert manifest.local_steps == (count_steps(300, epochs=2, batch_size=16),)
    assert sum(map(sum, manifest.label_counts)) == 300


def test_isolated_federated_and_centralized_have_the_same_budget(made, config):
    run = RunDirectory(made, config)
    regimes = (Regime.ISOLATED_EQUAL, Regime.FEDERATED, Regime.CENTRALIZED)
    manifests = [run.read_manifest(regime).training for regime in regimes]
    assert {manifest.epochs for manifest in manifests} == {2}
    assert len({manifest.label_counts for manifest in manifests}) == 1
    assert manifests[0].local_steps == manifests[1].local_steps


def test_the_steps_that_are_foreseen_are_those_that_are_done(made, config):
    for stage in seed_stages(config, made, contributions=True):
        if isinstance(stage, Answered):
            assert stage.steps() == 0
        else:
            done = stage.run.read_manifest(stage.part).training.local_steps
            assert stage.steps() == sum(done), stage.part


def test_isolated_models_that_are_a_by_product_need_no_steps_of_their_own(config, tmp_path):
    assert Isolated(config=config, results=tmp_path).steps() == 0


def test_the_steps_told_along_the_way_add_up(config, tmp_path):
    stage, notes = IsolatedEqual(config=config, results=tmp_path), []
    for job in stage.jobs():
        _do(job, notes.append)
    assert sum(map(stage.steps_of, notes)) == stage.steps()


def test_fine_tuning_starts_from_the_federated_model_and_moves_away(made, config):
    stage = FineTuned(config=config, results=made)
    federated = weights(made, config, Regime.FEDERATED)[weights_file(None)]
    assert {job.initial for job in stage.jobs()} == {federated}
    tuned = weights(made, config, Regime.FINE_TUNED)
    assert len({federated, *tuned.values()}) == 1 + len(SILOS)


def test_workers_give_the_same_bytes_as_this_process(made, config, tmp_path):
    stages = [
        IsolatedEqual(config=config, results=tmp_path),
        Centralized(config=config, results=tmp_path),
    ]
    jobs = {stage: stage.jobs() for stage in stages}
    outcomes = {}
    crew = Crew()
    try:
        crew.hire("bench", functools.partial(serve_jobs, 1), 2)
        crew.submit("bench", itertools.chain(*jobs.values()))
        for event in crew.events():
            if event.done:
                outcomes[id(event.job)] = event.content
    finally:
        crew.stop()
    for stage in stages:
        stage.finish([outcomes[id(job)] for job in jobs[stage]])
        assert weights(tmp_path, config, stage.part) == weights(made, config, stage.part)


# Coalitions.


def test_a_coalition_trains_only_its_members(config):
    grid = InlineGrid(3)
    history = run_federated(grid, config, members=(1, 2))
    assert history.silos == [1, 2]
    assert {record.silo for record in history.rounds} == {1, 2}
    trained = [m.metadata.dst_node_id for m in grid.sent if m.metadata.message_type == "train"]
    assert trained == [100, 101] * 2


def test_a_coalition_gives_another_model_than_everybody(made, config):
    parts = [Regime.FEDERATED, *map(coalition_part, coalitions_to_train(3))]
    assert len({weights(made, config, part)[weights_file(None)] for part in parts}) == len(parts)


def test_everybody_as_a_coalition_is_the_federation(made, config):
    history = run_federated(InlineGrid(3), config, members=SILOS)
    assert history.weights == run_federated(InlineGrid(3), config).weights
    assert history.weights == weights(made, config, Regime.FEDERATED)[weights_file(None)]


def test_bytes_are_counted_and_the_same_in_every_run(config):
    one, other = (run_federated(InlineGrid(3), config) for _ in range(2))
    assert one.bytes_up > 0
    assert one.bytes_down > 0
    assert (one.bytes_up, one.bytes_down) == (other.bytes_up, other.bytes_down)
    two = run_federated(InlineGrid(3), config, members=(1, 2))
    assert two.bytes_up < one.bytes_up
    assert two.bytes_down < one.bytes_down
    # Each round every silo sends its weights once, and gets them to train and to evaluate.
    sent = config.budget.num_server_rounds * len(SILOS) * len(one.weights)
    assert one.bytes_up > 0.9 * sent
    assert one.bytes_down > 2 * 0.9 * sent


def test_the_coalitions_answers_are_by_member(made, config):
    found = read_coalition_answers(RunDirectory(made, config))
    assert set(found) == {(1, 2), (1, 3), (2, 3)}


# What is finished, and what must be made again.


@pytest.mark.parametrize("contributions", [False, True])
def test_a_second_plan_finds_everything_finished(results, config, contributions):
    assert plan(config, results, contributions=contributions) == []


def test_a_plan_of_nothing_is_everything_in_order_of_need(config, tmp_path):
    stages = plan(config, tmp_path, contributions=True)
    assert sorted(parts(stages)) == sorted(
        [*TRAINED, PREDICTIONS, COALITION_PREDICTIONS, *map(coalition_part, coalitions_to_train(3))]
    )
    for index, stage in enumerate(stages):
        assert set(stage.needed()) <= set(parts(stages[:index])), stage.part


def test_another_seed_shares_nothing(results, config):
    other = config.with_seed(config.seed + 1)
    assert parts(plan(other, results)) == parts(seed_stages(other, results, contributions=False))


@pytest.mark.parametrize("part", [*TRAINED, PREDICTIONS])
def test_a_lost_part_is_made_again_with_what_depends_on_it(results, run, config, part):
    shutil.rmtree(run.path / part)
    # Nobody knows yet whether the same weights come again.
    also = {Regime.FINE_TUNED} if part == Regime.FEDERATED else set()
    assert set(parts(plan(config, results))) == {part, PREDICTIONS, *also}


@pytest.mark.parametrize(
    ("changes", "key", "again"),
    [
        ({"num_server_rounds": 3}, "num-server-rounds", {*TRAINED} - {Regime.ISOLATED}),
        ({"isolated_epochs": 2}, "isolated-epochs", {Regime.ISOLATED}),
        ({"fine_tune_epochs": 2}, "fine-tune-epochs", {Regime.FINE_TUNED}),
        ({"learning_rate": 0.2}, "learning-rate", {*TRAINED}),
    ],
)
def test_parts_of_another_budget_are_refused_or_made_again(results, run, tiny, changes, key, again):
    other = tiny(**{"isolated_epochs": 1} | changes)
    with pytest.raises(ResultsError, match=key):
        plan(other, results)
    assert run.is_finished(Regime.FINE_TUNED)
    stages = plan(other, results, force=True)
    assert set(parts(stages)) == {*again, PREDICTIONS}
    make_unfinished(stages)
    assert plan(other, results) == []


@pytest.mark.parametrize(
    ("part", "file"),
    [
        (Regime.ISOLATED, "weights/silo-1.safetensors"),
        (Regime.FEDERATED, "weights/round-1/global.safetensors"),
        (PREDICTIONS, "ensemble.safetensors"),
    ],
)
@pytest.mark.parametrize("lost", [True, False])
def test_damaged_parts_are_refused_or_made_again(results, run, config, part, file, lost):
    path = run.path / part / file
    content = path.read_bytes()
    if lost:
        path.unlink()
    else:
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(WeightsError, match=rf"{path.name}.*make it again.*--force"):
        plan(config, results)
    stages = plan(config, results, force=True)
    assert part in parts(stages)
    make_unfinished(stages)
    assert path.read_bytes() == content
    assert plan(config, results) == []


def test_what_does_not_change_the_numbers_does_not_make_parts_again(results, tiny):
    other = tiny(isolated_epochs=1, num_seeds=2, num_cpus=1, round_timeout=9.0)
    assert plan(other, results, contributions=True) == []


def test_answers_are_not_current_after_a_source_was_trained_anew(results, run, config):
    assert is_finished(run, PREDICTIONS)
    stage = IsolatedEqual(config=config, results=results)
    stage.finish(do(replace(stage, config=config.with_seed(99))))
    assert not is_finished(run, PREDICTIONS)
    assert is_finished(run, COALITION_PREDICTIONS, coalitions_to_train(3))
    assert parts(plan(config, results)) == [PREDICTIONS]
    make(*plan(config, results))
    assert plan(config, results) == []


def test_a_source_that_gives_the_same_weights_again_changes_nothing(results, run, config):
    make(Centralized(config=config, results=results))
    assert is_finished(run, PREDICTIONS)


def test_coalitions_answers_are_not_current_after_a_coalition_changed(results, run, config):
    history = run_federated(InlineGrid(3), config.with_seed(99), members=(1, 3))
    Federated(config=config, results=results, members=(1, 3)).finish([history])
    assert not is_finished(run, COALITION_PREDICTIONS, coalitions_to_train(3))
    assert parts(plan(config, results, contributions=True)) == [COALITION_PREDICTIONS]


def parts_of_coalitions():
    return tuple(map(coalition_part, coalitions_to_train(3)))


# Answers.


def test_answers_written_twice_have_the_same_bytes(run, config):
    before = contents(run.path / PREDICTIONS)
    write_seed_answers(config, run)
    assert contents(run.path / PREDICTIONS) == before


@pytest.mark.parametrize("part", [PREDICTIONS, COALITION_PREDICTIONS])
def test_remade_answers_are_the_stored_bytes(made, config, part):
    run = RunDirectory(made, config)
    sources = TRAINED if part == PREDICTIONS else parts_of_coalitions()
    remade = dict(remake(config, run, part, sources))
    stored = run.read_manifest(part).files
    assert set(remade) == {name for name in stored if name.endswith(".safetensors")}
    for name, content in remade.items():
        assert content == (run.path / part / name).read_bytes()


def test_there_is_an_answer_of_every_model_and_round(answers):
    owned = (Regime.ISOLATED, Regime.ISOLATED_EQUAL, Regime.FINE_TUNED)
    shared = (Regime.FEDERATED, Regime.AVERAGE, Regime.ENSEMBLE, Regime.CENTRALIZED)
    assert set(answers.predictions) == {
        *(f"{regime}-silo-{silo}" for regime in owned for silo in SILOS),
        *shared,
    }
    followed = ["federated", "centralized", *(f"isolated-equal-silo-{s}" for s in SILOS)]
    assert set(answers.rounds) == {
        *itertools.product(followed, (0, 1, 2)),
        *((f"local-silo-{silo}", number) for silo in SILOS for number in (1, 2)),
    }


def test_the_last_round_is_the_final_model_and_all_start_alike(answers):
    for key in {key for key, _ in answers.rounds if not key.startswith("local")}:
        np.testing.assert_array_equal(answers.rounds[key, 2], answers.predictions[key].predicted)
        np.testing.assert_array_equal(answers.rounds[key, 0], answers.rounds["federated", 0])


def test_in_the_first_round_a_silos_local_model_is_its_isolated_model(answers):
    for silo in SILOS:
        local = answers.rounds[f"local-silo-{silo}", 1]
        np.testing.assert_array_equal(local, answers.rounds[f"isolated-equal-silo-{silo}", 1])
        isolated = answers.predictions[f"isolated-silo-{silo}"].predicted
        np.testing.assert_array_equal(local, isolated)


def test_the_ensembles_probabilities_are_the_mean(answers):
    models = [answers.predictions[f"isolated-equal-silo-{s}"].probabilities for s in SILOS]
    expected = np.mean(models, axis=0)
    found = answers.predictions["ensemble"].probabilities
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


def test_average_and_ensemble_of_equal_models_are_that_model(results, run, config):
    stage = IsolatedEqual(config=config, results=results)
    first = do(stage)[0]
    stage.finish([replace(first, silo=silo) for silo in SILOS])
    write_seed_answers(config, run)
    found = read_seed_answers(config, run).predictions
    expected = found["isolated-equal-silo-1"].probabilities
    for key in ("average", "ensemble"):
        np.testing.assert_allclose(found[key].probabilities, expected, atol=1e-6)


def test_the_average_is_weighted_by_examples(made, config, answers):
    """After one round, the federated model is the average of the isolated models."""
    states = [
        state_from_bytes(weights(made, config, Regime.ISOLATED)[weights_file(silo)])
        for silo in SILOS
    ]
    manifest = answers.trainings[Regime.FEDERATED]
    sizes = [sum(counts) for counts in manifest.label_counts]
    path = weights_file(None, round=1)
    federated = state_from_bytes(weights(made, config, Regime.FEDERATED)[path])
    for name, tensor in federated.items():
        mean = sum(s[name].double() * n for s, n in zip(states, sizes, strict=True)) / sum(sizes)
        np.testing.assert_allclose(tensor.numpy(), mean.numpy(), atol=1e-6)


def test_with_a_single_round_the_one_shot_average_is_the_federated_model(tiny, tmp_path):
    config = tiny(num_server_rounds=1, excluded_classes="1,2,3,4 5 -")
    make(*seed_stages(config, tmp_path, contributions=False))
    found = read_seed_answers(config, RunDirectory(tmp_path, config)).predictions
    np.testing.assert_allclose(
        found["average"].probabilities, found["federated"].probabilities, atol=1e-5
    )


# What is wrong with stored answers is named.


@pytest.mark.parametrize("name", ["federated", "isolated-equal-silo-2", "rounds"])
def test_an_altered_file_of_answers_is_named(run, config, name):
    path = run.path / PREDICTIONS / f"{name}.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=rf"{name}\.safetensors was altered"):
        read_seed_answers(config, run)


@pytest.mark.parametrize("name", ["ensemble", "rounds"])
def test_a_missing_file_of_answers_is_named(run, config, name):
    (run.path / PREDICTIONS / f"{name}.safetensors").unlink()
    with pytest.raises(WeightsError, match=rf"{name}\.safetensors: No such file"):
        read_seed_answers(config, run)


def test_an_altered_answer_of_a_coalition_is_named(run):
    path = run.path / COALITION_PREDICTIONS / "coalition-1-3.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WeightsError, match=r"coalition-1-3\.safetensors was altered"):
        read_coalition_answers(run)


@pytest.mark.parametrize(
    "part", [PREDICTIONS, Regime.CENTRALIZED, Regime.ISOLATED_EQUAL, Regime.FINE_TUNED]
)
def test_a_missing_part_says_which_command_makes_it(run, config, part):
    shutil.rmtree(run.path / part)
    with pytest.raises(ResultsError, match="fedcompare compare"):
        read_seed_answers(config, run)


def test_missing_coalitions_say_which_command_makes_them(run):
    shutil.rmtree(run.path / COALITION_PREDICTIONS)
    with pytest.raises(ResultsError, match="fedcompare compare"):
        read_coalition_answers(run)


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"files": 1, "sources": {}}'])
def test_a_damaged_record_of_the_answers_is_named(run, config, damage):
    (run.path / PREDICTIONS / "run.json").write_text(damage)
    with pytest.raises(ResultsError, match=r"run\.json is damaged"):
        read_seed_answers(config, run)


@pytest.mark.parametrize("file", ["weights/silo-2", "weights/round-1/silo-1"])
def test_altered_weights_are_not_evaluated(run, config, file):
    path = run.regime_path(Regime.ISOLATED_EQUAL) / f"{file}.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    before = contents(run.path / PREDICTIONS)
    with pytest.raises(WeightsError, match=rf"{file}\.safetensors was altered"):
        write_seed_answers(config, run)
    assert contents(run.path / PREDICTIONS) == before
