"""What an engine is. Imports neither flwr nor ray."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fedcompare.config.groups import ExperimentConfig
from fedcompare.machine.crew import Check
from fedcompare.machine.mailbox import Mailbox

if TYPE_CHECKING:
    from flwr.serverapp import Grid

Ready = Callable[[], None]
Work = Callable[["Grid"], None]
Together = Callable[[Sequence[Work]], None]
"""Calls each with a grid for one federation: one after another, or in turns."""
Serve = Callable[[Together, Ready], None]


class Open(Protocol):
    """Makes nodes, calls `serve(together, wait_until_ready)`, and ends what it has started."""

    def __call__(
        self,
        config: ExperimentConfig,
        serve: Serve,
        *,
        mailbox: Mailbox,
        log: Path,
        verbose: bool,
    ) -> None:
        """Open the engine in this worker; however the worker ends, the engine ends with it.

        Any number of experiments can be run by it, as long as they have the silos and the
        resources of `config`; several are run `together`. What libraries log goes to `log`.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A way to run clients; `watch` makes what looks after its worker from outside.

    Where it `takes_turns`, several federations are run at the same time.
    """

    name: str
    open: Open
    takes_turns: bool
    watch: Callable[[ExperimentConfig], Check]


def clock_of(grid: "Grid") -> Callable[[], float]:
    """Return the clock of a grid whose federations take turns; of others, that of the wall."""
    found: Callable[[], float] = getattr(grid, "clock", time.perf_counter)
    return found
