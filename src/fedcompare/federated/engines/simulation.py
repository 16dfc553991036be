"""Flower's simulation on Ray, in an enclosure."""

import math
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flwr.app import Context
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid
from flwr.simulation import run_simulation

from fedcompare.config.groups import ExperimentConfig
from fedcompare.errors import FedcompareError, SiloFailedError
from fedcompare.federated.client_app import app as default_client_app
from fedcompare.federated.enclosure import enclosed
from fedcompare.federated.engines.base import Serve, Work
from fedcompare.federated.quiet import chatter_to
from fedcompare.federated.server import build_server_app
from fedcompare.machine.cpus import plan_workers, resolve_cpus
from fedcompare.machine.mailbox import Mailbox
from fedcompare.regimes.devices import CUDA

_GPU_SHARES = 10_000  # the parts of a GPU that Ray knows
_OBJECT_STORE_BYTES = 80 * 1024 * 1024  # Ray's minimum; messages hold one small model each


def open_simulation(
    config: ExperimentConfig, serve: Serve, *, mailbox: Mailbox, log: Path, verbose: bool
) -> None:
    """Open the engine; see `base.Open`. This leaves the process."""
    with enclosed(mailbox) as enclosure:
        with chatter_to(log, verbose=verbose):
            with_simulated_grid(config, serve, folder=enclosure.folder, verbose=verbose)
        mailbox.refuse(SiloFailedError("the simulation ended without a result; see the log"))


def with_simulated_grid(
    config: ExperimentConfig,
    run: Serve,
    *,
    folder: Path,
    client_app: ClientApp = default_client_app,
    verbose: bool = False,
) -> None:
    """Start Ray, call `run(together, wait_until_ready)` in Flower's server thread, and end Ray.

    Any number of experiments can be run on the grid meanwhile, as long as they have the
    silos and the resources of `config`. `client_app` must be built in an importable module:
    clients import it by name. `folder` is for Ray's files; its name is short.

    Raises:
        ResourceError: more CPUs are asked for than there are.
        SiloFailedError: Ray or Flower broke down.
    """
    num_silos = config.partition.num_silos
    workers = plan_workers(num_silos, resolve_cpus(config.resources.num_cpus))
    _import_ray()

    def main(grid: Grid, context: Context) -> None:
        def one_after_another(works: Sequence[Work]) -> None:
            for work in works:
                work(grid)

        run(one_after_another, _wait_for_ray)

    try:
        run_simulation(
            build_server_app(main),
            client_app,
            num_silos,
            backend_config=backend_config(workers, config, folder, verbose=verbose),
        )
    except FedcompareError:
        raise
    except Exception as error:
        raise SiloFailedError(f"the simulation on Ray broke down: {_root(error)}") from error


def backend_config(
    workers: int, config: ExperimentConfig, folder: Path, *, verbose: bool
) -> dict[str, Any]:
    """Return Ray's settings: `workers` clients at a time, each with the configured threads.

    Ray's CPUs are only a count to share out, and it starts one client process per
    `num_cpus` of them; with more workers than CPUs the operating system shares.
    """
    threads = config.train.threads_per_silo
    gpus = int(config.train.device == CUDA)  # Ray hides it from clients that ask for none of it
    share = math.floor(_GPU_SHARES * gpus / workers) / _GPU_SHARES
    return {
        "client_resources": {"num_cpus": threads, "num_gpus": share},
        "init_args": {
            "address": "local",  # a Ray of our own, whatever RAY_ADDRESS says
            "num_cpus": workers * threads,
            "num_gpus": gpus,
            "include_dashboard": False,
            "log_to_driver": verbose,
            "logging_level": "INFO" if verbose else "ERROR",
            "object_store_memory": _OBJECT_STORE_BYTES,
            "_temp_dir": str(folder),
        },
    }


def _import_ray() -> None:
    """Import Ray, and take out of the environment what it then puts there.

    Each of its processes puts it there again. One whose environment began with it would keep
    the name "python": Ray names a process by way of the first variable, as long as that is
    where the process found it. We know clients by their names.
    """
    import ray  # noqa: F401  # it reads the enclosure's settings when it is imported

    os.environ.pop("RAY_CLIENT_MODE", None)


def _wait_for_ray() -> None:
    """Block until Ray runs: it forks while it starts, which can deadlock beside busy threads."""
    import ray  # it reads the enclosure's settings when it is imported

    while not ray.is_initialized():
        time.sleep(0.02)


def _root(error: BaseException) -> str:
    """Return what an error came from in the end."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return f"{type(error).__name__}: {error}"
