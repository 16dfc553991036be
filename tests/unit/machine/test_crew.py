"""Worker processes: queues, order, failures, and an end in every case."""

import functools
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from fedcompare.errors import DataError, SiloFailedError
from fedcompare.machine import crew as crew_module
from fedcompare.machine.crew import Crew
from fedcompare.machine.mailbox import Failure
from fedcompare.machine.processes import processes


@dataclass(frozen=True)
class Number:
    value: int

    @property
    def name(self):
        return f"number {self.value}"


def square(job, tell):
    tell(f"{job.name} is on its way")
    return job.value**2


def burn(job, tell):
    raise ValueError("it burns")


def bad_data(job, tell):
    raise DataError("the file is damaged")


def die(job, tell):
    os._exit(9)


def sleep(job, tell):
    tell(os.getpid())
    time.sleep(600)


def serve(handle, mailbox):
    mailbox.serve(handle)


def stubborn(path, mailbox):
    """Never looks at its mailbox; ends when the run is stopped, and says so in a file."""

    def end():
        path.write_text("ended")
        os._exit(0)

    mailbox.when_stopped(end)
    time.sleep(600)


@pytest.fixture
def crew():
    made = Crew()
    yield made
    made.stop()
    assert multiprocessing.active_children() == []


def hire(crew, handle, count=1, bench="bench"):
    crew.hire(bench, functools.partial(serve, handle), count)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_job_is_answered_once(crew, count):
    hire(crew, square, count)
    crew.submit("bench", map(Number, range(7)))
    events = list(crew.events())
    assert sorted(e.content for e in events if e.done) == [n**2 for n in range(7)]
    assert len([e for e in events if not e.done]) == 7


def answers(crew, *, until=None):
    """Listen up to this answer, or to the last, and leave what follows for the next time."""
    for event in crew.events():
        if event.done:
            yield event.content
            if event.content == until:
                return


def test_jobs_can_be_added_on_the_way_and_before_others(crew):
    hire(crew, square)
    crew.submit("bench", [Number(1), Number(2)])
    seen = []
    for answer in answers(crew):
        seen.append(answer)
        if answer == 1:
            crew.submit("bench", [Number(5)], first=True)
    assert seen == [1, 25, 4]


def test_listening_may_end_early_and_go_on_later(crew):
    hire(crew, sleep)
    hire(crew, square, bench="quick")
    crew.submit("bench", [Number(1)])
    assert all(not event.done for event in crew.events(within=0.2))  # it sleeps on
    crew.submit("quick", map(Number, (2, 3, 5)))
    assert list(answers(crew, until=9)) == [4, 9]
    crew.submit("quick", [Number(4)])
    assert list(answers(crew, until=16)) == [25, 16]


def test_benches_have_queues_of_their_own_and_one_may_leave_early(crew):
    hire(crew, square, bench="a")
    hire(crew, square, bench="b")
    crew.submit("a", [Number(1)])
    crew.submit("b", [Number(2), Number(3)])
    found = []
    for answer in answers(crew):
        found.append(answer)
        if answer == 1:
            crew.dismiss("a")
    assert sorted(found) == [1, 4, 9]


def test_a_job_that_raises_is_named_with_its_traceback(crew):
    hire(crew, burn)
    crew.submit("bench", [Number(4)])
    with pytest.raises(SiloFailedError, match="number 4 failed: ValueError: it burns") as error:
        list(crew.events())
    assert "in burn" in error.value.details


def test_an_expected_error_arrives_as_itself(crew):
    hire(crew, bad_data)
    crew.submit("bench", [Number(4)])
    with pytest.raises(DataError, match="the file is damaged"):
        list(crew.events())


def test_a_process_that_dies_at_work_is_named(crew):
    hire(crew, die)
    crew.submit("bench", [Number(4)])
    with pytest.raises(SiloFailedError, match=r"number 4: its process died \(exit code 9\)"):
        list(crew.events())


def each(jobs, tell, done):
    """Say of every job with how many it came, and let number 4 fail."""
    for position, job in enumerate(jobs):
        tell(position, len(jobs))
        if job.value == 4:
            burn_alone(position, done)
        else:
            done(position, job.value**2)


def burn_alone(position, done):
    try:
        burn(None, None)
    except ValueError as error:
        done(position, Failure.of(error))


def together(crew, handle, count, *, most=100):
    crew.hire(
        "bench",
        functools.partial(serve_together, handle),
        count,
        together=lambda job: job.value < 100,
        most=most,
    )


def serve_together(handle, mailbox):
    mailbox.serve_together(handle)


@pytest.mark.parametrize(
    ("count", "most", "shares"), [(1, 100, {6}), (2, 100, {3}), (2, 2, {1, 2})]
)
def test_jobs_that_are_done_together_are_shared_out_equally(crew, count, most, shares):
    together(crew, each, count, most=most)
    numbers = (1, 2, 3, 5, 6, 7)
    crew.submit("bench", map(Number, numbers))
    events = list(crew.events())
    assert sorted(e.content for e in events if e.done) == [n**2 for n in numbers]
    assert {e.content for e in events if not e.done} == shares
    assert {(e.job.value, e.content) for e in events if e.done} == {(n, n**2) for n in numbers}


def test_a_job_that_is_done_alone_is_handed_over_alone(crew):
    together(crew, each, 1)
    crew.submit("bench", map(Number, (1, 2, 101, 102, 3)))
    told = [(e.job.value, e.content) for e in crew.events() if not e.done]
    assert told == [(1, 2), (2, 2), (101, 1), (102, 1), (3, 1)]


def test_of_jobs_that_are_done_together_the_failing_one_is_named(crew):
    together(crew, each, 1)
    crew.submit("bench", map(Number, (1, 4, 5)))
    with pytest.raises(SiloFailedError, match=r"^number 4 failed: ValueError: it burns") as error:
        list(crew.events())
    assert "in burn" in error.value.details


def test_where_a_worker_dies_all_that_it_has_at_hand_is_counted(crew):
    together(crew, lambda jobs, tell, done: (done(0, None), os._exit(9)), 1)
    crew.submit("bench", map(Number, (1, 4, 5)))
    with pytest.raises(SiloFailedError, match=r"^number 4, or one of 1 done with it: its process"):
        list(crew.events())


class DiesOnArrival:
    """Kills the process that unpickles it."""

    def __reduce__(self):
        return os._exit, (3,)


def test_a_spawned_process_that_dies_before_it_works_is_named():
    crew = Crew(fork=False)
    crew.hire("bench", functools.partial(serve, DiesOnArrival()), 1)
    crew.submit("bench", [Number(4)])
    with pytest.raises(SiloFailedError, match=r"number 4: its process died \(exit code 3\)"):
        list(crew.events())
    crew.stop()


def test_an_idle_process_that_died_is_named(crew):
    hire(crew, square)
    for worker in multiprocessing.active_children():
        worker.kill()
        worker.join()
    crew.submit("bench", [Number(4)])
    with pytest.raises(SiloFailedError, match="number 4: its process died"):
        list(crew.events())


def test_a_patient_worker_ends_by_itself_when_the_run_stops(tmp_path):
    crew = Crew()
    crew.hire("bench", functools.partial(stubborn, tmp_path / "end"), 1, patient=True)
    hire(crew, square, bench="other")  # it must not keep the first one's lifeline open
    crew.submit("other", [Number(1)])
    list(crew.events())
    crew.stop()
    assert (tmp_path / "end").read_text() == "ended"
    assert multiprocessing.active_children() == []


PARENT = """
import sys
sys.path.insert(0, {tests!r})
import test_crew
crew = test_crew.Crew()
test_crew.hire(crew, test_crew.sleep, 2)
crew.submit("bench", map(test_crew.Number, range(2)))
for event in crew.events():
    print(event.content, flush=True)
"""


def test_workers_at_work_end_with_a_parent_that_is_killed():
    code = PARENT.format(tests=str(Path(__file__).parent))
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as parent:
        workers = {int(parent.stdout.readline()) for _ in range(2)}
        assert workers <= processes().keys()
        parent.kill()
    deadline = time.monotonic() + 30
    while workers & processes().keys() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not workers & processes().keys()


@pytest.fixture
def impatient(monkeypatch):
    """A crew that looks at its workers often, and waits for nothing for long."""
    monkeypatch.setattr(crew_module, "_TICK", 0.05)
    monkeypatch.setattr(crew_module, "_PAUSE", 0.5)
    made = Crew()
    yield made
    made.stop()
    assert multiprocessing.active_children() == []


def test_a_worker_that_stays_stopped_is_named(impatient):
    hire(impatient, sleep)
    impatient.submit("bench", [Number(4)])
    events = impatient.events()
    pid = next(events).content
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(SiloFailedError, match=f"number 4: its process {pid} has been stopped"):
        list(events)


def test_a_check_is_told_who_is_at_work_and_who_has_spoken_and_can_end_the_run(impatient):
    seen = []

    def check(pid, has_spoken):
        seen.append((pid, has_spoken))
        return "it looks ill" if len(seen) == 3 else None

    impatient.hire("bench", functools.partial(serve, sleep), 1, check=check)
    impatient.submit("bench", [Number(4)])
    events = impatient.events()
    pid = next(events).content
    with pytest.raises(SiloFailedError, match="number 4 failed: it looks ill"):
        list(events)
    assert {found for found, _ in seen} == {pid}
    assert seen[-1] == (pid, True)
