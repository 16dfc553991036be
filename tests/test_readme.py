"""Every command of the README's `sh` blocks is run, in the order in which a reader meets them."""

import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from flower_processes import REPOSITORY, LocalFlower

pytestmark = pytest.mark.simulation

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    for line in block.splitlines()
]
FEDCOMPARE = [line for line in COMMANDS if line.startswith("fedcompare ")]
FLWR = [line for line in COMMANDS if line.startswith("flwr run . ")]
MAKE = [line for line in COMMANDS if line.startswith("make ")]
EXPORT = "export FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION=1"  # LocalFlower sets it


def test_every_command_is_of_a_kind_that_is_run_here():
    assert len(FEDCOMPARE) >= 12
    assert len(FLWR) == 2
    assert set(COMMANDS) == {*FEDCOMPARE, *FLWR, *MAKE, EXPORT}


def test_the_make_commands_do_what_the_readme_says():
    assert MAKE == ["make demo", "make test"]
    plans = [
        subprocess.run(
            [*shlex.split(line), "--dry-run"],
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for line in MAKE
    ]
    for line in ("isolated", "federated --rounds 3", "evaluate --subsets"):
        assert f"fedcompare {line}" in plans[0]
    assert "python -m pytest" in plans[1]


def test_the_python_of_the_readme_runs_and_prints(tmp_path):
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    shutil.copytree(REPOSITORY / "configs", tmp_path / "configs")
    run = [sys.executable, "-c", code]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    summary, *gains = done.stdout.splitlines()
    assert summary.startswith("On the whole population, ")
    assert len(gains) == 6  # two silos, three questions
    assert (tmp_path / "results/notebook/smoke/comparison/report.html").exists()


def quick(line: str) -> list[str]:
    """Return the words of a command, trained for one epoch where it would train for long."""
    words = shlex.split(line)[1:]
    if "configs/smoke.toml" in words:
        return words
    if words[0] == "compare":
        return [*words, "--seeds", "2", "--set", "local-epochs=1", "--set", "isolated-epochs=1"]
    return [*words, "--epochs", "1"] if words[0] in ("isolated", "federated") else words


def test_the_fedcompare_commands_succeed_in_their_order(fedcompare_command, tmp_path):
    shutil.copytree(REPOSITORY / "configs", tmp_path / "configs")
    shutil.copytree(REPOSITORY / "examples", tmp_path / "examples")
    for line in FEDCOMPARE:
        done = subprocess.run(
            [*fedcompare_command, *quick(line)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
        assert done.stdout, line


def test_the_flwr_commands_complete():
    with tempfile.TemporaryDirectory(prefix="fc-") as folder:
        flower = LocalFlower(Path(folder))
        shutil.copytree(REPOSITORY / "configs", flower.folder / "configs")
        try:
            for line in FLWR:
                short = line.replace("local-epochs=10", "local-epochs=1")
                words = shlex.split(short.replace("flwr run . --stream ", ""))
                assert flower.run(*words)["status"] == "finished:completed", flower.log()
        finally:
            left = flower.stop()
        assert not left
        results = Path(folder, "results")
        assert {path.name for path in results.iterdir()} == {"mnist", "quickstart"}
