"""What is kept of failures: the log says all, the message where it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fedcompare.errors import SiloFailedError
from fedcompare.text.escaping import visible


@contextmanager
def logged(log: Path) -> Iterator[None]:
    """Write a silo's failure in the block, and its traceback, to the log, and say where.

    A log that cannot be written takes nothing from the failure itself.
    """
    try:
        yield
    except SiloFailedError as error:
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"{error}\n{error.details}\n")
        except OSError:
            raise error from None
        raise SiloFailedError(
            f"{error}\nlog: {visible(str(log))}", details=error.details
        ) from error
