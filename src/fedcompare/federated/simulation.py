"""Federated training in one process tree: Flower's simulation on Ray."""

import tempfile
import threading
from typing import Any

import ray
from flwr.app import Context
from flwr.clientapp import ClientApp
from flwr.serverapp import Grid
from flwr.simulation import run_simulation

from fedcompare.config import ExperimentConfig
from fedcompare.data.silos import check_data
from fedcompare.errors import SiloFailedError
from fedcompare.federated.client_app import app as default_client_app
from fedcompare.federated.server_app import History, Observer, build_server_app, run_federated
from fedcompare.workers import plan_workers, resolve_cpus

_OBJECT_STORE_BYTES = 80 * 1024 * 1024  # Ray's minimum; messages hold one small model each


def simulate(
    config: ExperimentConfig,
    *,
    observer: Observer | None = None,
    client_app: ClientApp = default_client_app,
    verbose: bool = False,
) -> History:
    """Run one federated experiment with one simulated client per silo.

    `client_app` must be built in an importable module: clients import it by name.

    Raises:
        DataError, HubError, PartitionError: the data are wrong; nothing was started then.
        SiloFailedError: a silo failed, died, or stayed silent.
        ResourceError: more CPUs are asked for than there are.
    """
    check_data(config)
    num_silos = config.partition.num_silos
    workers = plan_workers(num_silos, resolve_cpus(config.resources.num_cpus))
    grids: list[Grid] = []
    aborted = threading.Event()
    histories: list[History] = []

    def run(grid: Grid, context: Context) -> None:
        grids.append(grid)
        histories.append(
            run_federated(grid, config, observer, wait_until_ready=lambda: _wait_for_ray(aborted))
        )

    with tempfile.TemporaryDirectory(prefix="fc-ray-", ignore_cleanup_errors=True) as folder:
        try:
            run_simulation(
                build_server_app(run),
                client_app,
                num_silos,
                backend_config=backend_config(workers, config, folder, verbose=verbose),
            )
        except BaseException:
            aborted.set()
            for grid in grids:
                _unblock(grid)
            raise
    if not histories:
        # Flower returns normally when the server thread is ended by SystemExit, for one.
        raise SiloFailedError("the simulation ended without a result; see the log")
    return histories[0]


def backend_config(
    workers: int, config: ExperimentConfig, folder: str, *, verbose: bool
) -> dict[str, Any]:
    """Return Ray's settings: `workers` clients at a time, each with the configured threads.

    Ray's CPUs are only a count to share out, and it starts one client process per
    `num_cpus` of them; with more workers than CPUs the operating system shares.
    """
    threads = config.train.threads_per_silo
    return {
        "client_resources": {"num_cpus": threads, "num_gpus": 0.0},
        "init_args": {
            "num_cpus": workers * threads,
            "num_gpus": 0,
            "include_dashboard": False,
            "log_to_driver": verbose,
            "logging_level": "INFO" if verbose else "ERROR",
            "object_store_memory": _OBJECT_STORE_BYTES,
            "_temp_dir": folder,
        },
    }


def _wait_for_ray(aborted: threading.Event) -> None:
    """Block until Ray runs: it forks while it starts, which can deadlock beside busy threads."""
    while not ray.is_initialized() and not aborted.wait(0.02):
        pass


def _unblock(grid: Grid) -> None:
    """Make the server thread, which Flower leaves running, fail at its next call."""

    def aborted(*args: object, **kwargs: object) -> None:
        raise SiloFailedError("the run was aborted")

    grid.pull_messages = aborted  # type: ignore[method-assign, assignment]
    grid.get_node_ids = aborted  # type: ignore[method-assign, assignment]
