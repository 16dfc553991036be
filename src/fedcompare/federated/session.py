"""One engine for many federated experiments: a worker that runs them, some at the same time."""

import functools
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fedcompare.config.groups import ExperimentConfig
from fedcompare.errors import SiloFailedError
from fedcompare.federated.engines.base import Ready, Together, clock_of
from fedcompare.federated.engines.catalog import SIMULATION, find_engine
from fedcompare.federated.quiet import disable_telemetry
from fedcompare.machine.crew import Crew, Job, alone
from fedcompare.machine.mailbox import Failure, Mailbox, Tell, TellOf
from fedcompare.regimes.models import federation_name
from fedcompare.regimes.trained import Trained

if TYPE_CHECKING:
    from flwr.serverapp import Grid

SESSION = "federation"
_MOST = 32  # federations at the same time: each has a thread, and its results come at its end


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


_AnyJob = FederatedJob | _StartJob


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
    crew: Crew,
    config: ExperimentConfig,
    *,
    engine: str,
    log: Path,
    verbose: bool,
    small: bool = False,
) -> None:
    """Open the bench `SESSION` for `FederatedJob`s, on an engine that `config` gives its resources.

    Of `small` models, which train in stacks, it runs several at the same time where the engine can.

    Raises:
        ConfigError: there is no such engine.
    """
    found = find_engine(engine)
    together = is_federation if small and found.takes_turns else alone
    work = functools.partial(_serve_session, engine, config, log, verbose)
    crew.hire(
        SESSION,
        work,
        1,
        patient=True,
        check=found.watch(config),
        together=together,
        most=_MOST,
    )


def is_federation(job: Job) -> bool:
    """Return whether a job is a federation's."""
    return isinstance(job, FederatedJob)


def _serve_session(
    engine: str, config: ExperimentConfig, log: Path, verbose: bool, mailbox: Mailbox
) -> None:
    """Open the engine once, and run every `FederatedJob` that arrives.

    Every row of theirs is told.
    """
    disable_telemetry()

    def serve(together: Together, wait_until_ready: Ready) -> None:
        def run(jobs: Sequence[_AnyJob], tell: TellOf, done: TellOf) -> None:
            several = len(jobs) > 1
            together(
                [
                    functools.partial(
                        _run_job,
                        ready=wait_until_ready,
                        job=job,
                        tell=functools.partial(tell, position),
                        done=functools.partial(done, position),
                        several=several,
                    )
                    for position, job in enumerate(jobs)
                ]
            )

        mailbox.serve_together(run)

    try:
        find_engine(engine).open(config, serve, mailbox=mailbox, log=log, verbose=verbose)
    except Exception as error:
        mailbox.refuse(error)


def _run_job(
    grid: "Grid", *, ready: Ready, job: _AnyJob, tell: Tell, done: Tell, several: bool
) -> None:
    """Do a job; what fails, fails it alone, and of `several` it is named."""

    def until_ready() -> None:
        ready()
        tell("the engine runs")

    try:
        done(_outcome(grid, until_ready, job, tell))
    except SiloFailedError as error:
        if several:
            error = SiloFailedError(f"{job.name}: {error}", details=error.details)
        done(Failure.of(error))
    except Exception as error:
        done(Failure.of(error))


def _outcome(grid: "Grid", until_ready: Ready, job: _AnyJob, tell: Tell) -> Trained | None:
    if isinstance(job, _StartJob):
        until_ready()
        return None
    from fedcompare.federated.server import run_federated

    return run_federated(
        grid,
        job.config,
        tell,
        members=job.members,
        names=job.names,
        wait_until_ready=until_ready,
        clock=clock_of(grid),
    )
