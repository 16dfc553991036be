"""Waits for the end of the process that started it, then ends what that process left behind.

Run as a script, by path and without this package: `python guard.py GROUP FOLDER LIFELINE`.
Its standard input is a pipe that only the guarded process holds, so it closes however that
process ends; then every process of its group is killed and its folder is removed. The same
comes, a little later, when the guarded process's own parent has closed the LIFELINE: that
process may be stuck in foreign code.
"""

import os
import select
import shutil
import signal
import sys
import time
from contextlib import suppress

_GRACE = 3.0  # seconds to clean up by oneself once the lifeline is closed
_TRIES = 50


def main() -> None:
    """Wait, and clean up."""
    group, folder, lifeline = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    guarded = sys.stdin.fileno()
    closed, _, _ = select.select([guarded, lifeline], [], [])
    if guarded not in closed:
        select.select([guarded], [], [], _GRACE)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    for _ in range(_TRIES):  # what is being killed can still make files
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.exists(folder):
            return
        time.sleep(0.1)


if __name__ == "__main__":
    main()
