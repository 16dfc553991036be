"""Files that say "I am alive": locked by their owner, and free the moment it is gone."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Lock:
    """A file that this process has locked; forked children hold it too, until they end."""

    path: Path
    descriptor: int

    def __enter__(self) -> "Lock":
        return self

    def __exit__(self, *exception: object) -> None:
        self.release()

    def release(self) -> None:
        """Remove the file, then let it go: whoever opened it meanwhile sees that it is gone."""
        self.path.unlink(missing_ok=True)
        os.close(self.descriptor)


def lock(path: Path, *, wait: bool = False) -> Lock | None:
    """Return the lock on `path`, which is made if missing, or None while another holds it.

    The lock lies on the open file, not on its name or on a process id: the operating system
    frees it with its last owner, however that ended. With `wait`, one waits for it.

    Raises:
        OSError: the file cannot be opened, or its file system knows no locks.
    """
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            if _is_at(descriptor, path):
                return Lock(path, descriptor)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # its owner removed it between our two calls


def _is_at(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False
