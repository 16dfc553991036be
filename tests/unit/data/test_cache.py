import multiprocessing
import os
import signal
import time

import pytest
import torch
from safetensors.torch import load_file

from fedcompare.data import cache
from fedcompare.data.cache import Entry, cached
from fedcompare.machine.locking import lock

FORK = multiprocessing.get_context("fork")
TENSORS = {"pixels": torch.arange(6.0).reshape(2, 3), "labels": torch.tensor([0, 1])}
FACTS = {"class_names": ["Ödem", "糖"], "notes": []}
INPUTS = {"content": "abc", "side": 0}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("FEDCOMPARE_CACHE", str(tmp_path))
    return tmp_path


def get(build=lambda: Entry(tensors=TENSORS, facts=FACTS), **changes):
    return cached("made-up", INPUTS | changes, build)


def refuse():
    raise AssertionError("built again")


def is_whole(entry):
    return entry.facts == FACTS and all(
        torch.equal(entry.tensors[n], t) for n, t in TENSORS.items()
    )


def test_what_is_stored_is_read_with_its_facts(folder):
    assert is_whole(get())
    assert is_whole(get(refuse))
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize("changes", [{"side": 1}, {"content": "abd"}, {"new": None}])
def test_other_inputs_are_another_entry(changes):
    get()
    other = Entry(tensors={"pixels": torch.zeros(1)})
    assert torch.equal(get(lambda: other, **changes).tensors["pixels"], torch.zeros(1))
    assert is_whole(get(refuse))


@pytest.mark.parametrize("bit", [0, 5, 7])
def test_every_damaged_byte_is_noticed_and_made_good(folder, bit, caplog):
    get()
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << bit
        path.write_bytes(damaged)
        builds = []

        def build(builds=builds):
            builds.append(1)
            return Entry(tensors=TENSORS, facts=FACTS)

        assert is_whole(get(build))
        assert builds, f"byte {position} of {len(whole)}"
        assert is_whole(get(refuse))
    assert len([r for r in caplog.records if str(path) in r.getMessage()]) == len(whole)


@pytest.mark.parametrize("kept", [0, 7, 8, 100, -1])
def test_a_truncated_entry_is_made_again(folder, kept):
    get()
    (path,) = folder.iterdir()
    path.write_bytes(path.read_bytes()[:kept])
    assert is_whole(get())
    assert is_whole(get(refuse))


def test_an_entry_of_empty_tensors_is_kept():
    empty = Entry(tensors={"rows": torch.empty(0, dtype=torch.int64)})
    get(lambda: empty)
    assert get(refuse).tensors["rows"].shape == (0,)


def test_an_entry_can_be_read_without_fedcompare(folder):
    get()
    (path,) = folder.iterdir()
    assert torch.equal(load_file(path)["pixels"], TENSORS["pixels"])


# Several processes at once.


def build_slowly(folder, name):
    """Build an entry, which says so and ends once it may."""
    (folder / f"built-by-{name}").touch()
    while not (folder / "may-end").exists():
        time.sleep(0.01)
    return Entry(tensors=TENSORS, facts=FACTS)


def ask(folder, name):
    (folder / f"asked-by-{name}").touch()
    found = get(lambda: build_slowly(folder, name))
    assert is_whole(found)


def wait_for(path):
    while not path.exists():
        time.sleep(0.01)


@pytest.fixture
def start(folder):
    """Start a process that asks for the entry; all are gone in the end."""
    started = []

    def call(name):
        started.append(FORK.Process(target=ask, args=(folder, name)))
        started[-1].start()
        return started[-1]

    yield call
    for process in started:
        process.kill()
        process.join()


def test_of_two_cold_processes_one_builds_and_the_other_waits(folder, start):
    first = start("first")
    wait_for(folder / "built-by-first")
    second = start("second")
    wait_for(folder / "asked-by-second")
    time.sleep(0.3)  # in which it would build, too
    (folder / "may-end").touch()
    for process in (first, second):
        process.join()
        assert process.exitcode == 0
    assert not (folder / "built-by-second").exists()
    assert is_whole(get(refuse))
    assert not list(folder.glob("*.lock"))


def test_what_a_killed_process_was_building_is_built_by_the_next(folder, start):
    first = start("first")
    wait_for(folder / "built-by-first")
    second = start("second")
    wait_for(folder / "asked-by-second")
    os.kill(first.pid, signal.SIGKILL)
    wait_for(folder / "built-by-second")
    (folder / "may-end").touch()
    second.join()
    assert second.exitcode == 0
    assert is_whole(get(refuse))


def test_nobody_waits_for_ever(folder, monkeypatch):
    get()
    (path,) = folder.iterdir()
    path.unlink()
    monkeypatch.setattr(cache, "_PATIENCE", 0.1)
    with lock(path.with_suffix(".lock")):
        assert is_whole(get())
    assert is_whole(get(refuse))


def test_without_locks_everybody_builds(monkeypatch):
    def no_locks(path):
        raise OSError

    monkeypatch.setattr(cache, "lock", no_locks)
    assert is_whole(get())
    assert is_whole(get(refuse))
