"""Notices when a process that Ray needs is gone or stopped: Ray itself may wait for it for ever."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from fedcompare.errors import SiloFailedError
from fedcompare.processes import Persistence, Process, processes

_SERVERS = {"gcs_server": "Ray's directory", "raylet": "Ray's scheduler"}
_CLIENT = "ray::ClientAppActor"[:15]
_TICK = 0.5  # seconds between two looks
PATIENCE = 10.0  # seconds for a client's failure to arrive with its silo's name, and for a pause


class Watch:
    """Looks at the processes of one group; `is_ready` says whether Ray has started."""

    def __init__(self, is_ready: Callable[[], bool]) -> None:
        self._is_ready = is_ready
        self._needed: dict[int, Process] = {}
        self._gone: Persistence[int] = Persistence(round(PATIENCE / _TICK))
        self._stopped: Persistence[int] = Persistence(round(PATIENCE / _TICK))

    def look(self, present: Mapping[int, Process]) -> str | None:
        """Return what has been lost, in the words of a message.

        Servers are missed at once, and so are clients that end while Ray starts. A client at
        work is missed only after some time: its silo's name arrives before that as a rule.
        """
        seen = {**self._needed, **present}
        scheduler = {pid for pid, process in seen.items() if process.name == "raylet"}
        is_starting = not self._is_ready()
        self._needed = {
            pid: process
            for pid, process in seen.items()
            if process.name in _SERVERS
            or process.name.startswith(_CLIENT)
            or (is_starting and process.parent in scheduler)
        }
        gone = [pid for pid in self._needed if pid not in present]
        late = self._gone.look(gone)
        for pid in gone:
            if is_starting or pid in late or self._needed[pid].name in _SERVERS:
                return f"{_describe(self._needed[pid])} has ended"
        stopped = [pid for pid, process in present.items() if process.is_stopped]
        for pid in self._stopped.look(pid for pid in stopped if pid in self._needed):
            return f"{_describe(self._needed[pid])} has been stopped for {PATIENCE:g} s"
        return None


@contextmanager
def watching(
    group: int, is_ready: Callable[[], bool], on_lost: Callable[[SiloFailedError], None]
) -> Iterator[None]:
    """Look at a process group while the block runs; call `on_lost` once if something is lost."""
    done = threading.Event()
    watch = Watch(is_ready)

    def look_again_and_again() -> None:
        while not done.wait(_TICK):
            if lost := watch.look(processes(group)):
                on_lost(SiloFailedError(f"{lost}; out of memory, or ended by hand?"))
                return

    threading.Thread(target=look_again_and_again, daemon=True).start()
    try:
        yield
    finally:
        done.set()


def _describe(process: Process) -> str:
    name = _SERVERS.get(process.name, "a silo's client")
    return f"{name} (process {process.pid}, {process.name})"
