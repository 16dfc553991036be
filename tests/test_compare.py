"""`compare`, `report`, `verify` and `diff`: what they write, refuse, find and survive."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from fedcompare import api
from fedcompare.errors import ExitCode
from fedcompare.regimes.catalog import Regime
from support import (
    hire_inline,
    idx_bytes,
    made_up_images,
    make,
    record_as_made,
    stage_of,
    write_idx,
)

PATIENCE = 300.0
ONE_CLIENT = ("--cpus", 1)  # for all silos: each client that Ray starts takes seconds
SEEDS = (5, 6, 7)
FILES = {"config.toml", "report.html", "report.json", "report.md", "run.json", "verdict.json"}
TABLES = {
    *("budgets", "contributions", "curves", "forgetting", "forms", "gains"),
    *("mistakes", "qualities", "scores", "single-scores"),
}
PREDICTIONS = "seed-6/predictions/federated.safetensors"


def files(folder):
    """Return all files below a folder and their bytes."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def times(folder):
    """Return when each file of a seed was written."""
    return {path: path.stat().st_mtime_ns for path in folder.glob("seed-*/**/*")}


def conclusions(folder):
    """Return what must not depend on time: predictions, weights and the verdict."""
    every = files(folder)
    return {n: c for n, c in every.items() if n.endswith((".safetensors", "verdict.json"))}


def half_written(folder):
    return list(folder.rglob(".*"))


def assert_one_message(outcome, code):
    assert outcome.code == code, outcome.err
    assert outcome.err.count("fedcompare: ") == 1
    assert "Traceback" not in outcome.err


def federate(results, config):
    """Make one seed's federation in this process, without Ray."""
    make(stage_of(config, results, Regime.FEDERATED))


def compare(results, config, *, contributions=False):
    """Make a comparison without Ray, and return the experiment's folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fedcompare.execution.campaign.hire_session", hire_inline)
        found = api.compare(config, results, contributions=contributions)
    return found.folder.parent


@pytest.fixture(scope="session")
def made(tmp_path_factory, tiny):
    """A comparison of three seeds with contributions; copy it, don't change it."""
    return compare(tmp_path_factory.mktemp("made"), tiny(num_seeds=3), contributions=True)


@pytest.fixture
def run(made, tmp_path):
    """The same as a folder of this test's own."""
    return Path(shutil.copytree(made, tmp_path / "results" / "tiny"))


@pytest.fixture
def options(tiny_toml, tmp_path):
    return ("--config", tiny_toml, "--results", tmp_path / "results", "--seeds", 3)


@pytest.fixture
def no_training(monkeypatch):
    """Fail if anything is trained: everything must be there."""

    def hire(*arguments, **named):
        raise AssertionError("a worker was hired")

    monkeypatch.setattr("fedcompare.machine.crew.Crew.hire", hire)


def flip(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


# What compare, report and diff say and write.


def test_compare_prints_summary_headlines_gains_and_budgets(cli, options, run, no_training):
    outcome = cli("compare", *options, "--contributions")
    assert outcome.code == 0, outcome.err
    verdict = json.loads((run / "comparison/verdict.json").read_text())
    said = " ".join(outcome.out.split())
    for sentence in (verdict["summary"], *(v["headline"] for v in verdict["verdicts"])):
        assert " ".join(sentence.split()) in said
    assert [v["silo"] for v in verdict["verdicts"]] == [1, 2, 3]
    for column in ("points (interval)", "isolated", "centralized", "fine-tuned"):
        assert column in said
    assert str(run / "comparison" / "report.html") in outcome.err


def test_compare_writes_every_file(run):
    written = set(files(run / "comparison"))
    assert written == FILES | {f"tables/{name}.csv" for name in TABLES}


def test_json_is_the_verdict_file_and_nothing_else(cli, options, run):
    outcome = cli("compare", *options, "--contributions", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert json.loads(outcome.out) == json.loads((run / "comparison/verdict.json").read_text())


def test_a_second_compare_makes_nothing_and_gives_the_same_bytes(cli, options, run, no_training):
    before, then = files(run), times(run)
    assert cli("compare", *options, "--contributions").code == 0
    assert files(run) == before
    assert times(run) == then


def test_compare_uses_what_the_single_commands_made(cli, tiny, options, results):
    for seed in (6, 7):
        federate(results, tiny(seed=seed))
    own = results / "tiny" / "seed-5"
    before, then = files(own), times(results / "tiny")
    outcome = cli("compare", *options)
    assert outcome.code == 0, outcome.err
    assert before.items() <= files(own).items()
    assert then.items() <= times(results / "tiny").items()
    made_now = {line.rpartition("/seed-5/")[2] for line in outcome.err.splitlines()}
    assert not made_now & {"isolated", "federated"}
    assert {"isolated-equal", "centralized", "fine-tuned", "predictions"} <= made_now


def test_a_fourth_seed_is_added_to_three(cli, options, tiny, run):
    federate(run.parent, tiny(seed=8))
    then = times(run)
    outcome = cli("compare", *options, "--seeds", 4)
    assert outcome.code == 0, outcome.err
    parts = [line for line in outcome.err.splitlines() if line.startswith("made: ")]
    assert {Path(line).parent.name for line in parts} == {"seed-8"}
    assert then.items() <= times(run).items()
    assert json.loads((run / "comparison/verdict.json").read_text())["seeds"] == [5, 6, 7, 8]


def test_fewer_seeds_train_nothing(cli, options, run, no_training):
    then = times(run)
    outcome = cli("compare", *options, "--seeds", 2, "--json")
    assert json.loads(outcome.out)["seeds"] == [5, 6]
    assert times(run) == then


@pytest.mark.parametrize("part", ["predictions", "centralized", "coalition-predictions"])
def test_a_lost_part_is_made_again_with_the_same_bytes(cli, options, run, part):
    before, then = conclusions(run), times(run)
    shutil.rmtree(run / "seed-6" / part)
    assert cli("compare", *options, "--contributions").code == 0
    assert conclusions(run) == before
    remade = (f"seed-6/{part}", "seed-6/predictions")
    kept = {p: t for p, t in then.items() if not any(name in str(p) for name in remade)}
    assert kept.items() <= times(run).items()


def test_an_experiment_may_be_called_comparison(cli, tiny, tmp_path):
    place = compare(tmp_path, tiny(num_seeds=2, name="comparison"))
    assert cli("report", place).code == 0
    assert cli("report", place / "comparison").code == 0


def test_seeds_beyond_the_largest_are_refused(cli, options, tmp_path):
    outcome = cli("compare", *options, "--seed", 2**63 - 2)
    assert_one_message(outcome, ExitCode.CONFIG)
    assert f"the last of 3 seeds would be {2**63}" in outcome.err
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("inside", ["", "comparison"])
def test_report_writes_the_same_bytes(cli, run, inside, no_training):
    before = files(run)
    (run / "comparison" / "report.html").write_text("mine")
    shutil.rmtree(run / "comparison" / "tables")
    outcome = cli("report", run / inside)
    assert outcome.code == 0, outcome.err
    assert json.loads(before["comparison/verdict.json"])["summary"] in outcome.out
    assert files(run) == before


def test_diff_of_a_run_with_itself_finds_nothing(cli, run):
    outcome = cli("diff", run, run / "comparison")
    assert (outcome.code, outcome.err) == (0, "")
    config, _, paired = outcome.out.partition("Gain over")
    assert "(nothing)" in config
    change = paired.partition("The second federated model minus the first")[2]
    assert change.count(" 0.00 ") == 9
    words = change.split()
    assert (words.count("evidence"), words.count("better"), words.count("gains")) == (9, 0, 0)


@pytest.fixture(scope="session")
def worse(tmp_path_factory, tiny):
    """A comparison of two seeds whose federation learns too slowly."""
    config = tiny(num_seeds=2, learning_rate=0.001, hidden_units=4)
    return compare(tmp_path_factory.mktemp("worse"), config)


def test_diff_shows_what_another_learning_rate_changes(cli, options, run, worse):
    assert cli("compare", *options, "--seeds", 2).code == 0
    outcome = cli("diff", run, worse)
    assert (outcome.code, outcome.err) == (0, "")
    rows = [line.split() for line in outcome.out.splitlines()]
    assert ["learning-rate", "0.1", "0.001"] in rows
    assert ["hidden-units", "16", "4"] in rows
    assert "No paired difference" not in outcome.out
    change = outcome.out.partition("The second federated model minus the first")[2]
    assert change.count("numbers") == 9  # two seeds carry no word
    assert not {"gains", "loses", "evidence"} & set(change.split())


def test_diff_of_other_seeds_is_not_paired(cli, made, worse):
    outcome = cli("diff", made, worse)
    assert outcome.code == 0, outcome.err
    assert "No paired difference with an interval: the seeds are not the same" in outcome.out
    assert "The second federated model minus the first" not in outcome.out


def test_diff_needs_the_same_silos(cli, made, tmp_path, tiny):
    config = tiny(num_seeds=2, num_silos=2, excluded_classes="1,3 2,5")
    outcome = cli("diff", made, compare(tmp_path, config))
    assert_one_message(outcome, ExitCode.RESULTS)
    assert "tiny has 3 silos and tiny has 2" in outcome.err
    assert outcome.out == ""


def test_a_failure_in_training_keeps_the_old_comparison(cli, options, run, monkeypatch):
    def burn(*arguments):
        raise ValueError("the disk of this silo burns")

    for part in ("isolated-equal", "predictions"):
        shutil.rmtree(run / "seed-6" / part)
    before = files(run)
    monkeypatch.setattr("fedcompare.execution.jobs.train_alone", burn)
    outcome = cli("compare", *options)
    assert_one_message(outcome, ExitCode.SILO)
    assert "isolated-equal training of silo " in outcome.err
    assert ", seed 6 failed: ValueError: the disk of this silo burns" in outcome.err
    log = run / "compare.log"
    assert f"log: {log}" in outcome.err.replace("\n", "")
    assert "in burn" in log.read_text()
    log.unlink()
    assert files(run) == before


def test_training_that_diverges_keeps_the_old_comparison(cli, options, run, monkeypatch):
    for part in ("fine-tuned", "predictions"):
        shutil.rmtree(run / "seed-6" / part)
    before = files(run)
    monkeypatch.setattr(
        "fedcompare.learning.alone.train_rounds",
        lambda rounds: [[0.5, float("nan")] for _ in rounds],
    )
    outcome = cli("compare", *options)
    assert_one_message(outcome, ExitCode.DIVERGED)
    assert ", seed 6: the loss is not finite in round 1, epoch 2" in outcome.err
    assert "fine-tuned training of silo " in outcome.err
    assert files(run) == before


def test_a_comparison_in_which_nothing_is_learnt_says_so_first(cli, tmp_path, tiny):
    run = compare(tmp_path, tiny(num_seeds=2, learning_rate=1e-30))
    verdict = json.loads((run / "comparison/verdict.json").read_text())
    assert verdict["summary"].startswith("Nothing was learnt: no model is surely better than")
    assert {v["sentences"][-1].split(",")[0] for v in verdict["verdicts"]} == {
        "Advice: decide nothing from this comparison"
    }
    for name in ("report.html", "report.md"):
        assert "Nothing was learnt" in (run / "comparison" / name).read_text()
    assert cli("report", run).out.startswith("Nothing was learnt")


# What they refuse.


def test_one_seed_has_no_interval(cli, options, tmp_path):
    outcome = cli("compare", *options, "--seeds", 1)
    assert_one_message(outcome, ExitCode.CONFIG)
    assert "use --seeds 2 or more" in outcome.err
    assert "an interval would be made up" in outcome.err
    assert files(tmp_path) == {}


def test_a_class_without_test_examples_is_refused_before_training(cli, options, tmp_path):
    folder = write_idx(tmp_path / "data")
    images, labels = made_up_images(100, seed=2)
    for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
        (folder / f"t10k-{kind}-ubyte").write_bytes(idx_bytes(array[labels != 9]))
    outcome = cli("compare", *options, "--set", f"dataset=idx:{folder}")
    assert_one_message(outcome, ExitCode.DATA)
    assert "silo 1 trains on class 9, but the test set has no example of it" in outcome.err
    assert not (tmp_path / "results").exists()


def test_results_that_cannot_be_written(cli, options, tmp_path, no_training):
    (tmp_path / "results").write_text("mine")
    assert_one_message(cli("compare", *options), ExitCode.STORAGE)
    assert files(tmp_path) == {"results": b"mine"}


@pytest.mark.parametrize(
    ("part", "typed", "difference"),
    [
        ("isolated", "isolated-epochs=3", "isolated-epochs = 2, now 3"),
        ("federated", "num-server-rounds=3", "num-server-rounds = 2, now 3"),
        ("fine-tuned", "fine-tune-epochs=2", "fine-tune-epochs = 1, now 2"),
        ("federated", "learning-rate=0.2", "learning-rate = 0.1, now 0.2"),
    ],
)
def test_parts_of_another_configuration_are_not_mixed(
    cli, options, run, no_training, part, typed, difference
):
    before = files(run)
    outcome = cli("compare", *options, "--set", typed)
    assert_one_message(outcome, ExitCode.RESULTS)
    assert f"seed-5/{part} was made with another configuration ({difference})" in outcome.err
    assert "--force" in outcome.err
    assert files(run) == before


def test_force_replaces_only_the_parts_of_another_configuration(cli, options, run, tiny):
    before, then = conclusions(run), times(run)
    make(stage_of(tiny(seed=6, learning_rate=0.2), run.parent, Regime.CENTRALIZED))
    outcome = cli("compare", *options, "--contributions")
    assert_one_message(outcome, ExitCode.RESULTS)
    assert "learning-rate = 0.2, now 0.1" in outcome.err
    assert cli("compare", *options, "--contributions", "--force").code == 0
    assert conclusions(run) == before
    replaced = ("seed-6/centralized", "seed-6/predictions")
    kept = {p: t for p, t in then.items() if not any(part in str(p) for part in replaced)}
    assert kept.items() <= times(run).items()


@pytest.mark.parametrize("damage", [Path.unlink, flip])
@pytest.mark.parametrize("file", [PREDICTIONS, "seed-7/fine-tuned/weights/silo-2.safetensors"])
def test_force_makes_damaged_parts_again(cli, options, run, damage, file):
    before, then, content = conclusions(run), times(run), (run / file).read_bytes()
    damage(run / file)
    outcome = cli("compare", *options, "--contributions")
    assert_one_message(outcome, ExitCode.WEIGHTS)
    assert str(run / file) in outcome.err
    assert cli("compare", *options, "--contributions", "--force").code == 0
    assert (run / file).read_bytes() == content
    assert conclusions(run) == before
    replaced = str(Path(*Path(file).parts[:2]))
    kept = {p: t for p, t in then.items() if replaced not in str(p)}
    assert kept.items() <= times(run).items()


def lose(path):
    """Make stored tensors not finite, and the record of their part agree with them."""
    tensors = load_file(path)
    tensors |= {k: t * float("nan") for k, t in tensors.items() if t.is_floating_point()}
    save_file(tensors, path)
    record_as_made(next(folder for folder in path.parents if (folder / "run.json").exists()))


def test_stored_weights_that_are_not_finite_are_refused_and_force_makes_them_again(
    cli, options, run, wrong
):
    before, path = conclusions(run), run / "seed-7/isolated-equal/weights/silo-1.safetensors"
    lose(path)
    assert "is not finite" in wrong()["seed-7/predictions"]
    outcome = cli("compare", *options, "--contributions")
    assert_one_message(outcome, ExitCode.WEIGHTS)
    assert f"{path}: hidden.bias is not finite" in outcome.err
    assert cli("compare", *options, "--contributions", "--force").code == 0
    assert conclusions(run) == before


@pytest.mark.parametrize("command", ["report", "compare"])
def test_stored_answers_that_are_not_finite_are_refused(cli, options, run, command):
    before = files(run)
    lose(run / PREDICTIONS)
    outcome = cli(*(["report", run] if command == "report" else ["compare", *options]))
    assert_one_message(outcome, ExitCode.WEIGHTS)
    assert f"{run / PREDICTIONS}: probabilities is not finite" in outcome.err
    assert cli("compare", *options, "--force").code == 0
    assert conclusions(run).items() <= before.items()


@pytest.mark.parametrize("command", [["report"], ["verify"], ["diff"]])
@pytest.mark.parametrize("name", ["nowhere", "seed-5", "unfinished"])
def test_a_folder_without_a_comparison_is_named(cli, run, command, name):
    (run / "unfinished" / "comparison").mkdir(parents=True)
    both = [run / name] * (2 if command == ["diff"] else 1)
    outcome = cli(*command, *both)
    assert_one_message(outcome, ExitCode.RESULTS)
    assert f"{run / name} has no finished comparison" in outcome.err
    assert "fedcompare compare" in outcome.err


def test_report_of_a_half_finished_comparison(cli, run):
    shutil.rmtree(run / "seed-7" / "predictions")
    before = files(run)
    outcome = cli("report", run)
    assert_one_message(outcome, ExitCode.RESULTS)
    assert f"{run / 'seed-7/predictions'} is missing: the comparison is not finished" in outcome.err
    assert files(run) == before


@pytest.mark.parametrize("damage", [Path.unlink, flip])
@pytest.mark.parametrize("command", ["report", "compare"])
def test_predictions_that_are_not_those_that_were_made(
    cli, options, run, no_training, damage, command
):
    damage(run / PREDICTIONS)
    before = files(run)
    outcome = cli(*(["report", run] if command == "report" else ["compare", *options]))
    assert_one_message(outcome, ExitCode.WEIGHTS)
    assert str(run / PREDICTIONS) in outcome.err
    assert "make it again: fedcompare compare --force" in outcome.err
    assert files(run) == before


@pytest.mark.parametrize(
    ("file", "damage", "code"),
    [
        ("comparison/report.json", "", ExitCode.RESULTS),
        ("comparison/report.json", "[1]", ExitCode.RESULTS),
        ("comparison/report.json", '{"name": "tiny"}', ExitCode.RESULTS),
        ("comparison/config.toml", "{", ExitCode.CONFIG),
        ("comparison/config.toml", "seed = 0.5", ExitCode.CONFIG),
        ("comparison/config.toml", 'name = "other"', ExitCode.RESULTS),
        ("seed-6/predictions/run.json", "", ExitCode.RESULTS),
        ("seed-6/predictions/run.json", "{}", ExitCode.RESULTS),
        ("seed-6/federated/run.json", "[1]", ExitCode.RESULTS),
        ("seed-6/federated/run.json", "{}", ExitCode.RESULTS),
        ("seed-6/federated/config.toml", "{", ExitCode.RESULTS),
    ],
)
def test_a_damaged_file_is_named(cli, run, file, damage, code):
    (run / file).write_text(damage)
    before = files(run)
    outcome = cli("report", run)
    assert_one_message(outcome, code)
    assert Path(file).name in outcome.err
    assert files(run) == before


@pytest.mark.parametrize("command", ["compare", "report", "verify", "diff"])
def test_help_works_without_torch(command):
    code = (
        f"import sys; from fedcompare.cli.main import run; code = run(['{command}', '--help']);"
        "print('CODE', code, {'torch', 'flwr', 'ray', 'numpy', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: fedcompare " + command in done.stdout
    assert done.stdout.endswith("CODE 0 set()\n")


# What verify finds.


def test_verify_finds_nothing_wrong(cli, run):
    before = files(run)
    outcome = cli("verify", run)
    assert (outcome.code, outcome.err) == (0, "")
    assert {line.split()[0] for line in outcome.out.splitlines()} == {"ok"}
    for subject in ("seed-5/federated", PREDICTIONS, "comparison/tables/gains.csv"):
        assert subject in outcome.out
    assert files(run) == before


def change_one_answer(path):
    """Give the first example's probability to another class."""
    tensors = load_file(path)
    tensors["probabilities"][0] = tensors["probabilities"][0].roll(1)
    save_file(tensors, path)


def replace(file, old, new):
    """Edit a text file."""
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


@pytest.fixture
def wrong(cli, run):
    """Return `wrong()`: what verify finds wrong by subject; it must say so and change nothing."""

    def verify():
        before = files(run)
        outcome = cli("verify", run)
        assert_one_message(outcome, ExitCode.VERIFICATION)
        lines = [line.split(None, 1) for line in outcome.out.splitlines()]
        assert {word for word, _ in lines} <= {"ok", "WRONG"}
        found = dict(said.split(": ", 1) for word, said in lines if word == "WRONG")
        assert outcome.err.startswith(f"fedcompare: {len(found)} check")
        assert files(run) == before
        return found

    return verify


def test_verify_finds_an_altered_or_missing_answer(run, wrong):
    coalition = "seed-5/coalition-predictions/coalition-1-3.safetensors"
    missing = "seed-7/predictions/ensemble.safetensors"
    change_one_answer(run / PREDICTIONS)
    change_one_answer(run / coalition)
    (run / missing).unlink()
    found = wrong()
    assert found.keys() == {PREDICTIONS, coalition, missing, "comparison"}
    assert found[PREDICTIONS].startswith("was altered: probabilities of 1 examples")
    assert found[coalition].startswith("was altered: probabilities of 1 examples")
    assert found[missing] == "is missing"


def test_verify_finds_an_altered_answer_whose_record_was_altered_too(run, wrong):
    change_one_answer(run / PREDICTIONS)
    record_as_made((run / PREDICTIONS).parent)
    found = wrong()
    assert "probabilities of 1 examples differ" in found[PREDICTIONS]
    assert "first example 0: stored [" in found[PREDICTIONS]
    assert {name for name in found if not name.startswith("comparison/")} == {PREDICTIONS}


def test_verify_finds_altered_and_missing_weights(run, wrong):
    path = run / "seed-7/fine-tuned/weights/silo-1.safetensors"
    save_file({name: tensor + 1e-3 for name, tensor in load_file(path).items()}, path)
    flip(run / "seed-5/coalition-1-3/weights/global.safetensors")
    (run / "seed-6/centralized/weights/round-1/global.safetensors").unlink()
    found = wrong()
    assert found["seed-7/fine-tuned"] == "weights/silo-1.safetensors was altered"
    assert found["seed-5/coalition-1-3"] == "weights/global.safetensors was altered"
    assert found["seed-6/centralized"] == "weights/round-1/global.safetensors is missing"
    derived = {"seed-7/predictions", "seed-5/coalition-predictions", "seed-6/predictions"}
    trained = {"seed-7/fine-tuned", "seed-5/coalition-1-3", "seed-6/centralized"}
    assert found.keys() == derived | trained


def test_verify_finds_edited_tables_reports_and_verdicts(run, wrong):
    folder = run / "comparison"
    replace(folder / "tables/gains.csv", "0.", "1.")
    replace(folder / "report.html", "Silo 1", "Silo 9")
    replace(folder / "verdict.json", "no evidence", "evidence")
    replace(folder / "report.json", "no evidence", "evidence")
    (folder / "report.md").unlink()
    found = wrong()
    edited = {"tables/gains.csv", "report.html", "verdict.json", "report.json", "report.md"}
    assert found.keys() == {f"comparison/{name}" for name in edited}
    assert found["comparison/report.md"] == "is missing"
    assert found["comparison/tables/gains.csv"].endswith("first in line 2")


def other(what):
    """Return a change of a manifest's inputs: made from other data, or another partition."""

    def change(content):
        content["inputs"][what] = "0" + content["inputs"][what][1:]

    return change


def test_verify_finds_another_partition(run, wrong):
    record_as_made(run / "seed-6/federated", other("partition"))
    found = wrong()
    assert "seed-6/federated was trained on another partition" in found.pop("comparison")
    assert found == {
        "seed-6/federated": "was trained on another partition than the configuration gives now"
    }


@pytest.mark.parametrize(
    "tensors",
    [
        {},
        {"labels": torch.zeros(3).long()},
        {"labels": torch.zeros(3).long(), "probabilities": torch.zeros(4, 2)},
        {"labels": torch.zeros(3), "probabilities": torch.zeros(3, 2)},
        {"labels": torch.zeros(3).long(), "probabilities": torch.zeros(3)},
    ],
)
def test_predictions_of_another_shape_are_refused(cli, run, tensors):
    save_file(tensors, run / PREDICTIONS)
    record_as_made((run / PREDICTIONS).parent)
    outcome = cli("report", run)
    assert_one_message(outcome, ExitCode.WEIGHTS)
    assert f"{run / PREDICTIONS} holds no predictions" in outcome.err.replace("\n", "")


@pytest.mark.parametrize(
    "tensors", [{"federated": torch.zeros(3).short()}, {"federated/1": torch.zeros(3)}]
)
def test_rounds_of_another_shape_are_refused(cli, run, tensors):
    path = run / "seed-6/predictions/rounds.safetensors"
    save_file(tensors, path)
    record_as_made(path.parent)
    outcome = cli("report", run)
    assert_one_message(outcome, ExitCode.WEIGHTS)
    assert "rounds.safetensors holds no answers after rounds" in outcome.err.replace("\n", "")


@pytest.mark.parametrize(
    ("place", "subject", "finding"),
    [
        (PREDICTIONS, PREDICTIONS, "is missing"),
        ("seed-5/isolated/epochs.csv", "seed-5/isolated", "epochs.csv is missing"),
        ("comparison/tables/gains.csv", "comparison/tables/gains.csv", "is missing"),
    ],
)
def test_verify_finds_a_folder_in_the_place_of_a_file(run, wrong, place, subject, finding):
    (run / place).unlink()
    (run / place).mkdir()
    assert wrong()[subject] == finding


@pytest.mark.parametrize("file", ["seed-6/federated/run.json", "comparison/report.json"])
@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "1" * 10_000, "NaN"])
def test_json_of_any_shape_is_named(cli, run, file, text):
    (run / file).write_text(text)
    outcome = cli("report", run)
    assert_one_message(outcome, ExitCode.RESULTS)
    assert Path(file).name in outcome.err


def test_verify_finds_other_data(run, wrong):
    record_as_made(run / "seed-6/isolated", other("data"))
    found = wrong()
    assert "seed-6/isolated was made from other data" in found.pop("comparison")
    assert found == {"seed-6/isolated": "was made from other data than the dataset has now"}


def test_edited_label_counts_are_noticed_even_where_their_digest_was_renewed(cli, run, wrong):
    def more_of_everything(content):
        content["training"]["label_counts"][0] = [9] * 10

    record_as_made(run / "seed-6/federated", more_of_everything)
    before = files(run)
    outcome = cli("report", run)
    assert_one_message(outcome, ExitCode.RESULTS)
    assert "seed-6/federated/run.json is not what the comparison was made from" in outcome.err
    assert files(run) == before
    found = wrong()
    assert "its label_counts are not what data and configuration give" in found["seed-6/federated"]
    assert "comparison/run.json" in found


@pytest.mark.parametrize("fact", ["seconds", "bytes_up", "epochs", "local_steps", "example_bytes"])
def test_report_refuses_edited_facts(cli, run, fact):
    path = run / "seed-5/centralized/run.json"
    content = json.loads(path.read_text())
    content["training"][fact] = [7] if fact == "local_steps" else 7
    path.write_text(json.dumps(content))
    before = files(run)
    outcome = cli("report", run)
    assert_one_message(outcome, ExitCode.RESULTS)
    assert "seed-5/centralized/run.json was altered" in outcome.err.replace("\n", "")
    assert files(run) == before


def test_verify_finds_a_part_made_with_other_software(run, wrong):
    def other_torch(content):
        content["inputs"]["software"]["torch"] = "1.0"

    record_as_made(run / "seed-7/fine-tuned", other_torch)
    found = wrong()
    assert found.pop("software").startswith("parts were made with torch 1.0 and ")
    assert found.keys() == {"comparison"}
    assert "torch 1.0, now" in found["comparison"]


# Where the data are does not matter; what they are does.


@pytest.fixture
def moved(tiny, run, tmp_path):
    """A comparison whose data were in `here` when it was made, and are in `there` now."""
    here, there = tmp_path / "here", tmp_path / "there"
    write_idx(here)
    results = tmp_path / "moved"
    compare(results, tiny(num_seeds=2, dataset=f"idx:{here}"))
    here.rename(there)
    return results / "tiny", there


def test_report_needs_no_data(cli, moved, no_training):
    before = files(moved[0])
    outcome = cli("report", moved[0])
    assert outcome.code == 0, outcome.err
    assert files(moved[0]) == before


def test_verify_says_where_the_data_were_and_checks_the_rest(cli, moved):
    outcome = cli("verify", moved[0])
    assert outcome.code == ExitCode.DATA
    assert "--dataset" in outcome.err
    assert {line.split()[0] for line in outcome.out.splitlines()} == {"ok"}
    for subject in ("seed-5/federated", "comparison/tables/gains.csv"):
        assert subject in outcome.out


def test_data_with_the_same_content_elsewhere_are_the_same_data(
    cli, options, moved, tmp_path, no_training
):
    folder, there = moved
    outcome = cli("verify", folder, "--dataset", f"idx:{there}")
    assert (outcome.code, outcome.err) == (0, "")
    place = ("--results", tmp_path / "moved", "--seeds", 2, "--set", f"dataset=idx:{there}")
    assert cli("compare", *options, *place).code == 0


def test_verify_finds_that_the_data_are_others(cli, moved):
    folder, there = moved
    write_idx(there, train=299)
    outcome = cli("verify", folder, "--dataset", f"idx:{there}")
    assert_one_message(outcome, ExitCode.VERIFICATION)
    wrong = [line for line in outcome.out.splitlines() if line.startswith("WRONG")]
    assert len(wrong) == 1
    assert wrong[0].startswith("WRONG data: ")


def test_a_relative_place_of_data_counts_from_where_it_was_typed(
    cli, tiny_toml, tmp_path, monkeypatch
):
    write_idx(tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    assert cli("isolated", "--config", tiny_toml, "--set", "dataset=idx:data").code == 0
    (stored,) = (tmp_path / "results").rglob("isolated/config.toml")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    outcome = cli("isolated", "--config", stored, "--results", "results")
    assert outcome.code == 0, outcome.err


@pytest.mark.parametrize(
    ("what", "message"), [("data", "other data"), ("partition", "another partition")]
)
def test_answers_to_other_data_or_of_another_partition_are_refused(
    cli, options, run, what, message
):
    record_as_made(run / "seed-6/federated", other(what))
    for outcome in (cli("report", run), cli("compare", *options)):
        assert_one_message(outcome, ExitCode.RESULTS)
        assert "seed-6/federated" in outcome.err.replace("\n", "")
        assert message in outcome.err.replace("\n", " ")


def test_verify_finds_a_probability_that_is_no_number(run, wrong):
    path = run / "seed-6/predictions/federated.safetensors"
    tensors = load_file(path)
    tensors["probabilities"][3] = float("nan")
    save_file(tensors, path)
    assert "first example 3" in wrong()["seed-6/predictions/federated.safetensors"]


def test_files_that_are_no_text_are_named(cli, run, wrong):
    (run / "comparison/tables/gains.csv").write_bytes(b"\xff\xfe")
    assert list(wrong()) == ["comparison/tables/gains.csv"]
    (run / "comparison/report.json").write_bytes(b"\xff\xfe")
    outcome = cli("report", run)
    assert_one_message(outcome, ExitCode.RESULTS)
    assert "report.json" in outcome.err


def test_a_small_comparison_needs_no_ray_says_so_and_gives_the_same_bytes(
    cli, options, tmp_path, made
):
    outcome = cli("compare", *options, "--contributions")
    assert outcome.code == ExitCode.OK, outcome.err
    said = [line for line in outcome.err.splitlines() if line.startswith("engine: ")]
    assert len(said) == 1
    assert said[0].startswith("engine: in-process, where models this small train together")
    assert conclusions(tmp_path / "results" / "tiny") == conclusions(made)


# One engine for all seeds, real Ray or not, and what happens when it is stopped or fails.


def lines_of_ps(*columns):
    command = ["ps", "-A", "-o", ",".join(f"{column}=" for column in columns)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split(maxsplit=len(columns) - 1) for line in done.stdout.splitlines()]


def descendants(root):
    """Return the living processes below `root` and their names."""
    below, found = {root}, {}
    rows = lines_of_ps("pid", "ppid", "stat", "comm")
    while more := [r for r in rows if int(r[1]) in below and int(r[0]) not in below]:
        below |= {int(pid) for pid, *_ in more}
        found |= {int(pid): name for pid, _, state, name in more if not state.startswith("Z")}
    return found


def alive(pids):
    living = {int(pid) for pid, state in lines_of_ps("pid", "stat") if not state.startswith("Z")}
    return set(pids) & living


def reset_interrupt():
    """A parent in the background may ignore Ctrl-C, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Started:
    """`fedcompare compare` in a process group of its own."""

    def __init__(self, *command):
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=reset_interrupt,
        )
        self.said = []

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()

    def lines(self):
        for line in self.process.stderr:
            self.said.append(line)
            yield line

    def wait_for(self, what):
        assert any(what in line for line in self.lines()), self.said

    def interrupt(self):
        """Press Ctrl-C, and return the exit code once nothing of it is left."""
        below = descendants(self.process.pid)
        os.killpg(self.process.pid, signal.SIGINT)  # as a terminal does
        list(self.lines())
        code = self.process.wait(timeout=PATIENCE)
        deadline = time.monotonic() + 60
        while alive(below) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert not alive(below)
        return code


@pytest.fixture
def ray_command(fedcompare_command, options):
    words = [*fedcompare_command, "compare", *options, "--contributions"]
    return [*words, "--engine", "simulation"]


@pytest.mark.simulation
def test_ray_starts_once_for_all_seeds_and_gives_the_same_bytes(ray_command, tmp_path, made):
    sessions = set()
    with Started(*ray_command) as started:
        for line in started.lines():
            if line.startswith("made: "):
                below = descendants(started.process.pid)
                sessions |= {pid for pid, name in below.items() if name == "raylet"}
        assert started.process.wait(timeout=PATIENCE) == 0, started.said
    assert len(sessions) == 1
    for seed in SEEDS:
        assert any(f"seed-{seed}/coalition-2-3" in line for line in started.said)
    run = tmp_path / "results" / "tiny"
    assert conclusions(run) == conclusions(made)
    assert half_written(run) == []


@pytest.mark.simulation
def test_an_interrupted_comparison_goes_on_where_it_stopped(ray_command, tmp_path, made):
    run = tmp_path / "results" / "tiny"
    last = f"made: {run / 'seed-7'}/federated"
    for moment in ("before Ray is up", f"made: {run / 'seed-5'}", last):
        kept = times(run)
        with Started(*ray_command, *ONE_CLIENT) as started:
            if moment.startswith("made: "):
                started.wait_for(moment)
            else:
                while not (run / "compare.log").exists():
                    assert started.process.poll() is None, started.process.communicate()
                    time.sleep(0.02)
            assert started.interrupt() == ExitCode.INTERRUPTED, started.said
        assert started.said[-1].startswith("fedcompare: interrupted"), started.said
        assert "Traceback" not in "".join(started.said)
        assert half_written(run) == []
        assert not (run / "comparison").exists()
        assert kept.items() <= times(run).items()
    with Started(*ray_command, "--engine", "in-process") as started:
        list(started.lines())
        assert started.process.wait(timeout=PATIENCE) == 0, started.said
    assert last not in "".join(started.said)
    assert conclusions(run) == conclusions(made)


@pytest.mark.parametrize(
    "engine", [pytest.param("simulation", marks=pytest.mark.simulation), "in-process"]
)
def test_a_failing_silo_stops_the_comparison(options, tmp_path, engine):
    script = Path(__file__).with_name("run_faulty.py")
    words = [
        sys.executable,
        script,
        "raising",
        "compare",
        *options,
        "--engine",
        engine,
        *ONE_CLIENT,
    ]
    done = subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == ExitCode.SILO, done.stderr
    assert done.stderr.count("fedcompare: ") == 1
    assert "Traceback" not in done.stderr
    assert "silo 2 failed: " in done.stderr
    assert "the disk of this silo burns" in done.stderr
    run = tmp_path / "results" / "tiny"
    assert "in train_or_raise" in (run / "compare.log").read_text()
    assert half_written(run) == []
    assert not (run / "comparison").exists()
    assert not list(run.glob("*/federated"))
