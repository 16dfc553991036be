"""One Ray session for many federated experiments: a worker that takes them one after another."""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fedcompare.config import ExperimentConfig
from fedcompare.crew import Crew, Mailbox, Tell
from fedcompare.errors import SiloFailedError
from fedcompare.federated.enclosure import enclosed
from fedcompare.federated.history import History, Observer
from fedcompare.federated.quiet import chatter_to, disable_telemetry
from fedcompare.records import Phase, RoundRecord

if TYPE_CHECKING:
    from flwr.serverapp import Grid

    from fedcompare.federated.simulation import Ready

_BENCH = "federation"


@dataclass(frozen=True, slots=True, kw_only=True)
class FederatedJob:
    """Train a federation, or the coalition of those of its silos that are `members`."""

    config: ExperimentConfig
    members: tuple[int, ...]

    @property
    def name(self) -> str:
        """Return what messages call it."""
        who = f" of silos {', '.join(map(str, self.members))}"
        whole = len(self.members) == self.config.partition.num_silos
        return f"the federation{'' if whole else who}, seed {self.config.seed}"


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
    crew = Crew(fork=config.train.threads_per_silo == 1)
    try:
        crew.hire(_BENCH, functools.partial(serve_session, config, log, verbose), 1, patient=True)
        silos = tuple(range(1, config.partition.num_silos + 1))
        crew.submit(_BENCH, [FederatedJob(config=config, members=silos)])
        for event in crew.events():
            if event.done:
                history = event.content
            elif isinstance(event.content, RoundRecord):
                watcher.on_round(event.content)
            else:
                watcher.on_server(event.content)
    finally:
        crew.stop()
    assert isinstance(history, History)
    return history


def serve_session(config: ExperimentConfig, log: Path, verbose: bool, mailbox: Mailbox) -> None:
    """Start Ray once, run every `FederatedJob` that arrives, and leave the process.

    Each silo's training in a round is told as its `RoundRecord`, each evaluation of the
    global model as its `ServerRecord`s.
    """
    disable_telemetry()

    def run(grid: "Grid", wait_until_ready: "Ready") -> None:
        mailbox.serve(lambda job, tell: _run_job(grid, wait_until_ready, job, tell))

    with chatter_to(log, verbose=verbose), enclosed(mailbox) as enclosure:
        from fedcompare.federated.simulation import with_simulated_grid

        with_simulated_grid(
            config, run, folder=enclosure.folder, on_lost=enclosure.give_up, verbose=verbose
        )
        mailbox.refuse(SiloFailedError("the simulation ended without a result; see the log"))


def _run_job(grid: "Grid", wait_until_ready: "Ready", job: FederatedJob, tell: Tell) -> History:
    from fedcompare.federated.server_app import run_federated

    def on_round(record: RoundRecord) -> None:
        if record.phase is Phase.TRAIN:
            tell(record)

    return run_federated(
        grid,
        job.config,
        Observer(on_round=on_round, on_server=tell),
        members=job.members,
        wait_until_ready=wait_until_ready,
    )
