"""The stages of a comparison, one after another and without Ray: what they make, and reuse."""

import functools
import itertools
import shutil
from dataclasses import replace

import numpy as np
import pytest

from fedcompare.data.silos import load_silos
from fedcompare.errors import ResultsError, WeightsError
from fedcompare.evaluation.predicting import remake, write_seed_answers
from fedcompare.evaluation.stored import read_coalition_answers, read_seed_answers
from fedcompare.execution.jobs import serve_jobs
from fedcompare.execution.plan import training_stage, unfinished
from fedcompare.execution.stages import Answer
from fedcompare.federated.server import run_federated
from fedcompare.learning.weights import state_from_bytes
from fedcompare.machine.crew import Crew
from fedcompare.names import POOLED
from fedcompare.regimes.budgets import Schedule, count_steps
from fedcompare.regimes.catalog import TRAINED, Regime
from fedcompare.regimes.coalitions import coalition_part, coalitions_to_train
from fedcompare.regimes.models import ModelId, weights_file
from fedcompare.runs.directory import COALITION_PREDICTIONS, PREDICTIONS, RunDirectory
from fedcompare.runs.reading import read_first_round
from support import InlineGrid, do, make, make_unfinished, stage_of, stages_of, untimed

SILOS = (1, 2, 3)


def plan(config, results, *, contributions=False, force=False):
    stages = stages_of(config, results, contributions=contributions)
    return list(unfinished(stages, force=force))


def is_finished(run, part, coalitions=()):
    stage = Answer(run=run, silos=load_silos(run.config), coalitions=coalitions)
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
def trained(tmp_path_factory, config):
    """The results of all stages of one seed; copy them, don't change them."""
    results = tmp_path_factory.mktemp("trained")
    make_unfinished(stages_of(config, results, contributions=True))
    return results


@pytest.fixture
def run(results, config):
    return RunDirectory(results, config)


@pytest.fixture(scope="module")
def answers(trained, config):
    return read_seed_answers(RunDirectory(trained, config))


# What is trained.


def test_isolated_training_is_the_first_round_at_equal_budget(trained, config, tmp_path):
    alone = RunDirectory(tmp_path, config)
    make(training_stage(alone, Regime.ISOLATED))
    assert weights(trained, config, Regime.ISOLATED) == weights(tmp_path, config, Regime.ISOLATED)
    first = weights(trained, config, Regime.ISOLATED_EQUAL)
    for silo in SILOS:
        expected = first[weights_file(silo, round=1)]
        assert weights(trained, config, Regime.ISOLATED)[weights_file(silo)] == expected
    run = RunDirectory(trained, config)
    ours, theirs = (each.read_manifest(Regime.ISOLATED).training for each in (run, alone))
    assert replace(ours, seconds=0, cpu_seconds=0) == replace(theirs, seconds=0, cpu_seconds=0)
    losses, expected = (each.regime_path(Regime.ISOLATED) / "epochs.csv" for each in (run, alone))
    assert losses.read_bytes() == expected.read_bytes()
    both_rounds = run.read_manifest(Regime.ISOLATED_EQUAL).training
    assert 0 < ours.seconds < both_rounds.seconds
    assert 0 < ours.cpu_seconds < both_rounds.cpu_seconds


def test_isolated_training_waits_for_what_includes_it(tiny, tmp_path):
    included = stage_of(tiny(isolated_epochs=1), tmp_path, Regime.ISOLATED)
    assert included.needs == (Regime.ISOLATED_EQUAL,)
    assert included.jobs() == []
    assert included.steps() == included.longest() == 0
    longer = stage_of(tiny(isolated_epochs=2), tmp_path, Regime.ISOLATED)
    assert longer.needs == ()
    assert len(longer.jobs()) == len(SILOS)
    assert longer.steps() > longer.longest() > 0


def test_isolated_training_of_another_length_is_trained_by_itself(tiny, tmp_path):
    config = tiny(isolated_epochs=2)
    make(stage_of(config, tmp_path, Regime.ISOLATED_EQUAL))
    isolated = stage_of(config, tmp_path, Regime.ISOLATED)
    assert not isolated.is_finished()
    make(isolated)
    make(training_stage(RunDirectory(tmp_path / "alone", config), Regime.ISOLATED))
    expected = weights(tmp_path / "alone", config, Regime.ISOLATED)
    assert weights(tmp_path, config, Regime.ISOLATED) == expected


def test_a_finished_isolated_part_is_not_written_again(results, run, config):
    before = contents(run.regime_path(Regime.ISOLATED))
    shutil.rmtree(run.regime_path(Regime.ISOLATED_EQUAL))
    make(*plan(config, results))
    assert run.is_finished(Regime.ISOLATED_EQUAL)
    assert contents(run.regime_path(Regime.ISOLATED)) == before


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_the_first_round_is_what_training_of_its_length_gives(tiny, tmp_path, rounds):
    config = tiny(isolated_epochs=1, num_server_rounds=rounds)
    run = RunDirectory(tmp_path, config)
    make(training_stage(run, Regime.ISOLATED_EQUAL))
    budget = Schedule(rounds=rounds, epochs=1)
    read = read_first_round(run, Regime.ISOLATED_EQUAL, SILOS, budget)
    alone = [do(job) for job in training_stage(run, Regime.ISOLATED).jobs()]
    assert read.rounds[0].weights == {
        silo: trained.rounds[0].weights[silo] for silo, trained in zip(SILOS, alone, strict=True)
    }
    assert read.epochs == tuple(record for trained in alone for record in trained.epochs)
    assert untimed(read.reports) == untimed(r for trained in alone for r in trained.reports)
    assert read.seconds == max(report.seconds for report in read.reports)
    assert len(read.rounds) == 1


def test_a_first_round_that_was_altered_is_not_read(run):
    path = run.regime_path(Regime.ISOLATED_EQUAL) / weights_file(2, round=1)
    path.write_bytes(path.read_bytes()[:-1])
    stage = training_stage(run, Regime.ISOLATED)
    with pytest.raises(WeightsError, match=r"silo-2\.safetensors was altered"):
        replace(stage, is_read=True).finish([])


def test_federated_training_of_one_silo_is_isolated_training_bit_for_bit(tiny, tmp_path):
    config = tiny(num_silos=1, excluded_classes="", num_server_rounds=3)
    make(
        stage_of(config, tmp_path, Regime.FEDERATED),
        stage_of(config, tmp_path, Regime.ISOLATED_EQUAL),
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
    silos = load_silos(config)
    pooled = silos.pooled
    counts = np.sum([silo.label_counts(10) for silo in silos], axis=0)
    np.testing.assert_array_equal(pooled.label_counts(10), counts)
    single = load_silos(tiny(num_silos=1, excluded_classes=""))
    assert single.pooled.label_counts(10) == single[1].label_counts(10)


def test_centralized_training_covers_all_examples(tiny, tmp_path):
    config = tiny(num_silos=1, excluded_classes="")
    stage = stage_of(config, tmp_path, Regime.CENTRALIZED)
    (job,) = stage.jobs()
    outcome = do(job)
    assert outcome.silos == [POOLED]
    assert {report.num_examples for report in outcome.reports} == {300}
    assert {owner for one in outcome.rounds for owner in one.weights} == {None}
    stage.finish([outcome])
    manifest = stage.run.read_manifest(Regime.CENTRALIZED).training
    assert manifest.local_steps == (count_steps(300, epochs=2, batch_size=16),)
    assert sum(map(sum, manifest.label_counts)) == 300


def test_isolated_federated_and_centralized_have_the_same_budget(trained, config):
    run = RunDirectory(trained, config)
    regimes = (Regime.ISOLATED_EQUAL, Regime.FEDERATED, Regime.CENTRALIZED)
    manifests = [run.read_manifest(regime).training for regime in regimes]
    assert {manifest.epochs for manifest in manifests} == {2}
    assert len({manifest.label_counts for manifest in manifests}) == 1
    assert manifests[0].local_steps == manifests[1].local_steps


def test_the_steps_that_are_foreseen_are_those_that_are_done(trained, config):
    for stage in stages_of(config, trained, contributions=True):
        if isinstance(stage, Answer) or stage.part == Regime.ISOLATED:  # read, not trained
            assert stage.steps() == 0
        else:
            done = stage.run.read_manifest(stage.part).training.local_steps
            assert stage.steps() == sum(done), stage.part


@pytest.mark.parametrize("part", [*TRAINED, "coalition-1-3"])
def test_the_steps_told_along_the_way_add_up(trained, config, part):
    stage, notes = stage_of(config, trained, part), []
    for job in stage.jobs():
        do(job, notes.append)
    assert sum(map(stage.steps_of, notes)) == stage.steps()


def test_fine_tuning_starts_from_the_federated_model_and_moves_away(trained, config):
    stage = stage_of(config, trained, Regime.FINE_TUNED)
    federated = weights(trained, config, Regime.FEDERATED)[weights_file(None)]
    assert {job.initial for job in stage.jobs()} == {federated}
    tuned = weights(trained, config, Regime.FINE_TUNED)
    assert len({federated, *tuned.values()}) == 1 + len(SILOS)


def test_workers_give_the_same_bytes_as_this_process(trained, config, tmp_path):
    regimes = (Regime.ISOLATED_EQUAL, Regime.CENTRALIZED)
    stages = [stage_of(config, tmp_path, regime) for regime in regimes]
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
        assert weights(tmp_path, config, stage.part) == weights(trained, config, stage.part)


# Coalitions.


def test_a_coalition_trains_only_its_members(config):
    grid = InlineGrid(3)
    coalition = run_federated(grid, config, members=(1, 2))
    assert coalition.silos == [1, 2]
    assert {record.silo for record in coalition.reports} == {1, 2}
    trained = [m.metadata.dst_node_id for m in grid.sent if m.metadata.message_type == "train"]
    assert trained == [100, 101] * 2


def test_a_coalition_gives_another_model_than_everybody(trained, config):
    parts = [Regime.FEDERATED, *map(coalition_part, coalitions_to_train(3))]
    assert len({weights(trained, config, part)[weights_file(None)] for part in parts}) == len(parts)


def test_everybody_as_a_coalition_is_the_federation(trained, config):
    coalition, federation = (
        run_federated(InlineGrid(3), config, members=members).rounds[-1].weights[None]
        for members in (SILOS, None)
    )
    assert coalition == federation
    assert coalition == weights(trained, config, Regime.FEDERATED)[weights_file(None)]


def test_bytes_are_counted_and_the_same_in_every_run(config):
    one, other = (run_federated(InlineGrid(3), config) for _ in range(2))
    assert one.bytes_up > 0
    assert one.bytes_down > 0
    assert (one.bytes_up, one.bytes_down) == (other.bytes_up, other.bytes_down)
    two = run_federated(InlineGrid(3), config, members=(1, 2))
    assert two.bytes_up < one.bytes_up
    assert two.bytes_down < one.bytes_down
    # Each round every silo sends its weights once, and gets them to train and to evaluate.
    sent = config.budget.num_server_rounds * len(SILOS) * len(one.rounds[-1].weights[None])
    assert one.bytes_up > 0.9 * sent
    assert one.bytes_down > 2 * 0.9 * sent


def test_the_coalitions_answers_are_by_member(trained, config):
    found = read_coalition_answers(RunDirectory(trained, config), coalitions_to_train(3))
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
        assert set(stage.needs) <= set(parts(stages[:index])), stage.part


def test_another_seed_shares_nothing(results, config):
    other = config.with_seed(config.seed + 1)
    assert parts(plan(other, results)) == parts(stages_of(other, results))


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
    stage, other = (
        stage_of(own, results, Regime.ISOLATED_EQUAL) for own in (config, config.with_seed(99))
    )
    stage.finish(list(map(do, other.jobs())))
    assert not is_finished(run, PREDICTIONS)
    assert is_finished(run, COALITION_PREDICTIONS, coalitions_to_train(3))
    assert parts(plan(config, results)) == [PREDICTIONS]
    make(*plan(config, results))
    assert plan(config, results) == []


def test_a_source_that_gives_the_same_weights_again_changes_nothing(results, run, config):
    make(stage_of(config, results, Regime.CENTRALIZED))
    assert is_finished(run, PREDICTIONS)


def test_coalitions_answers_are_not_current_after_a_coalition_changed(results, run, config):
    other = run_federated(InlineGrid(3), config.with_seed(99), members=(1, 3))
    stage_of(config, results, "coalition-1-3").finish([other])
    assert not is_finished(run, COALITION_PREDICTIONS, coalitions_to_train(3))
    assert parts(plan(config, results, contributions=True)) == [COALITION_PREDICTIONS]


# Answers.


def test_answers_written_twice_have_the_same_bytes(run, config):
    before = contents(run.path / PREDICTIONS)
    write_seed_answers(run, load_silos(config))
    assert contents(run.path / PREDICTIONS) == before


@pytest.mark.parametrize("part", [PREDICTIONS, COALITION_PREDICTIONS])
def test_remade_answers_are_the_stored_bytes(trained, config, part):
    run = RunDirectory(trained, config)
    remade = dict(remake(run, load_silos(config), part))
    stored = run.read_manifest(part).files
    assert set(remade) == {name for name in stored if name.endswith(".safetensors")}
    for name, content in remade.items():
        assert content == (run.path / part / name).read_bytes()


def test_there_is_an_answer_of_every_model_and_round(answers):
    owned = (Regime.ISOLATED, Regime.ISOLATED_EQUAL, Regime.FINE_TUNED)
    shared = (Regime.FEDERATED, Regime.AVERAGE, Regime.ENSEMBLE, Regime.CENTRALIZED)
    assert {model.key for model in answers.final} == {
        *(f"{regime}-silo-{silo}" for regime in owned for silo in SILOS),
        *shared,
    }
    followed = ["federated", "centralized", *(f"isolated-equal-silo-{s}" for s in SILOS)]
    assert {(model.key, number) for model, number in answers.rounds} == {
        *itertools.product(followed, (0, 1, 2)),
        *((f"local-silo-{silo}", number) for silo in SILOS for number in (1, 2)),
    }


FEDERATED = ModelId(Regime.FEDERATED)


def test_the_last_round_is_the_final_model_and_all_start_alike(answers):
    for model in {model for model, _ in answers.rounds if not model.is_local}:
        np.testing.assert_array_equal(answers.rounds[model, 2], answers.final[model].predicted)
        np.testing.assert_array_equal(answers.rounds[model, 0], answers.rounds[FEDERATED, 0])


def test_in_the_first_round_a_silos_local_model_is_its_isolated_model(answers):
    for silo in SILOS:
        local = answers.rounds[ModelId(Regime.FEDERATED, silo), 1]
        equal = answers.rounds[ModelId(Regime.ISOLATED_EQUAL, silo), 1]
        np.testing.assert_array_equal(local, equal)
        isolated = answers.final[ModelId(Regime.ISOLATED, silo)].predicted
        np.testing.assert_array_equal(local, isolated)


def test_the_ensembles_probabilities_are_the_mean(answers):
    models = [answers.final[ModelId(Regime.ISOLATED_EQUAL, s)].probabilities for s in SILOS]
    expected = np.mean(models, axis=0)
    found = answers.final[ModelId(Regime.ENSEMBLE)].probabilities
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


def owned_by(trained, silo):
    """Return the same training, as if it were this silo's."""
    rounds = [
        replace(
            one,
            weights=dict(zip([silo], one.weights.values(), strict=True)),
            epochs=tuple(replace(record, silo=silo) for record in one.epochs),
            reports=tuple(replace(record, silo=silo) for record in one.reports),
        )
        for one in trained.rounds
    ]
    return replace(trained, rounds=tuple(rounds))


def test_average_and_ensemble_of_equal_models_are_that_model(results, run, config):
    stage = stage_of(config, results, Regime.ISOLATED_EQUAL)
    first = do(stage.jobs()[0])
    stage.finish([owned_by(first, silo) for silo in SILOS])
    write_seed_answers(run, load_silos(config))
    found = read_seed_answers(run).final
    expected = found[ModelId(Regime.ISOLATED_EQUAL, 1)].probabilities
    for regime in (Regime.AVERAGE, Regime.ENSEMBLE):
        np.testing.assert_allclose(found[ModelId(regime)].probabilities, expected, atol=1e-6)


def test_the_average_is_weighted_by_examples(trained, config, answers):
    """After one round, the federated model is the average of the isolated models."""
    states = [
        state_from_bytes(weights(trained, config, Regime.ISOLATED)[weights_file(silo)])
        for silo in SILOS
    ]
    manifest = answers.trainings[Regime.FEDERATED]
    sizes = [sum(counts) for counts in manifest.label_counts]
    path = weights_file(None, round=1)
    federated = state_from_bytes(weights(trained, config, Regime.FEDERATED)[path])
    for name, tensor in federated.items():
        mean = sum(s[name].double() * n for s, n in zip(states, sizes, strict=True)) / sum(sizes)
        np.testing.assert_allclose(tensor.numpy(), mean.numpy(), atol=1e-6)


def test_with_a_single_round_the_one_shot_average_is_the_federated_model(tiny, tmp_path):
    config = tiny(num_server_rounds=1, excluded_classes="1,2,3,4 5 -")
    make(*stages_of(config, tmp_path))
    found = read_seed_answers(RunDirectory(tmp_path, config)).final
    np.testing.assert_allclose(
        found[ModelId(Regime.AVERAGE)].probabilities, found[FEDERATED].probabilities, atol=1e-5
    )


# What is wrong with stored answers is named.


@pytest.mark.parametrize("name", ["federated", "isolated-equal-silo-2", "rounds"])
def test_an_altered_file_of_answers_is_named(run, config, name):
    path = run.path / PREDICTIONS / f"{name}.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=rf"{name}\.safetensors was altered"):
        read_seed_answers(run)


@pytest.mark.parametrize("name", ["ensemble", "rounds"])
def test_a_missing_file_of_answers_is_named(run, config, name):
    (run.path / PREDICTIONS / f"{name}.safetensors").unlink()
    with pytest.raises(WeightsError, match=rf"{name}\.safetensors: No such file"):
        read_seed_answers(run)


def test_an_altered_answer_of_a_coalition_is_named(run):
    path = run.path / COALITION_PREDICTIONS / "coalition-1-3.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WeightsError, match=r"coalition-1-3\.safetensors was altered"):
        read_coalition_answers(run, coalitions_to_train(3))


@pytest.mark.parametrize(
    "part", [PREDICTIONS, Regime.CENTRALIZED, Regime.ISOLATED_EQUAL, Regime.FINE_TUNED]
)
def test_a_missing_part_says_which_command_makes_it(run, config, part):
    shutil.rmtree(run.path / part)
    with pytest.raises(ResultsError, match="fedcompare compare"):
        read_seed_answers(run)


def test_missing_coalitions_say_which_command_makes_them(run):
    shutil.rmtree(run.path / COALITION_PREDICTIONS)
    with pytest.raises(ResultsError, match="fedcompare compare"):
        read_coalition_answers(run, coalitions_to_train(3))


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"files": 1, "sources": {}}'])
def test_a_damaged_record_of_the_answers_is_named(run, config, damage):
    (run.path / PREDICTIONS / "run.json").write_text(damage)
    with pytest.raises(ResultsError, match=r"run\.json is damaged"):
        read_seed_answers(run)


@pytest.mark.parametrize("file", ["weights/silo-2", "weights/round-1/silo-1"])
def test_altered_weights_are_not_evaluated(run, config, file):
    path = run.regime_path(Regime.ISOLATED_EQUAL) / f"{file}.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    before = contents(run.path / PREDICTIONS)
    with pytest.raises(WeightsError, match=rf"{file}\.safetensors was altered"):
        write_seed_answers(run, load_silos(config))
    assert contents(run.path / PREDICTIONS) == before
