"""The tutorial's claims, on the whole of MNIST, over five seeds."""

import json
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SUBSETS = ("1,3,7", "2,5,8", "4,6,9")
SEEDS = range(5)


def fedcompare(command, *arguments: object) -> str:
    words = [*command, *(str(argument) for argument in arguments)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_tutorial(command, results: Path, seed: int) -> dict[tuple, float]:
    """Return the accuracy in percent by (silo, or None for federated; part of the test set)."""
    options = ("--seed", seed, "--results", results)
    fedcompare(command, "isolated", *options)
    fedcompare(command, "federated", "--rounds", 3, *options)
    numbers = json.loads(fedcompare(command, "evaluate", "--subsets", "--json", *options))
    return {(n["silo"], n["evaluated_on"]): 100 * n["accuracy"] for n in numbers}


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("tutorial")


@pytest.fixture(scope="module", params=SEEDS)
def accuracy(request, fedcompare_command, results) -> dict[tuple, float]:
    return run_tutorial(fedcompare_command, results, request.param)


def test_the_tutorials_claims_hold(accuracy):
    for silo, excluded in enumerate(SUBSETS, start=1):
        assert 63 <= accuracy[silo, "all"] <= 71
        assert accuracy[silo, excluded] <= 0.1
        assert all(accuracy[silo, other] >= 93 for other in SUBSETS if other != excluded)
    assert accuracy[None, "all"] >= 95
    assert all(92 <= accuracy[None, subset] <= 98.5 for subset in SUBSETS)


@pytest.mark.parametrize("accuracy", [SEEDS[-1]], indirect=True)
def test_the_same_seed_gives_the_same_bytes(accuracy, fedcompare_command, results, tmp_path):
    run_tutorial(fedcompare_command, tmp_path, SEEDS[-1])
    again = tmp_path / "mnist" / f"seed-{SEEDS[-1]}"
    first = results / "mnist" / again.name
    names = {path.relative_to(again) for path in again.rglob("*.safetensors")}
    # Weights of 3 isolated models, of the global and 3 local models a round, and 4 predictions.
    assert len(names) == 3 + 3 * (1 + 3) + 4
    for name in names:
        assert (first / name).read_bytes() == (again / name).read_bytes(), name
