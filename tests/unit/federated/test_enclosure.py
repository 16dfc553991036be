"""A process group that ends with its head, however that ends; `sleep` stands for Ray."""

import contextlib
import functools
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from fedcompare.errors import SiloFailedError
from fedcompare.federated.enclosure import enclosed
from fedcompare.machine.crew import Crew
from fedcompare.machine.processes import processes

PATIENCE = 120.0


@dataclass(frozen=True)
class Job:
    name: str = "the session"


def head(mailbox):
    """Start a process as Ray would, and tell of it at work."""
    with enclosed(mailbox) as enclosure:
        enclosure.folder.mkdir()
        sleeper = subprocess.Popen(["sleep", "600"])
        mailbox.serve(functools.partial(report, enclosure.private, sleeper.pid))


def report(private, sleeper, job, tell):
    tell((os.getpid(), sleeper, private, dict(os.environ)))
    time.sleep(600)


def early(mailbox):
    with enclosed(mailbox):
        raise ValueError("it burns")


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def are_gone(pids, folder):
    return wait_until(lambda: not pids & processes().keys() and not folder.exists())


@pytest.fixture
def crew(monkeypatch):
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    made = Crew()
    yield made
    made.stop()


@pytest.fixture
def started(crew):
    """Return the events, and what the head told: its pid, its child's, its folder, environment."""
    crew.hire("session", head, 1, patient=True)
    crew.submit("session", [Job()])
    events = crew.events()
    return events, next(events).content


def test_all_ends_when_the_run_is_stopped(crew, started):
    _, (pid, sleeper, folder, _) = started
    crew.stop()
    assert not {pid, sleeper} & processes().keys()
    assert not folder.exists()


def test_all_ends_when_the_head_is_killed_and_it_is_named(started):
    events, (pid, sleeper, folder, _) = started
    os.kill(pid, signal.SIGKILL)
    with pytest.raises(SiloFailedError, match=r"the session: its process died \(exit code -9\)"):
        list(events)
    assert are_gone({sleeper}, folder)


def test_all_ends_when_the_head_is_stopped_and_the_run_ends(crew, started):
    _, (pid, sleeper, folder, _) = started
    os.kill(pid, signal.SIGSTOP)
    crew.stop()
    assert are_gone({pid, sleeper}, folder)


PARENT = """
import sys
sys.path.insert(0, {tests!r})
import test_enclosure
crew = test_enclosure.Crew()
crew.hire("session", test_enclosure.head, 1, patient=True)
crew.submit("session", [test_enclosure.Job()])
for event in crew.events():
    print(*event.content[:3], flush=True)
"""


@pytest.mark.parametrize("is_stuck", [False, True])
def test_all_ends_when_the_parent_of_the_head_is_killed(is_stuck):
    code = PARENT.format(tests=str(Path(__file__).parent))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as parent:
        pid, sleeper, folder = parent.stdout.readline().split()
        if is_stuck:  # as a head does that waits in Ray's own code
            os.kill(int(pid), signal.SIGSTOP)
        parent.kill()
    assert are_gone({int(pid), int(sleeper)}, Path(folder))


def test_a_failure_in_the_enclosure_is_told(crew):
    crew.hire("session", early, 1, patient=True)
    crew.submit("session", [Job()])
    with pytest.raises(SiloFailedError, match="the session failed: ValueError: it burns"):
        list(crew.events())


def test_ray_that_was_imported_too_early_is_refused(crew, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    crew.hire("session", head, 1, patient=True)
    crew.submit("session", [Job()])
    with pytest.raises(SiloFailedError, match="ray was imported too early"):
        list(crew.events())


def test_the_secret_is_another_each_time_and_only_the_group_knows_it(started):
    _, (*_, environment) = started
    secret = environment["RAY_AUTH_TOKEN"]
    assert environment["RAY_AUTH_MODE"] == "token"
    assert len(secret) >= 32
    assert "RAY_AUTH_TOKEN" not in os.environ
    for pid in processes():
        with contextlib.suppress(OSError):  # it ended meanwhile
            assert secret.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
