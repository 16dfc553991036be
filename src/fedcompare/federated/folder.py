"""A short, private folder for Ray: the system limits the length of its sockets' names."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from fedcompare.errors import StorageError
from fedcompare.machine.locking import Lock, lock

LONGEST_SOCKET = 107 if sys.platform == "linux" else 103  # bytes of an AF_UNIX address
_PREFIX = "fc-ray-"
_ALIVE = "alive"
_RAY = "r"  # Ray opens its own folder to everybody; the one around it is closed
_SOCKET = f"{_RAY}/session_2026-12-31_23-59-59_999999_4194304/sockets/plasma_store"
LONGEST_PLACE = LONGEST_SOCKET - len(f"/{_PREFIX}12345678/{_SOCKET}")


def private_folder() -> tuple[Path, Lock]:
    """Return a new folder for Ray that only this user can read, and what keeps it from removal.

    What dead processes left of such folders is removed. The folder is in the first of
    `places()`, which is the temporary folder where its name is not too long.

    Raises:
        StorageError: no such place can be written.
    """
    for place in places():
        with suppress(OSError):
            _remove_dead(place)
            return _make(place)
    raise StorageError(
        "no folder for Ray's sockets: set TMPDIR to a folder that can be written and whose name "
        f"has at most {LONGEST_PLACE} bytes"
    )


def ray_folder(private: Path) -> Path:
    """Return the folder in a private one that is Ray's own."""
    return private / _RAY


def places() -> list[Path]:
    """Return the folders to try, in order: the temporary one, and others with short names."""
    found = [tempfile.gettempdir(), os.environ.get("XDG_RUNTIME_DIR", ""), "/tmp", "/var/tmp"]
    return [Path(place) for place in dict.fromkeys(found) if place and is_short(place)]


def is_short(place: str) -> bool:
    """Return whether Ray's sockets below `place` have names that are short enough."""
    return len(os.fsencode(place)) <= LONGEST_PLACE


def _make(place: Path) -> tuple[Path, Lock]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        with suppress(FileNotFoundError):  # another process took it for a dead one's
            if held := lock(folder / _ALIVE):
                return folder, held


def _remove_dead(place: Path) -> None:
    for folder in _ours(place):
        with suppress(OSError):
            if (dead := lock(folder / _ALIVE)) is not None:
                shutil.rmtree(folder, ignore_errors=True)
                dead.release()


def _ours(place: Path) -> Iterator[Path]:
    for folder in place.glob(f"{_PREFIX}*"):
        with suppress(OSError):
            status = folder.lstat()
            if status.st_uid == os.getuid() and (folder / _ALIVE).exists():
                yield folder
