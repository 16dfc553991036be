"""Who writes into an experiment's folder: one run a part, and one configuration at a time.

A run holds a locked file in the folder while it lives, which says what it makes. The
operating system frees the lock with the process, so no dead run is taken for a living one.
"""

import errno
import itertools
import json
import logging
import os
import secrets
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath

from fedcompare.config.groups import ExperimentConfig
from fedcompare.errors import ResultsError, StorageError
from fedcompare.machine.locking import Lock, lock
from fedcompare.machine.processes import processes
from fedcompare.runs.directory import COMPARISON, run_name
from fedcompare.runs.leftovers import remove_leftovers

_TRIES = 100
_DOOR = ".door"  # held for moments, by whoever looks around and comes in or leaves
_CLAIM = ".run-{}.json"
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a living run makes: `parts` are folders below the experiment's, and all below them."""

    host: str
    pid: int
    command: str
    parts: tuple[str, ...]
    settings: dict[str, str | int | float]

    def overlap(self, other: "Claim") -> list[str]:
        """Return what both make."""
        pairs = itertools.product(map(PurePath, self.parts), map(PurePath, other.parts))
        both = {a if a.is_relative_to(b) else b for a, b in pairs if _is_one_in_other(a, b)}
        return sorted(map(str, both))


def seed_part(config: ExperimentConfig, part: str = "") -> str:
    """Return the name of a part of one seed, or of all its parts, in a claim."""
    return str(PurePath(run_name(config), part))


def comparison_parts(config: ExperimentConfig) -> list[str]:
    """Return the names, in a claim, of what a comparison makes and reads."""
    return [*map(seed_part, config.by_seed()), COMPARISON]


@contextmanager
def claimed(
    config: ExperimentConfig, results: Path, command: str, parts: Sequence[str]
) -> Iterator[None]:
    """Keep other runs from making `parts` of this experiment while the block runs.

    Before and after it, what dead runs left half-written is removed. Where the file system
    knows no locks, this warns and protects nothing.

    Raises:
        ResultsError: a living run makes one of the parts, or has another configuration.
        StorageError: the folder cannot be written.
    """
    folder = results / config.name
    claim = Claim(
        host=socket.gethostname(),
        pid=os.getpid(),
        command=command,
        parts=tuple(parts),
        settings=config.to_flat(),
    )
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    with ExitStack() as stack:
        stack.callback(_remove_empty, made)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _come_in(
                folder,
                claim,
                compared={*config.counted(), *config.origin()} - {"seed"},
                until=stack,
            )
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise StorageError.from_os_error(error, folder) from error
            log.warning("%s cannot be locked (%s): start no two runs in it", folder, error.strerror)
        yield


def _come_in(folder: Path, claim: Claim, *, compared: set[str], until: ExitStack) -> None:
    """Write our claim, if no living one is against it, and clean up; leave when `until` ends."""
    _let_go(folder, claim.host)
    with _door(folder):
        living = _living(folder)
        for other in living:
            _check(folder, claim, other, compared)
        ours = _hold_claim(folder, claim)
        until.callback(_leave, folder, ours)
        remove_leftovers(folder, spared=[part for other in living for part in other.parts])


def _let_go(folder: Path, host: str) -> None:
    """Wait for the children of runs that were killed, which end within seconds."""
    for _ in range(_TRIES):
        with _door(folder):
            pids = {other.pid for other in _living(folder) if other.host == host}
        if pids <= processes().keys():
            return
        time.sleep(0.1)


def _leave(folder: Path, ours: Lock) -> None:
    with suppress(OSError), _door(folder):
        ours.release()
        living = _living(folder)
        remove_leftovers(folder, spared=[part for other in living for part in other.parts])


def _door(folder: Path) -> Lock:
    found = lock(folder / _DOOR, wait=True)
    assert found is not None
    return found


def _hold_claim(folder: Path, claim: Claim) -> Lock:
    held = lock(folder / _CLAIM.format(secrets.token_hex(4)), wait=True)
    assert held is not None
    try:
        held.path.write_text(json.dumps(asdict(claim)), encoding="utf-8")
    except OSError:
        held.release()
        raise
    return held


def _living(folder: Path) -> list[Claim]:
    """Return the claims of living runs, and remove those of dead ones."""
    found = []
    for path in sorted(folder.glob(_CLAIM.format("*"))):
        if (dead := lock(path)) is not None:
            dead.release()
        else:
            content = json.loads(path.read_text(encoding="utf-8"))
            found.append(Claim(**content | {"parts": tuple(content["parts"])}))
    return found


def _check(folder: Path, ours: Claim, other: Claim, compared: set[str]) -> None:
    overlap = ours.overlap(other)
    differences = [
        f"{key} = {other.settings.get(key)!r}, here {value!r}"
        for key, value in ours.settings.items()
        if (overlap or key in compared) and other.settings.get(key) != value
    ]
    if not overlap and not differences:
        return
    facts = [f"makes {', '.join(overlap)}"] if overlap else []
    facts += [f"has another configuration ({'; '.join(differences)})"] if differences else []
    raise ResultsError(
        f"{folder} is in use: process {other.pid} on {other.host} "
        f"(fedcompare {other.command}) {' and '.join(facts)}. "
        "Wait until it has ended, or choose another --results or name."
    )


def _is_one_in_other(a: PurePath, b: PurePath) -> bool:
    return a.is_relative_to(b) or b.is_relative_to(a)


def _remove_empty(folders: list[Path]) -> None:
    """Remove the folders that were made for nothing, the innermost first."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
