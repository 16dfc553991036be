"""One Ray session for many federated experiments: a worker that takes them one after another."""

import functools
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fedcompare.config.groups import ExperimentConfig
from fedcompare.errors import SiloFailedError
from fedcompare.federated.enclosure import enclosed
from fedcompare.federated.history import History, Observer, federation_name
from fedcompare.federated.quiet import chatter_to, disable_telemetry
from fedcompare.federated.watch import Watch
from fedcompare.machine.crew import Crew, Job
from fedcompare.machine.mailbox import Mailbox, Tell
from fedcompare.regimes.records import Phase, RoundRecord, ServerRecord

if TYPE_CHECKING:
    from flwr.serverapp import Grid

    from fedcompare.federated.simulation import Ready

SESSION = "federation"


@dataclass(frozen=True, slots=True, kw_only=True)
class FederatedJob:
    """Train a federation, or the coalition of those of its silos that are `members`."""

    config: ExperimentConfig
    members: tuple[int, ...]

    @property
    def name(self) -> str:
        """Return what messages call it."""
        return federation_name(self.config, self.members)


@dataclass(frozen=True, slots=True, kw_only=True)
class _StartJob:
    """Start Ray, and nothing more."""

    name: str = "the start of Ray"


def try_ray() -> None:
    """Start Ray as `simulate` does, and end it.

    Raises:
        FedcompareError: it does not start, or there is no place for its files.
    """
    with tempfile.TemporaryDirectory() as folder:
        _do(_StartJob(), ExperimentConfig(), log=Path(folder, "ray.log"))


def simulate(
    config: ExperimentConfig,
    *,
    log: Path,
    observer: Observer | None = None,
    verbose: bool = False,
) -> History:
    """Run one federated experiment in a session of its own, one simulated client per silo.

    Raises:
        DataError, HubError, PartitionError: the data are wrong; nothing was started then.
        SiloFailedError: a silo failed, died, or stayed silent, or Ray was lost.
        ResourceError: more CPUs are asked for than there are.
    """
    from fedcompare.data.silos import check_data

    check_data(config)
    watcher = observer or Observer()
    job = FederatedJob(config=config, members=tuple(range(1, config.partition.num_silos + 1)))

    def hear(note: object) -> None:
        if isinstance(note, RoundRecord):
            watcher.on_round(note)
        elif isinstance(note, ServerRecord):
            watcher.on_server(note)

    history = _do(job, config, log=log, hear=hear, verbose=verbose)
    assert isinstance(history, History)
    return history


def _do(
    job: Job,
    config: ExperimentConfig,
    *,
    log: Path,
    hear: Tell = lambda note: None,
    verbose: bool = False,
) -> object:
    """Return the result of one job, done in a session of its own; `hear` is told its notes."""
    result = None
    crew = Crew(fork=config.train.threads_per_silo == 1)
    try:
        hire_session(crew, config, log=log, verbose=verbose)
        crew.submit(SESSION, [job])
        for event in crew.events():
            if event.done:
                result = event.content
            else:
                hear(event.content)
    finally:
        crew.stop()
    return result


def hire_session(crew: Crew, config: ExperimentConfig, *, log: Path, verbose: bool) -> None:
    """Open the bench `SESSION` for `FederatedJob`s."""
    work = functools.partial(_serve_session, config, log, verbose)
    watch = Watch(start_limit=config.resources.connect_timeout)
    crew.hire(SESSION, work, 1, patient=True, check=watch)


def _serve_session(config: ExperimentConfig, log: Path, verbose: bool, mailbox: Mailbox) -> None:
    """Start Ray once, run every `FederatedJob` that arrives, and leave the process.

    Each silo's training in a round is told as its `RoundRecord`, each evaluation of the
    global model as its `ServerRecord`s.
    """
    disable_telemetry()

    def run(grid: "Grid", wait_until_ready: "Ready") -> None:
        mailbox.serve(lambda job, tell: _run_job(grid, wait_until_ready, job, tell))

    with enclosed(mailbox) as enclosure:
        from fedcompare.federated.simulation import with_simulated_grid

        with chatter_to(log, verbose=verbose):
            with_simulated_grid(config, run, folder=enclosure.folder, verbose=verbose)
        mailbox.refuse(SiloFailedError("the simulation ended without a result; see the log"))


def _run_job(
    grid: "Grid", wait_until_ready: "Ready", job: FederatedJob | _StartJob, tell: Tell
) -> History | None:
    from fedcompare.federated.server_app import run_federated

    def until_ready() -> None:
        wait_until_ready()
        tell("Ray runs")

    if isinstance(job, _StartJob):
        until_ready()
        return None

    def on_round(record: RoundRecord) -> None:
        if record.phase is Phase.TRAIN:
            tell(record)

    return run_federated(
        grid,
        job.config,
        Observer(on_round=on_round, on_server=tell),
        members=job.members,
        wait_until_ready=until_ready,
    )
