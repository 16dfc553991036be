"""Worker processes that take jobs from this process, one after another."""

import contextlib
import math
import multiprocessing as mp
import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Protocol, cast

from fedcompare.errors import FedcompareError, SiloFailedError
from fedcompare.machine.mailbox import Failure, Mailbox, Said
from fedcompare.machine.processes import Persistence, stopped

_PATIENCE = 15.0  # seconds for a worker that cleans up after itself
_PAUSE = 10.0  # seconds that a worker at work may be stopped
_TICK = 1.0  # seconds between two looks at that


class Job(Protocol):
    """What a worker is asked to do; `name` is what messages call it."""

    @property
    def name(self) -> str:
        """Return what messages call this job: "silo 1"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something a worker said of a job: a note on the way, or its result when `done`."""

    job: Job
    content: Any
    done: bool


Work = Callable[[Mailbox], None]
Check = Callable[[int, bool], str | None]


def alone(job: Job) -> bool:
    """Return that a job is not done together with others."""
    return False


@dataclass(slots=True, kw_only=True)
class _Bench:
    """Workers of one kind, and the jobs that wait for them; those `together` may be done so."""

    together: Callable[[Any], bool]
    most: int
    waiting: deque[Job] = field(default_factory=deque)
    workers: list[Connection] = field(default_factory=list)

    def share(self) -> int:
        """Return how many jobs a worker may get now: as many as if all workers were free."""
        return max(1, min(self.most, -(-len(self.waiting) // len(self.workers))))

    def take(self, count: int) -> list[Job]:
        """Take the next job, and up to `count` in all that are done together with it."""
        jobs = [self.waiting.popleft()]
        if self.together(jobs[0]):
            while self.waiting and len(jobs) < count and self.together(self.waiting[0]):
                jobs.append(self.waiting.popleft())
        return jobs


class Crew:
    """Benches of worker processes; each bench has its own queue of jobs.

    Hire before any thread is started or heavy work is done: workers are forked where
    that is safe, so that what was imported and loaded until then costs them nothing.
    A worker that has a crew of its own keeps the ends of its mailbox `private` from that: else
    its death would not be seen while one of them lives.
    """

    def __init__(self, *, fork: bool = True, private: Sequence[Connection] = ()) -> None:
        # Forking is safe only on Linux, and only while no thread pool is needed in the child.
        self._forks = fork and sys.platform == "linux"
        self._context: Any = mp.get_context("fork" if self._forks else "spawn")
        self._benches: dict[str, _Bench] = {}
        self._processes: dict[Connection, BaseProcess] = {}
        self._lifelines: dict[Connection, Connection] = {}
        self._patient: set[Connection] = set()
        self._checks: dict[Connection, Check] = {}
        self._heard: set[Connection] = set()
        self._at: dict[Connection, dict[int, Job]] = {}
        self._private = private
        self._stopped: Persistence[Connection] = Persistence(round(_PAUSE / _TICK))
        self._next_look = 0.0

    def hire(
        self,
        bench: str,
        work: Work,
        count: int,
        *,
        patient: bool = False,
        check: Check = lambda pid, has_spoken: None,
        together: Callable[[Any], bool] = alone,
        most: int = sys.maxsize,
    ) -> None:
        """Start `count` processes that call `work(mailbox)`.

        Jobs that are `together` are handed over several at a time, up to `most`, and equally to
        all workers that are free.

        All end when this process is gone, whatever they do. A `patient` worker is not
        terminated but given time to end after its mailbox closes, and must itself look
        after its end (`Mailbox.when_stopped`). While a worker is at work, `check` is called
        about once a second with its process id and whether it has ever said something; what
        it returns, if anything, is why the job has failed.
        """
        for _ in range(count):
            ours, theirs = self._context.Pipe()
            our_end, lifeline = self._context.Pipe()
            self._lifelines[ours] = our_end
            ends = (*self._lifelines, *self._lifelines.values(), *self._private)
            inherited = ends if self._forks else ()
            worker = self._context.Process(
                target=_run,
                args=(theirs, lifeline, inherited, work, patient),
                daemon=not patient,
            )
            worker.start()
            theirs.close()
            lifeline.close()
            self._processes[ours] = worker
            found = self._benches.setdefault(bench, _Bench(together=together, most=most))
            found.workers.append(ours)
            self._checks[ours] = check
            if patient:
                self._patient.add(ours)

    def submit(self, bench: str, jobs: Iterable[Job], *, first: bool = False) -> None:
        """Queue jobs, behind those that wait, or with `first` before them."""
        queue = self._benches[bench].waiting
        if first:
            queue.extendleft(reversed(list(jobs)))
        else:
            queue.extend(jobs)

    def events(self, *, within: float = math.inf) -> Iterator[Event]:
        """Yield what workers say until no job waits or is at work; more may be submitted meanwhile.

        It also ends after `within` seconds, and may be left before; call it again to go on.

        Raises:
            FedcompareError: a job failed with it.
            SiloFailedError: a job failed otherwise, or its process died.
        """
        self._hand_out()
        end = time.monotonic() + within
        while self._at and (left := end - time.monotonic()) > 0:
            for connection in cast("list[Connection]", wait(list(self._at), min(_TICK, left))):
                yield self._receive(connection)
            self._hand_out()
            if time.monotonic() >= self._next_look:
                self._next_look = time.monotonic() + _TICK
                self._look()

    def dismiss(self, bench: str) -> None:
        """Let a bench without jobs go: its workers end while others go on."""
        for connection in self._benches.pop(bench).workers:
            connection.close()

    def stop(self) -> None:
        """End all workers, whatever they do."""
        for connection in (*self._lifelines, *self._lifelines.values()):
            connection.close()
        for connection, worker in self._processes.items():
            if connection in self._patient and not stopped([worker.pid or 0]):
                worker.join(_PATIENCE)
            worker.kill()
            worker.join()

    def _hand_out(self) -> None:
        for bench in self._benches.values():
            share = bench.share()
            for connection in bench.workers:
                if connection not in self._at and bench.waiting:
                    jobs = bench.take(share)
                    self._at[connection] = dict(enumerate(jobs))
                    with contextlib.suppress(BrokenPipeError):  # a dead worker is met when we read
                        connection.send(jobs)

    def _look(self) -> None:
        """Raise if a worker would let us wait for ever.

        Raises:
            SiloFailedError: it has been stopped for long, or its check says why.
        """
        pids = {one: self._processes[one].pid or 0 for one in self._at}
        asleep = stopped(pids.values())
        for one in self._stopped.look(one for one, pid in pids.items() if pid in asleep):
            raise SiloFailedError(
                f"{self._name(one)}: its process {pids[one]} has been stopped for {_PAUSE:g} s"
            )
        for one, pid in pids.items():
            if why := self._checks[one](pid, one in self._heard):
                raise SiloFailedError(f"{self._name(one)} failed: {why}")

    def _name(self, connection: Connection) -> str:
        """Return what messages call what a worker has at hand."""
        first, *others = (job.name for job in self._at[connection].values())
        return f"{first}, or one of {len(others)} done with it" if others else first

    def _receive(self, connection: Connection) -> Event:
        jobs = self._at[connection]
        try:
            said: Said = connection.recv()
            self._heard.add(connection)
        except (EOFError, ConnectionResetError):
            worker = self._processes[connection]
            worker.join()
            raise SiloFailedError(
                f"{self._name(connection)}: its process died (exit code {worker.exitcode}); "
                "out of memory?"
            ) from None
        if isinstance(said.content, Failure):
            name = self._name(connection) if said.position is None else jobs[said.position].name
            raise _as_error(name, said.content)
        assert said.position is not None
        job = jobs[said.position]
        if said.done:
            del jobs[said.position]
            if not jobs:
                del self._at[connection]
        return Event(job=job, content=said.content, done=said.done)


def _as_error(name: str, failure: Failure) -> FedcompareError:
    if failure.error is not None:
        return failure.error
    last = failure.trace.strip().splitlines()[-1]
    return SiloFailedError(f"{name} failed: {last}", details=failure.trace)


def _run(
    connection: Connection,
    lifeline: Connection,
    inherited: tuple[Connection, ...],
    work: Work,
    patient: bool,
) -> None:
    for end in inherited:  # or the parent's death would go unnoticed
        end.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which stops us
    mailbox = Mailbox(connection, lifeline)
    if not patient:
        mailbox.when_stopped(lambda: os._exit(1))
    work(mailbox)
