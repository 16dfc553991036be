"""A worker's end of its connection to the process that hired it."""

import contextlib
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from fedcompare.errors import FedcompareError

Tell = Callable[[object], None]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a job failed: an expected error as it is, and the traceback."""

    error: FedcompareError | None
    trace: str


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

    def jobs(self) -> Iterator[Any]:
        """Yield jobs until the other end closes."""
        while True:
            try:
                yield self._connection.recv()
            except (EOFError, OSError):
                return

    def serve(self, handle: Callable[[Any, Tell], object]) -> None:
        """Answer every job with what `handle(job, tell)` returns, up to the first failure."""
        for job in self.jobs():
            try:
                self._say(True, handle(job, self._tell))
            except Exception as error:
                self.refuse(error)
                return

    def refuse(self, error: Exception) -> None:
        """Fail the job at hand, or the next one, with `error`."""
        known = error if isinstance(error, FedcompareError) else None
        trace = "".join(traceback.format_exception(error))
        self._say(True, Failure(known, trace))

    def _tell(self, content: object) -> None:
        self._say(False, content)

    def _say(self, done: bool, content: object) -> None:
        with contextlib.suppress(OSError):  # nobody listens any more: the run was stopped
            self._connection.send((done, content))
