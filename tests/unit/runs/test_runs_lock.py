"""Who may write into an experiment's folder while another run does."""

import functools
import multiprocessing
import os
import signal
import time

import pytest

from fedcompare.errors import ResultsError, StorageError
from fedcompare.runs import lock
from fedcompare.runs.lock import claimed, comparison_parts, seed_part

FORK = multiprocessing.get_context("fork")


def run(config, results, command, parts, here, until):
    with claimed(config, results, command, parts):
        here.set()
        until.wait()


@pytest.fixture
def start(tmp_path):
    """Return `start(config, "isolated") -> process`: another run that lives until it is killed."""
    processes = []

    def begin(config, command, parts=None):
        here, until = FORK.Event(), FORK.Event()
        parts = parts or [seed_part(config, command)]
        work = functools.partial(run, config, tmp_path, command, parts, here, until)
        processes.append(FORK.Process(target=work))
        processes[-1].start()
        assert here.wait(30)
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.join()


def claim(config, results, command, parts=None):
    with claimed(config, results, command, parts or [seed_part(config, command)]):
        pass


def test_nothing_is_left_of_a_run_that_made_nothing(tmp_path, tiny):
    claim(tiny(), tmp_path / "new" / "results", "isolated")
    assert list(tmp_path.iterdir()) == []


def test_nothing_but_the_part_is_left_of_a_run(tmp_path, tiny):
    config = tiny()
    with claimed(config, tmp_path, "isolated", [seed_part(config, "isolated")]):
        (tmp_path / "tiny/seed-5/isolated").mkdir(parents=True)
    assert [path.name for path in (tmp_path / "tiny").iterdir()] == ["seed-5"]


@pytest.mark.parametrize(
    ("command", "seed"), [("federated", 5), ("partition", 5), ("isolated", 6), ("isolated", 7)]
)
def test_runs_that_make_different_parts_go_side_by_side(tmp_path, tiny, start, command, seed):
    start(tiny(), "isolated")
    claim(tiny(seed=seed), tmp_path, command)


def test_budgets_of_other_regimes_may_differ(tmp_path, tiny, start):
    start(tiny(isolated_epochs=9), "isolated")
    claim(tiny(num_server_rounds=9), tmp_path, "federated")


def test_the_same_part_twice_at_once_is_refused_and_the_other_run_is_named(tmp_path, tiny, start):
    other = start(tiny(), "isolated")
    with pytest.raises(ResultsError, match=r"makes seed-5/isolated\. Wait") as error:
        claim(tiny(), tmp_path, "isolated")
    assert f"process {other.pid} on " in str(error.value)
    assert "(fedcompare isolated)" in str(error.value)


@pytest.mark.parametrize("first", ["isolated", "compare"])
def test_a_comparison_makes_all_parts_of_its_seeds(tmp_path, tiny, start, first):
    config = tiny(num_seeds=2)
    parts = {"isolated": [seed_part(tiny(seed=6), "isolated")], "compare": comparison_parts(config)}
    (second,) = parts.keys() - {first}
    start(config, first, parts[first])
    with pytest.raises(ResultsError, match="makes seed-6/isolated"):
        claim(config, tmp_path, second, parts[second])
    claim(tiny(seed=7), tmp_path, "isolated")


@pytest.mark.parametrize("command", ["isolated", "federated"])
def test_another_configuration_at_once_is_refused_with_the_difference(
    tmp_path, tiny, start, command
):
    other = start(tiny(), "isolated")
    with pytest.raises(ResultsError) as error:
        claim(tiny(learning_rate=0.2, seed=6), tmp_path, command)
    assert "has another configuration (learning-rate = 0.1, here 0.2)" in str(error.value)
    assert str(other.pid) in str(error.value)
    assert "choose another --results or name" in str(error.value)


def test_a_run_that_was_refused_leaves_the_other_alone(tmp_path, tiny, start):
    start(tiny(), "isolated")
    before = sorted(tmp_path.rglob("*"))
    for _ in range(2):
        with pytest.raises(ResultsError):
            claim(tiny(), tmp_path, "isolated")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_killed_run_holds_nothing_and_what_it_left_goes(tmp_path, tiny, start):
    other = start(tiny(), "isolated")
    half = tmp_path / "tiny/seed-5/.isolated-abcd_123"
    half.mkdir(parents=True)
    claim(tiny(), tmp_path, "federated")
    assert half.exists()
    os.kill(other.pid, signal.SIGKILL)
    other.join()
    claim(tiny(learning_rate=0.2), tmp_path, "isolated")
    assert sorted(path.name for path in (tmp_path / "tiny").rglob("*")) == ["seed-5"]


def run_with_child(config, results, here):
    with claimed(config, results, "isolated", [seed_part(config, "isolated")]):
        FORK.Process(target=time.sleep, args=(1.0,)).start()
        here.set()
        time.sleep(600)


def test_a_killed_run_whose_children_are_about_to_end_is_waited_for(tmp_path, tiny):
    here = FORK.Event()
    other = FORK.Process(target=run_with_child, args=(tiny(), tmp_path, here))
    other.start()
    assert here.wait(30)
    other.kill()
    other.join()
    assert list((tmp_path / "tiny").glob(".run-*"))
    claim(tiny(learning_rate=0.2), tmp_path, "isolated")


def test_a_folder_that_cannot_be_made_is_named(tmp_path, tiny):
    (tmp_path / "results").write_text("mine")
    with pytest.raises(StorageError, match="results"):
        claim(tiny(), tmp_path / "results", "isolated")
    assert (tmp_path / "results").read_text() == "mine"


def test_a_file_system_without_locks_is_said_to_protect_nothing(
    tmp_path, tiny, monkeypatch, caplog
):
    def no_locks(path, *, wait=False):
        raise OSError(lock.errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock, "lock", no_locks)
    claim(tiny(), tmp_path, "isolated")
    assert "start no two runs in it" in caplog.text
