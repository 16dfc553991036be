"""A worker's end of its connection to the process that hired it."""

import contextlib
import functools
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from fedcompare.errors import FedcompareError

Tell = Callable[[object], None]
TellOf = Callable[[int, object], None]
"""Says something of the job at a position among those that are done together."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed: an expected error as it is, and the traceback."""

    error: FedcompareError | None
    trace: str

    @classmethod
    def of(cls, error: BaseException) -> "Failure":
        """Return what is said of an error."""
        known = error if isinstance(error, FedcompareError) else None
        return cls(known, "".join(traceback.format_exception(error)))


@dataclass(frozen=True, slots=True)
class Said:
    """What a worker says: of the job at a position among those that it has, or of all (None)."""

    position: int | None
    done: bool
    content: Any


class Mailbox:
    """A worker's end: the jobs that arrive, and what is said of them."""

    def __init__(self, connection: Connection, lifeline: Connection) -> None:
        self._connection = connection
        self.lifeline = lifeline  # closes when the run is stopped, or the parent is gone

    @property
    def ends(self) -> tuple[Connection, Connection]:
        """Return what no child of this worker may keep open."""
        return self._connection, self.lifeline

    def when_stopped(self, act: Callable[[], None]) -> None:
        """Call `act` in a thread of its own when the run is stopped, or the parent is gone."""

        def watch() -> None:
            with contextlib.suppress(EOFError, OSError):
                self.lifeline.recv()
            act()

        threading.Thread(target=watch, daemon=True).start()

    def jobs(self) -> Iterator[Sequence[Any]]:
        """Yield the jobs that are handed over together, until the other end closes."""
        while True:
            try:
                yield self._connection.recv()
            except (EOFError, OSError):
                return

    def serve(self, handle: Callable[[Any, Tell], object]) -> None:
        """Answer every job with what `handle(job, tell)` returns, up to the first failure."""

        def handle_one_by_one(jobs: Sequence[Any], tell: TellOf, done: TellOf) -> None:
            for position, job in enumerate(jobs):
                done(position, handle(job, functools.partial(tell, position)))

        self.serve_together(handle_one_by_one)

    def serve_together(self, handle: Callable[[Sequence[Any], TellOf, TellOf], None]) -> None:
        """Answer jobs by `handle(jobs, tell, done)`, which calls `done` once for each.

        What is done may be a `Failure`, of one of them; what `handle` raises is the failure of all.
        """
        for jobs in self.jobs():
            try:
                handle(jobs, self._tell, self._done)
            except Exception as error:
                self.refuse(error)
                return

    def refuse(self, error: Exception) -> None:
        """Fail the jobs at hand, or the next ones, with `error`."""
        self._say(Said(None, True, Failure.of(error)))

    def _tell(self, position: int, content: object) -> None:
        self._say(Said(position, False, content))

    def _done(self, position: int, content: object) -> None:
        self._say(Said(position, True, content))

    def _say(self, said: Said) -> None:
        with contextlib.suppress(OSError):  # nobody listens any more: the run was stopped
            self._connection.send(said)
