"""`flwr run` for real: Flower's SuperLink, SuperExec and simulation, on a machine with no index."""

import re
import shutil
import tempfile
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import own_models
from fedcompare.config.groups import ExperimentConfig
from fedcompare.config.parsing import parse_config, read_settings
from fedcompare.federated.server import run_federated
from fedcompare.federated.server_app import config_from_run_config
from flower_processes import REPOSITORY, LocalFlower
from made_up_tables import patients, split_up
from support import InlineGrid, shared_weights

pytestmark = pytest.mark.simulation
SMOKE = REPOSITORY / "configs" / "smoke.toml"
ARGUMENTS = [
    "--run-config",
    str(SMOKE),
    "--federation-config",
    "num-supernodes=2 client-resources-num-cpus=1",
]


@pytest.fixture(scope="module")
def flower() -> Iterator[LocalFlower]:
    """Flower in a folder of its own; fails if a process that it started outlives its end."""
    # A short path: Ray puts sockets in it, whose names may not exceed 107 bytes.
    with tempfile.TemporaryDirectory(prefix="fc-") as folder:
        flower = LocalFlower(Path(folder))
        try:
            yield flower
        finally:
            left = flower.stop()
        assert not left


@pytest.fixture(scope="module")
def finished(flower: LocalFlower) -> dict:
    """The smoke experiment's line of `flwr ls`, once it has ended."""
    return flower.run(*ARGUMENTS)


@pytest.fixture
def part(flower: LocalFlower, finished: dict) -> Path:
    assert finished["status"] == "finished:completed", flower.log()
    return flower.folder / "results" / "smoke" / "seed-42" / "federated"


def test_it_writes_the_files_of_fedcompare_federated(part: Path):
    files = {str(path.relative_to(part)) for path in part.rglob("*") if path.is_file()}
    assert files == {
        "config.toml",
        "environment.json",
        "epochs.csv",
        "rounds.csv",
        "run.json",
        "server.csv",
        "weights/global.safetensors",
        "weights/round-1/silo-1.safetensors",
        "weights/round-1/silo-2.safetensors",
    }


def test_its_weights_are_those_of_fedcompare_federated(part: Path):
    config = parse_config(read_settings(SMOKE))
    expected = shared_weights(run_federated(InlineGrid(2), config))[-1]
    assert (part / "weights" / "global.safetensors").read_bytes() == expected


def test_its_stored_config_is_that_of_fedcompare_federated(part: Path):
    stored = tomllib.loads((part / "config.toml").read_text(encoding="utf-8"))
    assert stored == parse_config(read_settings(SMOKE)).to_flat()


def test_silos_files_and_a_model_of_ones_own_give_what_fedcompare_federated_does(
    flower: LocalFlower,
):
    columns = {name: own[:80] for name, own in patients().items()}
    columns["hospital"] = ["north", "south"] * 40
    keys = {
        "name": "clinics",
        "dataset": str(split_up(flower.folder / "clinics", columns, "hospital")),
        "label": "outcome",
        "model": "own_models:wide(width=4)",
        "num-server-rounds": 1,
        "local-epochs": 1,
    }
    shutil.copy(own_models.__file__, flower.folder)  # the working folder of every process
    run_config = " ".join(
        f'{key}="{value}"' if isinstance(value, str) else f"{key}={value}"
        for key, value in keys.items()
    )
    row = flower.run("--run-config", run_config, *ARGUMENTS[2:])
    assert row["status"] == "finished:completed", flower.log()
    every = {**ExperimentConfig().to_flat(), **keys}  # a run config states all keys
    config, _, _ = config_from_run_config(every)
    expected = shared_weights(run_federated(InlineGrid(2), config))[-1]
    part = flower.folder / "results" / "clinics" / "seed-42" / "federated"
    assert (part / "weights" / "global.safetensors").read_bytes() == expected


def test_a_run_that_would_overwrite_fails_and_says_why(flower: LocalFlower, part: Path):
    before = (part / "run.json").read_bytes()
    again = flower.run(*ARGUMENTS)
    assert again["status"] == "finished:failed"
    assert "is finished" in again["status-details"]
    assert (part / "run.json").read_bytes() == before


def test_a_run_that_diverges_fails_and_says_where(flower: LocalFlower, tmp_path: Path):
    config = tmp_path / "diverging.toml"
    diverging = re.sub(r"learning-rate = .*", "learning-rate = 1e39", SMOKE.read_text())
    config.write_text(diverging.replace('name = "smoke"', 'name = "diverging"'))
    row = flower.run("--run-config", str(config), *ARGUMENTS[2:])
    assert row["status"] == "finished:failed"
    assert "in the federation, seed 42: " in row["status-details"]
    assert "is not finite in round 1, epoch 1" in row["status-details"]


def test_the_processes_of_a_run_end_with_it(flower: LocalFlower, finished: dict):
    """Only what waits for the next run stays; the fixture sees that it can be stopped."""
    waiting = ["flower-superexec", "flower-superlink"]
    # A run is called finished a little before its last process has ended.
    deadline = time.monotonic() + 60
    while (names := flower.names()) != waiting and time.monotonic() < deadline:
        time.sleep(0.2)
    assert names == waiting
