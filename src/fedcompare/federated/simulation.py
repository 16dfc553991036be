"""Federated training in one process tree: Flower's simulation on Ray."""

import tempfile
import threading
from collections.abc import Callable
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
from fedcompare.federated.history import History, Observer
from fedcompare.federated.server_app import build_server_app, run_federated
from fedcompare.workers import plan_workers, resolve_cpus

Ready = Callable[[], None]
_OBJECT_STORE_BYTES = 80 * 1024 * 1024  # Ray's minimum; messages hold one small model each


def simulate(
    config: ExperimentConfig,
    *,
    observer: Observer | None = None,
    client_app: ClientApp = default_client_app,
    verbose: bool = False,
) -> History:
    """Run one federated experiment with one simulated client per silo.

    Raises:
        DataError, HubError, PartitionError: the data are wrong; nothing was started then.
        SiloFailedError: a silo failed, died, or stayed silent.
        ResourceError: more CPUs are asked for than there are.
    """
    check_data(config)
    histories: list[History] = []

    def run(grid: Grid, wait_until_ready: Ready) -> None:
        history = run_federated(grid, config, observer, wait_until_ready=wait_until_ready)
        histories.append(history)

    with_simulated_grid(config, run, client_app=client_app, verbose=verbose)
    if not histories:
        # Flower returns normally when the server thread is ended by SystemExit, for one.
        raise SiloFailedError("the simulation ended without a result; see the log")
    return histories[0]


def with_simulated_grid(
    config: ExperimentConfig,
    run: Callable[[Grid, Ready], None],
    *,
    client_app: ClientApp = default_client_app,
    aborted: threading.Event | None = None,
    verbose: bool = False,
) -> None:
    """Start Ray, call `run(grid, wait_until_ready)` in Flower's server thread, and end Ray.

    Any number of experiments can be run on the grid meanwhile, as long as they have the
    silos and the resources of `config`. `client_app` must be built in an importable module:
    clients import it by name. When `aborted` is set, the grid's next call fails.

    Raises:
        Exception: what `run` raised.
        ResourceError: more CPUs are asked for than there are.
    """
    num_silos = config.partition.num_silos
    workers = plan_workers(num_silos, resolve_cpus(config.resources.num_cpus))
    stop = aborted or threading.Event()

    def main(grid: Grid, context: Context) -> None:
        _fail_when(stop, grid)
        run(grid, lambda: _wait_for_ray(stop))

    with tempfile.TemporaryDirectory(prefix="fc-ray-", ignore_cleanup_errors=True) as folder:
        try:
            run_simulation(
                build_server_app(main),
                client_app,
                num_silos,
                backend_config=backend_config(workers, config, folder, verbose=verbose),
            )
        except BaseException:
            stop.set()
            raise


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


def _fail_when(stop: threading.Event, grid: Grid) -> None:
    """Make the grid's calls fail once `stop` is set: Flower leaves its server thread running."""

    def checked(call: Callable[..., Any]) -> Callable[..., Any]:
        def checked_call(*args: object, **kwargs: object) -> object:
            if stop.is_set():
                raise SiloFailedError("the run was aborted")
            return call(*args, **kwargs)

        return checked_call

    grid.pull_messages = checked(grid.pull_messages)  # type: ignore[method-assign]
    grid.get_node_ids = checked(grid.get_node_ids)  # type: ignore[method-assign]
