"""Every failure a user can meet: one class a kind, one exit code a class."""

import errno
from enum import IntEnum
from pathlib import Path
from typing import ClassVar

_EXHAUSTED = (errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENFILE)
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


class ExitCode(IntEnum):
    """What the process returns to the shell."""

    OK = 0
    UNEXPECTED = 1
    USAGE = 2
    CONFIG = 3
    PARTITION = 4
    DATA = 5
    HUB = 6
    WEIGHTS = 7
    RESULTS = 8
    STORAGE = 9
    SILO = 10
    RESOURCES = 11
    VERIFICATION = 12
    DIVERGED = 13
    INTERRUPTED = 130


class FedcompareError(Exception):
    """Root of all expected failures; the message names the cause and the remedy."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNEXPECTED


class ConfigError(FedcompareError):
    """One or more configuration keys are wrong; `problems` holds a line for each."""

    exit_code = ExitCode.CONFIG

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(
            "\n".join([f"the configuration has {count}:", *(f"  {p}" for p in problems)])
        )


class ArgumentError(FedcompareError, ValueError):
    """An argument of a function is wrong; the message begins with its name."""

    exit_code = ExitCode.USAGE


class PartitionError(FedcompareError):
    """The data cannot be split as asked: an unknown class, or a silo left with no data."""

    exit_code = ExitCode.PARTITION


class DataError(FedcompareError):
    """A data file is missing, unreadable, truncated or altered."""

    exit_code = ExitCode.DATA


class HubError(FedcompareError):
    """The Hugging Face hub cannot be reached, or has no such dataset."""

    exit_code = ExitCode.HUB


class WeightsError(FedcompareError):
    """Stored weights or predictions are corrupt, or do not fit the model."""

    exit_code = ExitCode.WEIGHTS


class ResultsError(FedcompareError):
    """A result is missing, finished already, or belongs to another configuration."""

    exit_code = ExitCode.RESULTS


class StorageError(FedcompareError):
    """The results folder cannot be written: permissions, or a full disk."""

    exit_code = ExitCode.STORAGE

    @classmethod
    def from_os_error(cls, error: OSError, path: Path) -> "StorageError":
        """Return the error for a failed write below `path`."""
        where = error.filename or path
        reason = error.strerror or error
        return cls(
            f"cannot write {where}: {reason}. "
            "Free some space, make it writable, or choose another folder with --results."
        )


class SiloFailedError(FedcompareError):
    """A silo failed, died or did not answer, so no honest result exists."""

    exit_code = ExitCode.SILO

    def __init__(self, message: str, *, details: str = "") -> None:
        self.details = details
        super().__init__(message)


class DivergedError(FedcompareError):
    """A loss, a weight or a probability is NaN or infinite: there is no model to compare."""

    exit_code = ExitCode.DIVERGED


class ResourceError(FedcompareError):
    """More is asked for than this machine has: CPUs, memory, processes."""

    exit_code = ExitCode.RESOURCES


class VerificationError(FedcompareError):
    """Stored results are not what their data, weights and predictions give."""

    exit_code = ExitCode.VERIFICATION


def from_system(error: Exception) -> FedcompareError | None:
    """Return the expected failure that an error of Python's or the system's stands for, if any.

    It is for the few places where reading or writing is not prepared for it: files that are
    folders, names that are too long, folders that may not be entered, a machine that is full.
    """
    if isinstance(error, MemoryError) or getattr(error, "errno", None) in _EXHAUSTED:
        return ResourceError(
            f"this machine has no more memory, processes or files to give ({error}); lower "
            "hidden-units, batch-size or num-cpus, or end other programs"
        )
    if not isinstance(error, OSError) or not (error.filename or error.errno in _FULL):
        return None
    where = f"{error.filename}: " if error.filename else ""
    return StorageError(
        f"{where}{error.strerror}. Look at what is there, who may use it, and whether the disk is "
        "full; or choose another place"
    )
