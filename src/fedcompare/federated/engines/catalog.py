"""The engines that there are. Imports neither flwr nor ray: an engine is imported when opened."""

from collections.abc import Mapping
from pathlib import Path

from fedcompare.config.choices import check_choice
from fedcompare.config.groups import ExperimentConfig, ResourceConfig
from fedcompare.federated.engines.base import Engine, Serve
from fedcompare.federated.watch import Watch
from fedcompare.machine.crew import Check
from fedcompare.machine.mailbox import Mailbox

SIMULATION = "simulation"
IN_PROCESS = "in-process"


def find_engine(name: str) -> Engine:
    """Return the engine of this name.

    Raises:
        ConfigError: there is none; with the names of those that there are.
    """
    check_choice("engine", name, CATALOG)
    return CATALOG[name]


def check_engine(config: ResourceConfig) -> None:
    """Raise if an engine is asked for that there is not.

    Raises:
        ConfigError: as `find_engine`.
    """
    if config.engine:
        find_engine(config.engine)


def _open_simulation(
    config: ExperimentConfig, serve: Serve, *, mailbox: Mailbox, log: Path, verbose: bool
) -> None:
    from fedcompare.federated.engines.simulation import open_simulation

    open_simulation(config, serve, mailbox=mailbox, log=log, verbose=verbose)


def _open_in_process(
    config: ExperimentConfig, serve: Serve, *, mailbox: Mailbox, log: Path, verbose: bool
) -> None:
    from fedcompare.federated.engines.in_process import open_in_process

    open_in_process(config, serve, mailbox=mailbox, log=log, verbose=verbose)


def _watch_ray(config: ExperimentConfig) -> Check:
    return Watch(start_limit=config.resources.connect_timeout)


def _watch_nothing(config: ExperimentConfig) -> Check:
    """The worker looks after its own clients, and whoever hired it after the worker."""
    return lambda pid, has_spoken: None


CATALOG: Mapping[str, Engine] = {
    engine.name: engine
    for engine in (
        Engine(name=SIMULATION, open=_open_simulation, takes_turns=False, watch=_watch_ray),
        Engine(name=IN_PROCESS, open=_open_in_process, takes_turns=True, watch=_watch_nothing),
    )
}
