"""Locks on files: held while their owner lives, free the moment it is gone."""

import multiprocessing
import os
import signal

import pytest

from fedcompare.machine.locking import lock

FORK = multiprocessing.get_context("fork")


def hold(path, held, until):
    with lock(path):
        held.set()
        until.wait()


@pytest.fixture
def other(tmp_path):
    """Another process that holds the lock `tmp_path / "file"`, and the event that ends it."""
    held, until = FORK.Event(), FORK.Event()
    process = FORK.Process(target=hold, args=(tmp_path / "file", held, until))
    process.start()
    assert held.wait(30)
    yield process, until
    process.kill()
    process.join()


def test_a_lock_is_held_once_and_its_file_is_gone_after_it(tmp_path):
    with lock(tmp_path / "file") as held:
        assert held.path.exists()
        assert lock(tmp_path / "file") is None
    assert list(tmp_path.iterdir()) == []
    with lock(tmp_path / "file"):
        pass


def test_another_process_that_lives_holds_its_lock(tmp_path, other):
    assert lock(tmp_path / "file") is None


def test_a_killed_process_holds_nothing_but_its_file_is_left(tmp_path, other):
    process, _ = other
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert (tmp_path / "file").exists()
    with lock(tmp_path / "file") as held:
        assert held


def test_one_who_waits_gets_the_lock_even_if_its_file_was_removed_meanwhile(tmp_path, other):
    _, until = other
    until.set()
    with lock(tmp_path / "file", wait=True) as held:
        assert held.path.exists()
        assert lock(tmp_path / "file") is None


def test_a_forked_child_keeps_its_parents_lock_alive(tmp_path):
    until = FORK.Event()
    held = lock(tmp_path / "mine")
    child = FORK.Process(target=until.wait)
    child.start()
    os.close(held.descriptor)
    assert lock(tmp_path / "mine") is None
    child.kill()
    child.join()
    with lock(tmp_path / "mine") as again:
        assert again
