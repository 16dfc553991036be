"""Waits for the end of the process that started it, then ends what that process left behind.

Run as a script, by path and without this package: `python guard.py GROUP FOLDER`. Its
standard input is a pipe that only the guarded process holds, so it closes however that
process ends; then every process of its group is killed and its folder is removed.
"""

import os
import shutil
import signal
import sys
import time
from contextlib import suppress

_TRIES = 50


def main() -> None:
    """Wait, and clean up."""
    group, folder = int(sys.argv[1]), sys.argv[2]
    sys.stdin.buffer.read()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    for _ in range(_TRIES):  # what is being killed can still make files
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.exists(folder):
            return
        time.sleep(0.1)


if __name__ == "__main__":
    main()
