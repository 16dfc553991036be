"""One Ray session for many federated experiments: a worker that takes them one after another."""

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fedcompare.config import ExperimentConfig
from fedcompare.crew import Mailbox, Tell
from fedcompare.federated.history import History, Observer, federation_name
from fedcompare.federated.quiet import chatter_to, disable_telemetry
from fedcompare.records import Phase, RoundRecord

if TYPE_CHECKING:
    from flwr.serverapp import Grid

    from fedcompare.federated.simulation import Ready


@dataclass(frozen=True, slots=True, kw_only=True)
class FederatedJob:
    """Train a federation, or the coalition of those of its silos that are `members`."""

    config: ExperimentConfig
    members: tuple[int, ...]

    @property
    def name(self) -> str:
        """Return what messages call it."""
        return federation_name(self.config, self.members)


def serve_session(config: ExperimentConfig, log: Path, verbose: bool, mailbox: Mailbox) -> None:
    """Start Ray once, run every `FederatedJob` that arrives, and leave the process.

    Each silo's training in a round is told as its `RoundRecord`.
    """
    disable_telemetry()
    from fedcompare.federated.simulation import with_simulated_grid

    aborted = threading.Event()
    mailbox.when_stopped(aborted.set)

    def run(grid: "Grid", wait_until_ready: "Ready") -> None:
        mailbox.serve(lambda job, tell: _run_job(grid, wait_until_ready, job, tell))

    try:
        with chatter_to(log, verbose=verbose):
            with_simulated_grid(config, run, aborted=aborted, verbose=verbose)
    except Exception as error:
        mailbox.refuse(error)
    finally:
        # After an abort, threads of Flower's can wait for Ray for good.
        os._exit(0)


def _run_job(grid: "Grid", wait_until_ready: "Ready", job: FederatedJob, tell: Tell) -> History:
    from fedcompare.federated.server_app import run_federated

    def on_round(record: RoundRecord) -> None:
        if record.phase is Phase.TRAIN:
            tell(record)

    return run_federated(
        grid,
        job.config,
        Observer(on_round=on_round),
        members=job.members,
        wait_until_ready=wait_until_ready,
    )
