"""Run all stages of all seeds, with every core busy and Ray started once."""

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fedcompare.config.groups import ExperimentConfig
from fedcompare.execution.jobs import BENCH, serve_jobs
from fedcompare.execution.stages import Stage
from fedcompare.federated.session import SESSION, hire_session
from fedcompare.machine.cpus import resolve_cpus
from fedcompare.machine.crew import Crew, Event, Job
from fedcompare.regimes.records import EpochRecord, RoundRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Watcher:
    """Who is told of a campaign: notes on the data, the steps to come and done, finished parts."""

    on_note: Callable[[str], None] = lambda note: None
    on_start: Callable[[int], None] = lambda steps: None
    on_steps: Callable[[int], None] = lambda steps: None
    on_part: Callable[[Path], None] = lambda path: None


@dataclass(slots=True, eq=False)
class _Open:
    """A stage at work: its outcomes arrive in any order."""

    stage: Stage
    outcomes: list[object]
    missing: int


@dataclass(slots=True, eq=False)
class _Board:
    """Which stages wait, which are at work, and which job belongs to which."""

    crew: Crew
    watcher: Watcher
    waiting: list[Stage]
    at_work: dict[int, tuple[_Open, int]] = field(default_factory=dict)

    def start_ready(self, *, first: bool) -> None:
        """Submit the jobs of every stage that needs nothing unfinished."""
        for stage in list(self.waiting):
            unmade = {(s.config.seed, s.part) for s in [*self.waiting, *self._open()]}
            if any((stage.config.seed, part) in unmade for part in stage.needed()):
                continue
            self.waiting.remove(stage)
            if not stage.is_finished():  # another stage may have made its part along the way
                self._submit(stage, stage.jobs(), first=first)

    def take(self, event: Event) -> None:
        """Count what a worker tells, and write a stage's part when its last job is done."""
        current, index = self.at_work[id(event.job)]
        if isinstance(event.content, EpochRecord | RoundRecord):
            self.watcher.on_steps(current.stage.steps_of(event.content))
        if not event.done:
            return
        del self.at_work[id(event.job)]
        current.outcomes[index] = event.content
        current.missing -= 1
        if not current.missing:
            current.stage.finish(current.outcomes)
            self.watcher.on_part(current.stage.run.path / current.stage.part)
            self.start_ready(first=True)

    def is_done_with(self, bench: str) -> bool:
        """Return whether no stage of this bench waits or is at work."""
        return all(stage.bench != bench for stage in [*self.waiting, *self._open()])

    def _submit(self, stage: Stage, jobs: Sequence[Job], *, first: bool) -> None:
        current = _Open(stage, [None] * len(jobs), len(jobs))
        for index, job in enumerate(jobs):
            self.at_work[id(job)] = (current, index)
        self.crew.submit(stage.bench, jobs, first=first)

    def _open(self) -> Iterable[Stage]:
        return (current.stage for current, _ in self.at_work.values())


def run_campaign(
    config: ExperimentConfig,
    stages: Sequence[Stage],
    *,
    log: Path,
    verbose: bool,
    watcher: Watcher,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Make the parts of all `stages`, which must be in order of need within a seed.

    Training without a federation fills the cores that the federations leave idle.
    `meanwhile` is called while the workers work.

    Raises:
        FedcompareError: a job failed, or a part cannot be written; finished parts are kept.
    """
    if not stages:
        return
    crew = Crew(fork=config.train.threads_per_silo == 1)
    try:
        benches = {stage.bench for stage in stages}
        if SESSION in benches:
            log.parent.mkdir(parents=True, exist_ok=True)
            hire_session(crew, config, log=log, verbose=verbose)
        workers = resolve_cpus(config.resources.num_cpus)
        crew.hire(BENCH, functools.partial(serve_jobs, config.train.threads_per_silo), workers)
        watcher.on_start(sum(stage.steps() for stage in stages))
        board = _Board(crew, watcher, list(stages))
        board.start_ready(first=False)
        pending = SESSION in benches
        for number, event in enumerate(crew.events()):
            board.take(event)
            if number == 0:
                meanwhile()
            if pending and board.is_done_with(SESSION):
                crew.dismiss(SESSION)  # Ray ends while others still train
                pending = False
    finally:
        crew.stop()
