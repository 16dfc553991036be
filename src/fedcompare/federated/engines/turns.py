"""Functions that take turns: each in a thread of its own, of which only one runs at a time.

So what they share, as the global generators of random numbers, is never in two hands.
"""

import threading
from collections.abc import Callable


class Turn:
    """A call in a thread, which runs while `go_on` waits, until it waits itself or is over."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work
        self._mine, self._theirs = threading.Semaphore(0), threading.Semaphore(0)
        self._thread: threading.Thread | None = None
        self._error: BaseException | None = None
        self.is_over = False

    def go_on(self) -> None:
        """Let it run until it waits or is over; raises what it raises."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        else:
            self._mine.release()
        self._theirs.acquire()
        if self._error is not None:
            raise self._error

    def wait(self) -> None:
        """Let others run, until the next `go_on`; to be called from within."""
        self._theirs.release()
        self._mine.acquire()

    def _run(self) -> None:
        try:
            self._work()
        except BaseException as error:  # raised where it is waited for
            self._error = error
        self.is_over = True
        self._theirs.release()
