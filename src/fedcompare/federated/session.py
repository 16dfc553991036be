"""One engine for many federated experiments: a worker that runs them one after another."""

import functools
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fedcompare.config.groups import ExperimentConfig
from fedcompare.federated.engines.base import Ready
from fedcompare.federated.engines.catalog import SIMULATION, find_engine
from fedcompare.federated.quiet import disable_telemetry
from fedcompare.machine.crew import Crew
from fedcompare.machine.mailbox import Mailbox, Tell
from fedcompare.regimes.models import federation_name
from fedcompare.regimes.trained import Trained

if TYPE_CHECKING:
    from flwr.serverapp import Grid

SESSION = "federation"


@dataclass(frozen=True, slots=True, kw_only=True)
class FederatedJob:
    """Train a federation, or the coalition of those of its silos that are `members`.

    `names` are what the data call all silos, if anything.
    """

    config: ExperimentConfig
    members: tuple[int, ...]
    names: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return what messages call it."""
        own = self.config
        return federation_name(self.members, own.partition.num_silos, own.repeat, self.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class _StartJob:
    """Start Ray, and nothing more."""

    name: str = "the start of Ray"


def try_ray() -> None:
    """Start Ray as a session does, and end it.

    Raises:
        FedcompareError: it does not start, or there is no place for its files.
    """
    config, crew = ExperimentConfig(), Crew()
    with tempfile.TemporaryDirectory() as folder:
        try:
            log = Path(folder, "ray.log")
            hire_session(crew, config, engine=SIMULATION, log=log, verbose=False)
            crew.submit(SESSION, [_StartJob()])
            for _ in crew.events():
                pass
        finally:
            crew.stop()


def hire_session(
    crew: Crew, config: ExperimentConfig, *, engine: str, log: Path, verbose: bool
) -> None:
    """Open the bench `SESSION` for `FederatedJob`s, on an engine that `config` gives its resources.

    Raises:
        ConfigError: there is no such engine.
    """
    work = functools.partial(_serve_session, engine, config, log, verbose)
    crew.hire(SESSION, work, 1, patient=True, check=find_engine(engine).watch(config))


def _serve_session(
    engine: str, config: ExperimentConfig, log: Path, verbose: bool, mailbox: Mailbox
) -> None:
    """Open the engine once, and run every `FederatedJob` that arrives.

    Every row of theirs is told.
    """
    disable_telemetry()

    def serve(grid: "Grid", wait_until_ready: Ready) -> None:
        mailbox.serve(lambda job, tell: _run_job(grid, wait_until_ready, job, tell))

    try:
        find_engine(engine).open(config, serve, mailbox=mailbox, log=log, verbose=verbose)
    except Exception as error:
        mailbox.refuse(error)


def _run_job(
    grid: "Grid", wait_until_ready: Ready, job: FederatedJob | _StartJob, tell: Tell
) -> Trained | None:
    from fedcompare.federated.server import run_federated

    def until_ready() -> None:
        wait_until_ready()
        tell("the engine runs")

    if isinstance(job, _StartJob):
        until_ready()
        return None

    return run_federated(
        grid,
        job.config,
        tell,
        members=job.members,
        names=job.names,
        wait_until_ready=until_ready,
    )
