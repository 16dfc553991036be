"""Where Flower's and Ray's chatter goes. Imports neither: it must run before they are imported."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STANDARD_ERROR = 2
_ENVIRONMENT = {
    "FLWR_TELEMETRY_ENABLED": "0",
    "FLWR_DISABLE_UPDATE_CHECK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
    "RAY_prestart_worker_first_driver": "0",  # Ray waits for these for ever if one is killed
    "RAY_worker_niceness": "0",  # 15 otherwise: our own workers would leave clients no time
}


def disable_telemetry() -> None:
    """Turn Flower's and Ray's telemetry off; both read the environment when imported.

    Also lets Ray's processes run at this process's priority.
    """
    os.environ.update(_ENVIRONMENT)


@contextmanager
def chatter_to(log_file: Path, *, verbose: bool) -> Iterator[None]:
    """Send what Flower and Ray log inside the block to `log_file`, and with `verbose` to stderr.

    Without `verbose`, standard error itself goes there too: Ray's libraries write to it.
    """
    handlers: list[logging.Handler] = [logging.FileHandler(log_file, encoding="utf-8")]
    if verbose:
        handlers.append(logging.StreamHandler())
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    loggers = [logging.getLogger(name) for name in ("flwr", "ray")]
    before = [(logger, logger.handlers[:], logger.propagate, logger.level) for logger in loggers]
    for logger in loggers:
        logger.handlers, logger.propagate = handlers[:], False
        logger.setLevel(logging.INFO)
    terminal = os.dup(_STANDARD_ERROR)
    if not verbose:
        with log_file.open("ab") as file:
            os.dup2(file.fileno(), _STANDARD_ERROR)
    try:
        yield
    finally:
        os.dup2(terminal, _STANDARD_ERROR)
        os.close(terminal)
        for logger, old, propagate, level in before:
            logger.handlers, logger.propagate = old, propagate
            logger.setLevel(level)
        for handler in handlers:
            handler.close()
