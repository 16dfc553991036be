"""The command line through its real entry: exit codes, messages, files."""

import csv
import json
import os
import re
import resource
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from fedcompare import doctor
from fedcompare.data.silos import load_silos
from fedcompare.errors import ExitCode, SiloFailedError
from fedcompare.evaluation.answers import read_answers
from fedcompare.federated import session
from fedcompare.runs.lock import claimed, seed_part
from support import idx_bytes, made_up_images, record_as_made, write_idx

ISOLATED_WEIGHTS = "isolated/weights/silo-2.safetensors"


def files(folder):
    """Return all files below a folder and their bytes."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def assert_one_message(outcome, code):
    assert outcome.code == code, outcome.err
    assert outcome.out == ""
    assert outcome.err.count("fedcompare: ") == 1
    assert "Traceback" not in outcome.err


@pytest.fixture
def options(tiny_toml, tmp_path):
    return ("--config", tiny_toml, "--results", tmp_path / "results")


@pytest.fixture
def own(results):
    """The run directory of the trained tiny experiment."""
    return results / "tiny" / "seed-5"


BAD = {
    "unknown key": (("--set", "learning-rat=1"), ExitCode.CONFIG, "did you mean learning-rate"),
    "no silos": (("--set", "num-silos=0"), ExitCode.CONFIG, "--set num-silos: "),
    "negative lr": (("--lr", "-1"), ExitCode.CONFIG, "--lr: should be greater than 0"),
    "lr not a number": (("--lr", "nan"), ExitCode.CONFIG, "--lr: "),
    "no epochs": (("--epochs", "0"), ExitCode.CONFIG, "--epochs: "),
    "no batch": (("--batch-size", "0"), ExitCode.CONFIG, "--batch-size: "),
    "no such class": (
        ("--set", "excluded-classes=1,10 2 3"),
        ExitCode.PARTITION,
        "silo 1 excludes class 10, which does not exist",
    ),
    "no data left": (
        ("--set", "excluded-classes=0,1,2,3,4,5,6,7,8,9 2 3"),
        ExitCode.PARTITION,
        "silo 1 is left with no data",
    ),
    "no such dataset": (("--set", "dataset=cifar"), ExitCode.DATA, "use mnist, folder:FOLDER"),
    "no such folder": (("--set", "dataset=idx:/nowhere"), ExitCode.DATA, "/nowhere has no train"),
    "no hub": (
        ("--set", "dataset=hub:nobody/nothing"),
        ExitCode.HUB,
        'Offline, use the bundled dataset = "mnist"',
    ),
    "too many CPUs": (("--cpus", "4096"), ExitCode.RESOURCES, "num-cpus = 4096, but this machine"),
}


def test_a_mistyped_command_is_suggested_once(cli):
    outcome = cli("comapre")
    assert outcome.code == 2
    assert outcome.err.count("Did you mean 'compare'?") == 1


@pytest.mark.parametrize("command", ["isolated", "federated"])
@pytest.mark.parametrize(("arguments", "code", "message"), BAD.values(), ids=BAD)
def test_bad_input(cli, options, tmp_path, inline, command, arguments, code, message):
    outcome = cli(command, *options, *arguments)
    assert_one_message(outcome, code)
    assert message in outcome.err
    assert not {name for name in files(tmp_path) if not name.endswith(".log")}


def test_no_rounds(cli, options, tmp_path):
    outcome = cli("federated", *options, "--rounds", "0")
    assert_one_message(outcome, ExitCode.CONFIG)
    assert "--rounds: " in outcome.err
    assert files(tmp_path) == {}


def test_all_problems_are_reported_at_once(cli, options):
    outcome = cli("isolated", *options, "--lr", "-1", "--set", "sed=1", "--set", "batch-size=x")
    assert_one_message(outcome, ExitCode.CONFIG)
    assert "3 problems" in outcome.err
    assert all(typed in outcome.err for typed in ("--lr: ", "--set sed: ", "--set batch-size: "))


@pytest.mark.parametrize("damage", [lambda content: content[:-1], lambda content: b""])
def test_a_truncated_idx_file(cli, options, tmp_path, damage):
    path = write_idx(tmp_path / "data") / "train-images-idx3-ubyte"
    path.write_bytes(damage(path.read_bytes()))
    before = files(tmp_path)
    outcome = cli("isolated", *options, "--set", f"dataset=idx:{path.parent}")
    assert_one_message(outcome, ExitCode.DATA)
    assert str(path) in outcome.err.replace("\n", "")
    assert files(tmp_path) == before


@pytest.mark.parametrize("command", ["isolated", "federated", "partition"])
def test_results_that_cannot_be_written(cli, tiny_toml, tmp_path, inline, command):
    (tmp_path / "file").write_text("mine")
    outcome = cli(command, "--config", tiny_toml, "--results", tmp_path / "file" / "results")
    assert_one_message(outcome, ExitCode.STORAGE)
    assert files(tmp_path) == {"file": b"mine"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["isolate"],
        ["isolated", "--sed", "1"],
        ["isolated", "--seed", "x"],
        ["evaluate", "--subset", '"a'],
        ["evaluate", "--subset", '"a"b'],
        ["evaluate", "--subset", ""],
    ],
)
def test_a_wrong_word_is_a_usage_error(cli, arguments):
    outcome = cli(*arguments)
    assert (outcome.code, outcome.out) == (ExitCode.USAGE, "")
    assert "Traceback" not in outcome.err


def test_plain_options_win_over_set_and_file(cli, options, tmp_path):
    cli("isolated", *options, "--set", "seed=7", "--seed", "8", "--set", "hidden-units=4")
    stored = (tmp_path / "results/tiny/seed-8/isolated/config.toml").read_text()
    assert "seed = 8\n" in stored
    assert "hidden-units = 4\n" in stored


def test_debug_shows_the_traceback(cli, options):
    outcome = cli("isolated", *options, "--set", "dataset=cifar", "--debug")
    assert outcome.code == ExitCode.DATA
    assert "Traceback (most recent call last)" in outcome.err
    assert "DataError" in outcome.err


def test_a_fault_of_ours_is_called_that(cli, options, monkeypatch):
    monkeypatch.setattr("fedcompare.data.silos.load_silos", lambda config: 1 / 0)
    outcome = cli("isolated", *options)
    assert_one_message(outcome, ExitCode.UNEXPECTED)
    assert "unexpected ZeroDivisionError" in outcome.err


def place_with(kind, folder):
    """Return a place below `folder` that cannot be a results folder, for a reason of its own."""
    (folder / "file").write_text("mine")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "dangling").symlink_to(folder / "nowhere")
    return folder / {"long": "a" * 300, "file": "file", "below a file": "file/x"}.get(kind, kind)


@pytest.mark.parametrize("command", ["isolated", "federated", "partition"])
@pytest.mark.parametrize("kind", ["long", "file", "below a file", "loop", "dangling"])
def test_a_place_that_cannot_hold_results_is_named_before_training(
    cli, tiny_toml, tmp_path, monkeypatch, command, kind
):
    monkeypatch.setattr("fedcompare.execution.campaign.make_parts", None)
    place = place_with(kind, tmp_path)
    outcome = cli(command, "--config", tiny_toml, "--results", place)
    assert_one_message(outcome, ExitCode.STORAGE)
    assert str(tmp_path) in outcome.err.replace("\n", "")


@pytest.mark.parametrize("command", ["report", "verify", "diff"])
@pytest.mark.parametrize("kind", ["long", "file", "below a file", "loop", "dangling"])
def test_a_place_that_holds_no_comparison_is_named(cli, tmp_path, command, kind):
    place = place_with(kind, tmp_path)
    outcome = cli(command, *[place] * (2 if command == "diff" else 1))
    assert outcome.code in (ExitCode.RESULTS, ExitCode.STORAGE)
    assert_one_message(outcome, outcome.code)
    assert str(place) in outcome.err.replace("\n", "")


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (OSError(21, "Is a directory", "/there/run.json"), ExitCode.STORAGE, "/there/run.json: Is"),
        (OSError(36, "File name too long", "/there"), ExitCode.STORAGE, "/there: File name"),
        (OSError(13, "Permission denied", "/there"), ExitCode.STORAGE, "/there: Permission"),
        (OSError(28, "No space left on device"), ExitCode.STORAGE, "No space left"),
        (OSError(24, "Too many open files"), ExitCode.RESOURCES, "Too many open files"),
        (BlockingIOError(11, "Try again"), ExitCode.RESOURCES, "processes"),
        (MemoryError("3 GB"), ExitCode.RESOURCES, "no more memory"),
        (ConnectionError("what"), ExitCode.UNEXPECTED, "a fault of fedcompare's"),
    ],
)
def test_what_the_system_refuses_is_no_fault_of_ours(cli, options, monkeypatch, error, code, says):
    def refuse(config):
        raise error

    monkeypatch.setattr("fedcompare.data.silos.load_silos", refuse)
    outcome = cli("isolated", *options)
    assert_one_message(outcome, code)
    assert says in outcome.err


def test_more_silos_than_examples_are_refused(cli, options):
    settings = ("--set", "num-silos=301", "--set", "excluded-classes=")
    outcome = cli("partition", *options, *settings)
    assert_one_message(outcome, ExitCode.PARTITION)
    assert "num-silos = 301, but there are 300 training examples" in outcome.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_output_that_cannot_be_written_has_an_exit_code(fedcompare_command):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*fedcompare_command, "--version"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == ExitCode.STORAGE
    assert done.stderr.count("fedcompare: ") == 1
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_notebooks_back_end_for_pictures_is_not_used(fedcompare_command, options):
    environment = {**os.environ, "MPLBACKEND": "module://of_a_notebook"}
    words = [str(word) for word in (*fedcompare_command, "partition", *options)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_failing_silo_is_named(cli, options, monkeypatch):
    def burn(*args, **kwargs):
        raise ValueError("the disk of this silo burns")

    monkeypatch.setattr("fedcompare.learning.alone.train_rounds", burn)
    outcome = cli("isolated", *options, "--cpus", "1")
    assert_one_message(outcome, ExitCode.SILO)
    # Small models train together, and then it is not known in which of them it was.
    expected = r"silo \d, seed 5, or one of 2 done with it failed: ValueError: the disk of this"
    assert re.search(expected, outcome.err)


@pytest.mark.parametrize("regime", ["isolated", "federated"])
def test_a_finished_run_needs_force(cli, options, results, inline, regime):
    before = files(results)
    outcome = cli(regime, *options)
    assert_one_message(outcome, ExitCode.RESULTS)
    assert "--force" in outcome.err
    assert files(results) == before
    assert cli(regime, *options, "--force").code == 0
    weights = {name for name in before if name.endswith(".safetensors")}
    assert {name: files(results)[name] for name in weights} == {n: before[n] for n in weights}


def test_force_removes_the_other_configs_parts(cli, options, own, inline):
    assert cli("evaluate", *options).code == 0
    outcome = cli("isolated", *options, "--lr", "0.05")
    assert_one_message(outcome, ExitCode.RESULTS)
    (own / "isolated/run.json").unlink()
    outcome = cli("isolated", *options, "--lr", "0.05")
    assert_one_message(outcome, ExitCode.RESULTS)
    assert "learning-rate = 0.1, now 0.05" in outcome.err
    assert cli("isolated", *options, "--lr", "0.05", "--force").code == 0
    assert {path.name for path in own.iterdir()} - {"logs"} == {"isolated"}


def test_a_failed_run_with_force_loses_nothing(cli, options, results, inline, monkeypatch):
    before = files(results)
    monkeypatch.setattr("fedcompare.execution.campaign.make_parts", lambda *args, **kwargs: 1 / 0)
    assert cli("isolated", *options, "--lr", "0.05", "--force").code == ExitCode.UNEXPECTED
    assert files(results) == before


@pytest.mark.parametrize("command", ["isolated", "federated", "evaluate"])
def test_a_full_disk_leaves_the_old_result(cli, options, own, inline, monkeypatch, command):
    before = files(own)

    def full(self, *args, **kwargs):
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr("pathlib.Path.write_bytes", full)
    outcome = cli(command, *options, *(["--force"] if command != "evaluate" else []))
    assert_one_message(outcome, ExitCode.STORAGE)
    assert "No space left on device" in outcome.err
    assert {k: v for k, v in files(own).items() if not k.endswith(".log")} == before


def test_a_real_file_size_limit_leaves_the_old_result(fedcompare_command, options, own):
    before = files(own)
    done = subprocess.run(
        [str(word) for word in (*fedcompare_command, "isolated", *options, "--force")],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == ExitCode.STORAGE, done.stderr
    assert "File too large" in done.stderr
    assert files(own) == before


@pytest.mark.parametrize("missing", ["isolated", "federated"])
def test_evaluate_says_which_command_makes_a_missing_model(cli, options, own, missing):
    (own / missing / "run.json").unlink()
    outcome = cli("evaluate", *options, "--subsets")
    assert_one_message(outcome, ExitCode.RESULTS)
    assert f"has no {missing} model" in outcome.err
    assert f"fedcompare {missing}" in outcome.err
    assert not (own / "evaluation").exists()


@pytest.mark.parametrize("length", [0, 7, 60, -1])
def test_corrupt_weights(cli, options, own, length):
    path = own / ISOLATED_WEIGHTS
    path.write_bytes(path.read_bytes()[:length])
    outcome = cli("evaluate", *options)
    assert_one_message(outcome, ExitCode.WEIGHTS)
    assert "silo-2.safetensors is corrupt" in outcome.err
    assert not (own / "evaluation").exists()


def test_edited_weights(cli, options, own):
    state = {name: tensor + 1e-3 for name, tensor in load_file(own / ISOLATED_WEIGHTS).items()}
    save_file(state, own / ISOLATED_WEIGHTS)
    outcome = cli("evaluate", *options)
    assert_one_message(outcome, ExitCode.WEIGHTS)
    assert "silo-2.safetensors was altered" in outcome.err


def test_missing_weights(cli, options, own):
    (own / ISOLATED_WEIGHTS).unlink()
    outcome = cli("evaluate", *options)
    assert_one_message(outcome, ExitCode.WEIGHTS)
    assert "silo-2.safetensors" in outcome.err


def test_evaluate_refuses_another_config_and_other_data(cli, options, tmp_path, own):
    outcome = cli("evaluate", *options, "--set", "hidden-units=8")
    assert_one_message(outcome, ExitCode.RESULTS)
    assert "hidden-units = 16, now 8" in outcome.err
    data = write_idx(tmp_path / "data", train=299)
    outcome = cli("evaluate", *options, "--set", f"dataset=idx:{data}")
    assert_one_message(outcome, ExitCode.RESULTS)
    assert f"now 'idx:{data}'" in outcome.err.replace("\n", "")


def test_a_subset_must_exist(cli, options, own):
    outcome = cli("evaluate", *options, "--subset", "0,10")
    assert_one_message(outcome, ExitCode.RESULTS)
    assert "class 10 does not exist" in outcome.err


@pytest.fixture
def evaluated(cli, options, own):
    """The JSON of an evaluation, and the folder of its files."""
    outcome = cli("evaluate", *options, "--subsets", "--subset", "1,0", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    return json.loads(outcome.out), own / "evaluation"


def test_json_has_a_number_for_every_model_and_part(evaluated):
    numbers, _ = evaluated
    models = [("isolated", 1), ("isolated", 2), ("isolated", 3), ("federated", None)]
    for part in ("all", "1,3,7", "2,5,8", "4,6,9", "0,1"):
        found = [(n["regime"], n["silo"]) for n in numbers if n["evaluated_on"] == part]
        assert found == models, part
    keys = {"regime", "silo", "evaluated_on", "accuracy", "num_examples"}
    assert all(keys <= number.keys() for number in numbers)


def test_json_equals_the_csv_and_the_json_file(evaluated):
    numbers, folder = evaluated
    assert json.loads((folder / "accuracy.json").read_text()) == numbers
    with (folder / "accuracy.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row, number in zip(rows, numbers, strict=True):
        assert float(row["accuracy"]) == number["accuracy"]
        assert row["evaluated_on"] == number["evaluated_on"]
        assert row["silo"] == str(number["silo"] or "")


def test_every_number_follows_from_the_stored_predictions(evaluated, tiny):
    numbers, folder = evaluated
    counts = load_silos(tiny()).label_counts
    for number in numbers:
        name = f"isolated-silo-{number['silo']}" if number["silo"] else "federated"
        answers = read_answers(folder / "predictions" / f"{name}.safetensors")
        kind, _, silo = number["evaluated_on"].partition(":")
        if silo:
            seen = {c for c in range(10) if counts[int(silo) - 1][c]}
            classes = seen if kind == "seen" else set(range(10)) - seen
        else:
            classes = set(range(10)) if kind == "all" else set(map(int, kind.split(",")))
        rows = np.isin(answers.labels, list(classes))
        right = answers.labels[rows] == answers.probabilities[rows].argmax(axis=1)
        assert (number["accuracy"], number["num_examples"]) == (right.mean(), rows.sum())


def test_stored_predictions_are_the_models(evaluated, own, tiny):
    state = load_file(own / ISOLATED_WEIGHTS)
    inputs = load_silos(tiny()).test.inputs.flatten(1)
    hidden = (inputs @ state["hidden.weight"].T + state["hidden.bias"]).relu()
    expected = (hidden @ state["output.weight"].T + state["output.bias"]).softmax(dim=1)
    found = load_file(own / "evaluation/predictions/isolated-silo-2.safetensors")
    torch.testing.assert_close(found["probabilities"], expected)
    assert torch.equal(found["predicted"], found["probabilities"].argmax(dim=1))


def test_an_evaluation_writes_what_the_readme_promises(evaluated):
    _, folder = evaluated
    models = ["federated", *(f"isolated-silo-{silo}" for silo in (1, 2, 3))]
    names = set(files(folder))
    assert names >= {"accuracy.csv", "accuracy.md", "accuracy.json", "mistakes.csv", "rounds.png"}
    assert names >= {f"confusion/{model}.{kind}" for model in models for kind in ("csv", "png")}


def test_mistakes_follow_from_the_stored_predictions(evaluated):
    _, folder = evaluated
    with (folder / "mistakes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["silo"] for row in rows} == {"1", "2", "3"}
    for row in rows:
        path = folder / "predictions" / f"isolated-silo-{row['silo']}.safetensors"
        answers = read_answers(path)
        unseen = answers.labels == int(row["unseen_class"])
        taken = unseen & (answers.predicted == int(row["taken_for"]))
        assert float(row["share"]) == pytest.approx(taken.sum() / unseen.sum())
        assert float(row["confidence"]) == pytest.approx(answers.confidence[taken].mean())


def test_the_same_evaluation_twice_gives_the_same_files(cli, options, own):
    cli("evaluate", *options, "--subsets")
    first = files(own / "evaluation")
    cli("evaluate", *options, "--subsets")
    assert files(own / "evaluation") == first


def assert_plain(text):
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_tables_are_plain_and_fit_80_columns(cli, options, own):
    outcome = cli("evaluate", *options, "--subsets")
    assert outcome.code == 0
    assert_plain(outcome.out)
    assert outcome.out.count("%") >= 2


@pytest.mark.parametrize("command", ["isolated", "federated", "partition"])
def test_the_other_commands_are_plain_too(cli, options, inline, command):
    outcome = cli(command, *options)
    assert outcome.code == 0, outcome.err
    assert_plain(outcome.out)
    assert "\x1b" not in outcome.err


def test_partition_counts_every_example(cli, options, tmp_path, tiny):
    assert cli("partition", *options).code == 0
    folder = tmp_path / "results/tiny/seed-5/partition"
    with (folder / "label-counts.csv").open(newline="") as file:
        rows = [[int(cell) for cell in row] for row in list(csv.reader(file))[1:]]
    assert rows == [[silo.id, *silo.label_counts(10)] for silo in load_silos(tiny())]
    assert (folder / "label-counts.png").stat().st_size > 1000


@pytest.mark.parametrize("command", [[], ["isolated"], ["federated"], ["evaluate"], ["partition"]])
def test_help_is_plain_and_fits(cli, command):
    outcome = cli(*command, "--help")
    assert outcome.code == 0
    assert_plain(outcome.out)


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from fedcompare.cli.main import run; run(['--help']);"
        "print('HEAVY', {'torch', 'flwr', 'ray', 'numpy', 'pydantic'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("HEAVY set()\n")


@pytest.mark.parametrize("setting", [{"NO_COLOR": "1"}, {}])
def test_a_pipe_gets_no_escape_codes(fedcompare_command, setting):
    environment = {**os.environ, **setting, "TERM": "xterm-256color"}
    for arguments in (["--help"], ["isolated", "--sed"]):
        done = subprocess.run(
            [*fedcompare_command, *arguments], env=environment, capture_output=True, check=False
        )
        assert b"\x1b" not in done.stdout + done.stderr
        assert done.stdout + done.stderr


def test_version_names_what_matters(cli):
    outcome = cli("--version")
    assert outcome.code == 0
    found = dict(line.split() for line in outcome.out.splitlines())
    for package in ("fedcompare", "flwr", "torch", "ray"):
        assert found[package] == metadata.version(package)


@pytest.fixture
def no_ray(monkeypatch):
    """`doctor` without the seconds that Ray takes; tests/test_simulation.py has them."""
    monkeypatch.setattr(session, "try_ray", lambda: None)


def test_doctor_finds_nothing_wrong(cli, tmp_path, no_ray):
    outcome = cli("doctor", "--results", tmp_path)
    assert outcome.code == 0, outcome.out
    assert {line.split()[0] for line in outcome.out.splitlines()} == {"ok"}


def test_doctor_says_what_is_wrong(cli, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(doctor, "versions", lambda: {"python": "3.11", "ray": "missing"})
    outcome = cli("doctor", "--results", tmp_path / "file" / "results")
    wrong = [line for line in outcome.out.splitlines() if line.startswith("WRONG")]
    assert outcome.code == 1
    assert [line.split(":")[0] for line in wrong] == ["WRONG ray", "WRONG results folder"]


def test_doctor_says_why_ray_does_not_start(cli, tmp_path, monkeypatch):
    def fail():
        raise SiloFailedError("Ray did not start")

    monkeypatch.setattr(session, "try_ray", fail)
    outcome = cli("doctor", "--results", tmp_path)
    assert outcome.code == 1
    assert outcome.out.splitlines()[-1] == "WRONG Ray starts: Ray did not start"


def doctor_on(subject, tmp_path, **environment):
    """Return what `doctor` finds of a subject in another environment, without Ray."""
    code = (
        "from fedcompare.federated import session; from fedcompare.cli import main;"
        "session.try_ray = lambda: None; main.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "doctor", "--results", str(tmp_path)],
        env=os.environ | environment,
        capture_output=True,
        check=False,
    )
    lines = done.stdout.decode("latin-1").splitlines()
    return next(line for line in lines if line[6:].startswith(f"{subject}: "))


@pytest.mark.parametrize(
    ("encoding", "found"),
    [
        ("utf-8", "ok    terminal: utf-8 shows all signs"),
        (
            "latin-1:replace",
            "ok    terminal: iso8859-1 lacks signs, which are written as * - ",
        ),
        ("ascii:strict", "ok    terminal: ascii lacks signs, which are written as * - \\u25cb"),
    ],
)
def test_doctor_says_what_a_terminal_shows(tmp_path, encoding, found):
    line = doctor_on("terminal", tmp_path, PYTHONIOENCODING=encoding)
    assert line.startswith(found)
    assert ("set PYTHONUTF8=1" in line) == (encoding != "utf-8")


def test_doctor_says_where_rays_sockets_go(tmp_path):
    long = tmp_path / ("long" * 20)
    long.mkdir()
    line = doctor_on("temporary folder", tmp_path, TMPDIR=str(long))
    assert line.startswith(f"ok    temporary folder: {long} is too long for Ray's sockets")
    assert "which go to /" in line


def test_what_another_run_is_making_is_refused_at_the_start(cli, tiny, options, tmp_path, inline):
    with claimed(tiny(), tmp_path / "results", "federated", [seed_part(tiny(), "federated")]):
        outcome = cli("federated", *options)
        assert_one_message(outcome, ExitCode.RESULTS)
        assert f"process {os.getpid()} on" in outcome.err
        assert "makes seed-5/federated" in " ".join(outcome.err.split())
        outcome = cli("isolated", *options, "--lr", "0.2")
        assert_one_message(outcome, ExitCode.RESULTS)
        assert "learning-rate = 0.1, here 0.2" in " ".join(outcome.err.split())
        assert_one_message(cli("compare", *options, "--seeds", 2), ExitCode.RESULTS)
        assert cli("isolated", *options).code == ExitCode.OK
    assert cli("federated", *options).code == ExitCode.OK


@pytest.mark.parametrize("command", ["isolated", "federated", "partition"])
def test_a_new_run_removes_what_a_killed_one_left(cli, options, tmp_path, inline, command):
    seed = tmp_path / "results/tiny/seed-5"
    (seed / f".{command}-abcd_123").mkdir(parents=True)
    assert cli(command, *options).code == ExitCode.OK
    assert not list((tmp_path / "results").rglob(".*"))


def test_a_failing_isolated_silo_has_its_traceback_in_the_log(cli, options, tmp_path, monkeypatch):
    def burn(*arguments, **named):
        raise ValueError("the disk of this silo burns")

    monkeypatch.setattr("fedcompare.learning.alone.train_rounds", burn)
    outcome = cli("isolated", *options)
    assert_one_message(outcome, ExitCode.SILO)
    log = tmp_path / "results/tiny/seed-5/logs/isolated.log"
    assert str(log) in outcome.err.replace("\n", "")
    assert "in burn" in log.read_text()
    assert set(files(tmp_path / "results")) == {"tiny/seed-5/logs/isolated.log"}


def test_a_log_that_cannot_be_written_does_not_hide_the_failure(
    cli, options, tmp_path, monkeypatch
):
    def burn(*arguments, **named):
        raise ValueError("the disk of this silo burns")

    monkeypatch.setattr("fedcompare.learning.alone.train_rounds", burn)
    logs = tmp_path / "results/tiny/seed-5/logs"
    logs.parent.mkdir(parents=True)
    logs.write_text("mine")
    outcome = cli("isolated", *options)
    assert_one_message(outcome, ExitCode.SILO)
    assert "the disk of this silo burns" in outcome.err
    assert "log: " not in outcome.err


@pytest.mark.parametrize("command", ["isolated", "federated"])
def test_training_that_diverges_is_named_and_writes_nothing(
    cli, options, own, results, inline, command
):
    before = files(results)
    outcome = cli(command, *options, "--lr", "1000", "--epochs", "50", "--force")
    assert_one_message(outcome, ExitCode.DIVERGED)
    said = outcome.err.replace("\n", " ")
    assert re.search(r"silo \d( in the federation)?, seed 5: .* is not finite in round 1, ", said)
    assert "lower learning-rate" in said
    assert {name: files(results)[name] for name in before} == before


def lose(own, part, file):
    """Make a part's stored weights not finite, and its record agree with them."""
    path = own / part / file
    save_file({name: tensor * torch.nan for name, tensor in load_file(path).items()}, path)
    record_as_made(own / part)


def test_weights_that_an_older_fedcompare_let_diverge_get_no_number(cli, options, own):
    lose(own, "isolated", "weights/silo-2.safetensors")
    outcome = cli("evaluate", *options)
    assert_one_message(outcome, ExitCode.WEIGHTS)
    assert "weights/silo-2.safetensors: hidden.bias is not finite" in outcome.err.replace("\n", "")
    assert not (own / "evaluation").exists()


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_evaluate_says_where_nothing_was_learnt(cli, options, own, inline, form):
    still = ("--lr", "1e-30", "--force")
    for command in ("isolated", "federated"):
        assert cli(command, *options, *still).code == 0
    outcome = cli("evaluate", *options, "--set", "learning-rate=1e-30", *form)
    assert outcome.code == 0
    said = " ".join((outcome.err if form else outcome.out).split())
    assert said.startswith("Nothing was learnt: no model is surely better than always answering 0")
    assert "right on 10.0 % of 100 test examples" in said
    assert "Nothing was learnt" in (own / "evaluation/accuracy.md").read_text()
    assert not form or json.loads(outcome.out)


def test_evaluate_says_no_such_thing_of_models_that_learnt(cli, options, own):
    assert "Nothing was learnt" not in cli("evaluate", *options).out
    assert "Nothing was learnt" not in (own / "evaluation/accuracy.md").read_text()


def test_partition_refuses_another_configs_and_force_replaces_it(cli, options):
    assert cli("partition", *options).code == ExitCode.OK
    assert cli("partition", *options).code == ExitCode.OK
    assert_one_message(cli("partition", *options, "--set", "hidden-units=3"), ExitCode.RESULTS)
    assert cli("partition", *options, "--set", "hidden-units=3", "--force").code == ExitCode.OK


def test_a_damaged_record_of_rounds_is_named(cli, tiny_toml, results, own):
    (own / "federated" / "server.csv").unlink()
    outcome = cli("evaluate", "--config", tiny_toml, "--results", results)
    assert_one_message(outcome, ExitCode.RESULTS)
    assert "server.csv" in outcome.err


# Class names that are digits, a key, or hold the signs of a list, in a folder in the hub's layout.
NAMES = ("1", "10", "2", "a,b", "all")


@pytest.fixture(scope="session")
def named(tmp_path_factory):
    """The options of an experiment whose classes have these names; silo 1 lacks "2" and "a,b"."""
    folder = tmp_path_factory.mktemp("named")
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=NAMES)}
    )
    for split, count, seed in (("train", 120, 1), ("test", 60, 2)):
        images, _ = made_up_images(count, seed=seed)
        columns = {
            "image": list(map(Image.fromarray, images)),
            "label": [row % len(NAMES) for row in range(count)],
        }
        rows = datasets.Dataset.from_dict(columns, features=features)
        rows.to_parquet(folder / f"{split}-00000-of-00001.parquet")
    settings = (f"dataset=hub:{folder}", "num-silos=2", 'excluded-classes=[[2, "a,b"], []]')
    return tuple(word for setting in settings for word in ("--set", setting))


def test_classes_are_named_in_every_output_and_never_numbered(cli, options, named, inline, own):
    for regime in ("isolated", "federated"):
        assert cli(regime, *options, *named, "--force").code == 0
    subsets = ("--subsets", "--subset", '"a,b",1', "--subset", "all")
    outcome = cli("evaluate", *options, *named, *subsets, "--json")
    assert (outcome.code, outcome.err) == (0, "")
    numbers = json.loads(outcome.out)
    parts = list(dict.fromkeys(n["evaluated_on"] for n in numbers))
    keys = ['2,"a,b"', '1,"a,b"', '"all"']
    assert [part for part in parts if "seen" not in part] == ["all", *keys]
    alone = {n["evaluated_on"]: n for n in numbers if n["silo"] == 1}
    for key, classes in zip(keys, (2, 2, 1), strict=True):
        assert alone[key]["num_examples"] == 12 * classes
    assert alone['2,"a,b"']["accuracy"] == alone["unseen:1"]["accuracy"] == 0
    with (own / "evaluation/table.csv").open(newline="") as file:
        assert next(csv.reader(file))[1:] == parts
    with (own / "federated/server.csv").open(newline="") as file:
        assert {row["evaluated_on"] for row in csv.DictReader(file)} == {"all", keys[0]}
    with (own / "evaluation/mistakes.csv").open(newline="") as file:
        assert {row["unseen_class"] for row in csv.DictReader(file)} == {"2", "a,b"}


@pytest.mark.parametrize(
    ("subset", "message"),
    [
        ("11", "class 11 does not exist. Did you mean 1? The dataset's classes are 1, 10, 2,"),
        ("a,b", "class a does not exist."),
        ("0,3", 'Classes are given by name, not by position: write --subset 1,"a,b"'),
    ],
)
def test_a_subset_is_given_by_name(cli, options, named, subset, message):
    outcome = cli("evaluate", *options, *named, "--subset", subset)
    assert_one_message(outcome, ExitCode.RESULTS)
    assert message in outcome.err


def test_a_class_without_examples_is_named_and_not_numbered(cli, options, inline, tmp_path):
    folder = write_idx(tmp_path / "data")
    for split, count, seed, absent in (("train", 300, 1, 8), ("t10k", 100, 2, 9)):
        images, labels = made_up_images(count, seed=seed)
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            (folder / f"{split}-{kind}-ubyte").write_bytes(idx_bytes(array[labels != absent]))
    changed = ("--set", f"dataset=idx:{folder}")
    assert cli("isolated", *options, *changed).code == 0
    assert cli("federated", *options, *changed).code == 0
    outcome = cli("evaluate", *options, *changed, "--subset", "9", "--subset", "8")
    assert outcome.code == 0, outcome.err
    said = " ".join(outcome.out.split())
    assert "No silo has a training example of 8, so no model can name such cases" in said
    assert "The test set has no example of 9" in said
    evaluation = tmp_path / "results/tiny/seed-5/evaluation"
    assert "The test set has no example of 9" in (evaluation / "accuracy.md").read_text()
    numbers = json.loads((evaluation / "accuracy.json").read_text())
    found = {n["evaluated_on"]: (n["accuracy"], n["num_examples"]) for n in numbers}
    assert (found["9"], found["8"]) == ((None, 0), (0.0, 10))


def test_silos_without_test_examples_are_named(cli, options, inline, tmp_path):
    folder = write_idx(tmp_path / "data", train=48, test=5)
    changed = (
        "--set",
        f"dataset=idx:{folder}",
        "--set",
        "num-silos=6",
        "--set",
        "excluded-classes=",
    )
    for command in ("partition", "federated"):
        outcome = cli(command, *options, *changed)
        assert outcome.code == 0, outcome.err
        assert re.search(
            r"(?i)without test examples of their own.*: silo 6", outcome.out + outcome.err
        )
    with (tmp_path / "results/tiny/seed-5/federated/rounds.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["phase"] == "evaluate"]
    assert {row["accuracy"] == row["loss"] == "" for row in rows if row["silo"] == "6"} == {True}
    assert all(row["accuracy"] and row["loss"] for row in rows if row["silo"] != "6")


def test_what_an_isolated_model_lacks_by_chance_is_told(cli, options, tmp_path):
    folder = write_idx(tmp_path / "data", train=12, test=10)
    changed = (
        "--set",
        f"dataset=idx:{folder}",
        "--set",
        "num-silos=2",
        "--set",
        "excluded-classes=",
    )
    outcome = cli("isolated", *options, *changed)
    assert outcome.code == 0, outcome.err
    assert "none" not in outcome.out
