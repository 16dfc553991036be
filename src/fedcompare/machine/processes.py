"""The processes of this machine: which are there, and which have been stopped."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

_PROC = Path("/proc")
_COLUMNS = ("-o", "pid=,ppid=,pgid=,stat=,comm=")
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A living process; Linux cuts its `name` after 15 letters."""

    pid: int
    parent: int
    group: int
    name: str
    is_stopped: bool


def processes(group: int | None = None) -> dict[int, Process]:
    """Return the living processes by pid, all that can be seen or those of one process group."""
    found = _from_proc() if sys.platform == "linux" else _from_ps()
    return {process.pid: process for process in found if group in (None, process.group)}


def stopped(pids: Iterable[int]) -> set[int]:
    """Return those of these processes that were stopped, as by SIGSTOP, and live on."""
    if sys.platform == "linux":
        found = [_read_stat(str(pid)) for pid in pids]
    else:
        there = processes()
        found = [there.get(pid) for pid in pids]
    return {process.pid for process in found if process and process.is_stopped}


class Persistence(Generic[Key]):
    """Tells what stays wrong from what is wrong for a moment.

    It counts looks, not seconds: one who was suspended himself has looked at nothing.
    """

    def __init__(self, looks: int) -> None:
        self._looks = looks
        self._seen: Counter[Key] = Counter()

    def look(self, wrong: Iterable[Key]) -> list[Key]:
        """Return what has been wrong at this look and as many before it as it takes."""
        self._seen = Counter({key: self._seen[key] + 1 for key in wrong})
        return [key for key, looks in self._seen.items() if looks >= self._looks]


def _from_proc() -> Iterator[Process]:
    for name in os.listdir(_PROC):
        if name.isdigit() and (process := _read_stat(name)):
            yield process


def _read_stat(pid: str) -> Process | None:
    """Return the process, or None if it has ended, is a zombie, or is not ours to see."""
    try:
        before, _, after = (_PROC / pid / "stat").read_text(errors="replace").rpartition(")")
    except OSError:
        return None
    state, parent, group, *_ = after.split()
    name = before.partition("(")[2]
    return _process(pid, parent, group, state, name)


def _from_ps() -> Iterator[Process]:
    listing = subprocess.run(["ps", "-A", *_COLUMNS], capture_output=True, text=True, check=False)
    for line in listing.stdout.splitlines():
        if process := _process(*line.split(None, 4)):
            yield process


def _process(pid: str, parent: str, group: str, state: str, name: str) -> Process | None:
    if state[0] in "ZX":
        return None
    return Process(
        pid=int(pid),
        parent=int(parent),
        group=int(group),
        name=Path(name).name,
        is_stopped=state[0] == "T",
    )
