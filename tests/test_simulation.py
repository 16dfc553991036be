"""Federated training on a real Ray, each run in a process of its own."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.simulation

REPOSITORY = Path(__file__).parents[1]
PATIENCE = 300.0
ONE_CLIENT = ("--cpus", 1)  # for all silos: each client that Ray starts takes seconds
LOG = Path("tiny", "seed-5", "logs", "federated.log")
WEIGHTS = Path("tiny", "seed-5", "federated", "weights", "global.safetensors")


def run(*command: object) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE, check=False)


def test_the_smoke_config_goes_through(fedcompare_command, tmp_path):
    options = ("--config", REPOSITORY / "configs/smoke.toml", "--results", tmp_path)
    for command in (["isolated"], ["federated"], ["evaluate", "--subsets"]):
        done = run(*fedcompare_command, *command, *options)
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert "federated" in done.stdout
    parts = {path.name for path in (tmp_path / "smoke" / "seed-42").iterdir()}
    assert parts == {"isolated", "federated", "evaluation", "logs"}


@pytest.fixture(scope="module")
def trained_by_ray(tmp_path_factory, fedcompare_command, tiny_toml):
    """The results of a federation on Ray, and what was said on the way."""
    results = tmp_path_factory.mktemp("by-ray")
    options = ("--engine", "simulation", "--config", tiny_toml, "--results", results)
    done = run(*fedcompare_command, "federated", *options)
    assert done.returncode == 0, done.stderr
    return results, done.stderr


def test_a_run_says_little_and_logs_the_rest(trained_by_ray):
    results, said = trained_by_ray
    said = [line.split(":")[0] for line in said.splitlines()]
    assert said[:4] == ["round 0/2", "round 1/2", "round 2/2", "written"]  # no chatter
    assert "[ROUND 2/2]" in (results / LOG).read_text()


def test_every_run_gives_the_same_bytes_however_many_clients_and_the_inline_grid_too(
    trained_by_ray, fedcompare_command, tiny_toml, trained, tmp_path
):
    options = ("--config", tiny_toml, "--results", tmp_path)
    done = run(*fedcompare_command, "federated", *options, *ONE_CLIENT)
    assert done.returncode == 0, done.stderr
    for results in (tmp_path, trained_by_ray[0]):
        assert (results / WEIGHTS).read_bytes() == (trained / WEIGHTS).read_bytes()


def rows_without_time(path):
    with path.open(newline="") as file:
        timed = ("seconds", "cpu_seconds")
        return [{k: v for k, v in row.items() if k not in timed} for row in csv.DictReader(file)]


def test_the_engine_without_ray_gives_the_same_bytes_and_rows_and_sends_as_many(
    trained_by_ray, fedcompare_command, tiny_toml, tmp_path
):
    options = ("--engine", "in-process", "--config", tiny_toml, "--results", tmp_path)
    done = run(*fedcompare_command, "federated", *options)
    assert done.returncode == 0, done.stderr
    ray, ours = (folder / "tiny/seed-5/federated" for folder in (trained_by_ray[0], tmp_path))
    weights = sorted(path.relative_to(ray) for path in ray.rglob("*.safetensors"))
    assert len(weights) == 2 + 2 * 3
    for name in weights:
        assert (ours / name).read_bytes() == (ray / name).read_bytes()
    for name in ("epochs.csv", "rounds.csv", "server.csv"):
        assert rows_without_time(ours / name) == rows_without_time(ray / name)
    took = [json.loads((part / "run.json").read_text())["training"] for part in (ray, ours)]
    for way in ("bytes_up", "bytes_down"):
        # Flower draws ids, which take up to two bytes less where they are small.
        assert 0 <= took[1][way] - took[0][way] + 15 <= 4 * 15


@pytest.mark.parametrize("client_app", ["raising", "dying"])
def test_a_failing_silo_stops_the_run(client_app, tiny_toml, tmp_path):
    script = Path(__file__).with_name("run_faulty.py")
    options = ("--config", tiny_toml, "--results", tmp_path)
    done = run(sys.executable, script, client_app, "federated", *options)
    assert done.returncode == 10, done.stderr
    assert "silo 2 failed: " in done.stderr
    assert "Traceback" not in done.stderr
    log = tmp_path / LOG
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [log]
    if client_app == "dying":
        assert "silo 2 failed: its process died; out of memory?\n" in done.stderr
    if client_app == "raising":
        assert "the disk of this silo burns" in done.stderr
        assert "in train_or_raise" in log.read_text()


def test_training_that_diverges_stops_the_run(fedcompare_command, tiny_toml, tmp_path):
    options = ("--config", tiny_toml, "--results", tmp_path, "--lr", 1e39)
    done = run(*fedcompare_command, "federated", *options, *ONE_CLIENT)
    assert done.returncode == 13, done.stderr
    assert "in the federation, seed 5: " in done.stderr
    assert "is not finite in round 1, epoch 1" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [tmp_path / LOG]


def descendants(root: int) -> set[int]:
    """Return the living processes below `root`."""
    parents = {}
    for line in run("ps", "-A", "-o", "pid=,ppid=,stat=").stdout.splitlines():
        pid, parent, state = line.split()
        if not state.startswith("Z"):
            parents[int(pid)] = int(parent)
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {root}


def alive(pids: set[int]) -> set[int]:
    lines = run("ps", "-A", "-o", "pid=,stat=").stdout.splitlines()
    living = {int(line.split()[0]) for line in lines if not line.split()[1].startswith("Z")}
    return pids & living


def reset_interrupt() -> None:
    """A parent in the background may ignore Ctrl-C, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_in_mid_round_ends_everything(fedcompare_command, tiny_toml, tmp_path):
    endless = ("--epochs", 10**7, "--config", tiny_toml, "--results", tmp_path, *ONE_CLIENT)
    with subprocess.Popen(
        [str(word) for word in (*fedcompare_command, "federated", *endless)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=reset_interrupt,
    ) as process:
        assert "round 0/2" in process.stderr.readline()
        below = descendants(process.pid)
        assert len(below) >= 3  # Ray's servers and the clients
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        _, message = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert "interrupted; finished parts are kept, nothing half-done is" in message
    assert "Traceback" not in message
    deadline = time.monotonic() + 60
    while alive(below) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not alive(below)
    assert not (tmp_path / "tiny" / "seed-5" / "federated").exists()


def test_doctor_starts_and_ends_ray(fedcompare_command, tmp_path):
    done = run(*fedcompare_command, "doctor", "--results", tmp_path)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1].startswith("ok    Ray starts: for this user alone, and")
