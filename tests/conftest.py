"""Fixtures: an isolated environment, a tiny dataset and config, and the command line in-process."""

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from fedcompare.federated.quiet import disable_telemetry


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is imported: no network, no screen, and caches of our own."""
    caches = tempfile.TemporaryDirectory(prefix="fedcompare-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(caches.cleanup)
    disable_telemetry()
    os.environ |= {
        "FEDCOMPARE_CACHE": f"{caches.name}/fedcompare",
        "HF_HOME": f"{caches.name}/huggingface",
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "MPLBACKEND": "Agg",
        "COLUMNS": "80",
    }
    os.environ.pop("FORCE_COLOR", None)


@pytest.fixture(scope="session")
def idx_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An IDX folder of 300 + 100 made-up images that are easy to learn."""
    from support import write_idx

    return write_idx(tmp_path_factory.mktemp("data") / "idx")


@pytest.fixture(scope="session")
def tiny_settings(idx_folder: Path) -> dict[str, object]:
    """The flat keys of an experiment that trains in milliseconds."""
    return {
        "name": "tiny",
        "seed": 5,
        "dataset": f"idx:{idx_folder}",
        "hidden-units": 16,
        "learning-rate": 0.1,
        "batch-size": 16,
        "isolated-epochs": 2,
        "num-server-rounds": 2,
        "local-epochs": 1,
    }


@pytest.fixture(scope="session")
def tiny(tiny_settings: dict[str, object]) -> Callable:
    """Return `tiny(num_silos=1, ...) -> ExperimentConfig`."""
    from fedcompare.config.parsing import Setting, parse_config

    def build(**changes: object):
        settings = dict(tiny_settings)
        if "model" in changes:
            del settings["hidden-units"]  # which are for the default model
        flat = settings | {key.replace("_", "-"): value for key, value in changes.items()}
        return parse_config({key: Setting(value, key) for key, value in flat.items()})

    return build


@pytest.fixture(scope="session")
def tiny_toml(tmp_path_factory: pytest.TempPathFactory, tiny: Callable) -> Path:
    """The same experiment as a file for --config."""
    from fedcompare.runs.manifest import write_config

    path = tmp_path_factory.mktemp("config") / "tiny.toml"
    write_config(path, tiny())
    return path


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable:
    """Return `cli("isolated", "--seed", 1) -> Outcome`: the real entry, in this process."""
    from fedcompare.cli.main import run
    from support import Outcome

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Outcome(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny: Callable) -> Path:
    """A results folder with both regimes of the tiny experiment; copy it, don't change it."""
    from fedcompare.execution.plan import training_stage
    from fedcompare.regimes.catalog import Regime
    from fedcompare.runs.directory import RunDirectory
    from support import make

    results = tmp_path_factory.mktemp("trained")
    run = RunDirectory(results, tiny())
    make(training_stage(run, Regime.ISOLATED), training_stage(run, Regime.FEDERATED))
    return results


@pytest.fixture
def results(trained: Path, tmp_path: Path) -> Path:
    """A results folder of this test's own, with both regimes trained."""
    return Path(shutil.copytree(trained, tmp_path / "results"))


@pytest.fixture
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Federations without Ray."""
    from support import hire_inline

    monkeypatch.setattr("fedcompare.execution.campaign.hire_session", hire_inline)


@pytest.fixture(scope="session")
def fedcompare_command() -> list[str]:
    """How to start the command line in a process of its own."""
    return [sys.executable, "-m", "fedcompare"]
