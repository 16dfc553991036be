"""A group of processes for Ray, closed to strangers, that ends with the process at its head."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from fedcompare.federated import guard
from fedcompare.federated.folder import private_folder, ray_folder
from fedcompare.machine.mailbox import Mailbox
from fedcompare.machine.processes import processes

_TRIES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """Ray's process group: its private folder, and its guard, who waits for our end of a pipe."""

    private: Path
    guard: "subprocess.Popen[bytes]"

    @property
    def folder(self) -> Path:
        """Return Ray's own folder."""
        return ray_folder(self.private)

    def leave(self) -> NoReturn:
        """End the other processes of the group, remove the folder, and leave this process."""
        for _ in range(_TRIES):
            others = processes(os.getpgrp()).keys() - {os.getpid()}
            if not others:
                break
            for pid in others:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
        shutil.rmtree(self.private, ignore_errors=True)
        # Threads of Flower's can wait for Ray for good.
        os._exit(0)


@contextmanager
def enclosed(mailbox: Mailbox) -> Iterator[Enclosure]:
    """Make this worker the head of a process group for Ray; at the end, leave the process.

    Ray must not have been imported before. Only who knows the group's secret, which lies in
    the environment of Ray's processes and nowhere else, can use Ray, and only from this
    machine. However this process ends, and also when the run is stopped or its parent is
    gone, the group ends and its folder is removed.

    What the block raises is told to the mailbox. This does not return.
    """
    try:
        enclosure = _set_up(mailbox)
    except Exception as error:
        mailbox.refuse(error)
        os._exit(0)
    mailbox.when_stopped(enclosure.leave)
    try:
        yield enclosure
    except Exception as error:
        mailbox.refuse(error)
    finally:
        enclosure.leave()


def _set_up(mailbox: Mailbox) -> Enclosure:
    if "ray" in sys.modules:
        raise RuntimeError("ray was imported too early: its settings are not in force")
    os.setsid()
    private, _ = private_folder()
    lifeline = mailbox.lifeline.fileno()
    arguments = [guard.__file__, str(os.getpgrp()), str(private), str(lifeline)]
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", *arguments],
        pass_fds=[lifeline],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    os.environ.update(_closed_to_strangers())
    return Enclosure(private=private, guard=process)


def _closed_to_strangers() -> dict[str, str]:
    """Return settings of Ray's: a secret that each call must carry, and no outward address."""
    return {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # on Linux too: listen on 127.0.0.1 alone
    }
