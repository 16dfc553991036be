"""Notices when a process that Ray needs is gone or stopped: Ray itself may wait for it for ever.

This looks from outside. Inside the process that holds Ray, no Python runs while Ray's own
code waits there.
"""

from collections.abc import Mapping

from fedcompare.machine.processes import Persistence, Process, processes

_SERVERS = {"gcs_server": "Ray's directory", "raylet": "Ray's scheduler"}
_CLIENT = "ray::ClientAppActor"[:15]
_PATIENCE = 10.0  # seconds for a client's failure to arrive with its silo's name, and for a pause


class Watch:
    """Looks at Ray's process group, whose head is a worker of a crew."""

    def __init__(self, *, start_limit: float, tick: float = 1.0) -> None:
        """Expect the worker to speak within `start_limit` s; a look comes about every `tick` s."""
        self._start_limit = start_limit
        self._needed: dict[int, Process] = {}
        self._silent: Persistence[int] = Persistence(round(start_limit / tick))
        self._gone: Persistence[int] = Persistence(round(_PATIENCE / tick))
        self._stopped: Persistence[int] = Persistence(round(_PATIENCE / tick))

    def __call__(self, head: int, has_spoken: bool) -> str | None:
        """Look at the group now; see `look`."""
        if self._silent.look([] if has_spoken else [head]):
            return f"Ray did not start within {self._start_limit:g} s; raise connect-timeout"
        present = processes(head)
        return self.look(present) if head in present else None  # its own end is met elsewhere

    def look(self, present: Mapping[int, Process]) -> str | None:
        """Return what has been lost, in the words of a message.

        Servers are missed at once, but a client only after some time: the failure of its
        silo arrives before that, as a rule.
        """
        seen = {**self._needed, **present}
        self._needed = {pid: process for pid, process in seen.items() if _is_needed(process)}
        gone = [pid for pid in self._needed if pid not in present]
        late = self._gone.look(gone)
        for pid in gone:
            if pid in late or self._needed[pid].name in _SERVERS:
                return f"{_describe(self._needed[pid])} has ended; out of memory?"
        stopped = [pid for pid in self._needed if pid in present and present[pid].is_stopped]
        for pid in self._stopped.look(stopped):
            return f"{_describe(self._needed[pid])} has been stopped for {_PATIENCE:g} s"
        return None


def _is_needed(process: Process) -> bool:
    return process.name in _SERVERS or process.name.startswith(_CLIENT)


def _describe(process: Process) -> str:
    name = _SERVERS.get(process.name, "a silo's client")
    return f"{name} (process {process.pid}, {process.name})"
