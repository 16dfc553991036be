"""Make parts: all stages of all seeds, with every core busy and no engine started twice."""

import functools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fedcompare.config.groups import ExperimentConfig
from fedcompare.execution.jobs import BENCH, is_training, serve_jobs
from fedcompare.execution.stages import Stage
from fedcompare.federated.session import SESSION, hire_session
from fedcompare.learning.models.catalog import trains_in_stack
from fedcompare.machine.cpus import plan_workers, resolve_cpus
from fedcompare.machine.crew import Crew, Event, Job, alone
from fedcompare.regimes.devices import CPU, repeatability
from fedcompare.regimes.listener import Listener
from fedcompare.regimes.records import EpochRecord, RoundRecord, ServerRecord
from fedcompare.runs.files import storage_errors


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
    listener: Listener
    waiting: list[Stage]
    at_work: dict[int, tuple[_Open, int]] = field(default_factory=dict)
    # Of hundreds of stages none is looked at for each of the others.
    unmade: set[str] = field(init=False)
    wanted: dict[Stage, set[str]] = field(init=False)
    left: Counter[str] = field(init=False)

    def __post_init__(self) -> None:
        self.unmade = {str(stage.run.path / stage.part) for stage in self.waiting}
        self.wanted = {
            stage: {str(stage.run.path / part) for part in stage.needs} & self.unmade
            for stage in self.waiting
        }
        self.left = Counter(stage.bench for stage in self.waiting)

    def start_ready(self, *, first: bool) -> None:
        """Submit the jobs of every stage that needs nothing unfinished; some have none."""
        while ready := [stage for stage in self.waiting if not self.wanted[stage] & self.unmade]:
            self.waiting = [stage for stage in self.waiting if self.wanted[stage] & self.unmade]
            for stage in ready:
                # What it needs may have come again as it was, and then its part is as it was.
                if stage.needs and stage.is_finished():
                    self._leave(stage)
                else:
                    self._submit(stage, stage.jobs(), first=first)

    def take(self, event: Event) -> None:
        """Pass on what a worker tells, and write a stage's part when its last job is done."""
        current, index = self.at_work[id(event.job)]
        if not event.done:
            notes = event.content if isinstance(event.content, tuple) else (event.content,)
            self._pass_on(current.stage, notes)
            return
        del self.at_work[id(event.job)]
        current.outcomes[index] = event.content
        current.missing -= 1
        if not current.missing:
            self._finish(current.stage, current.outcomes)
            self.start_ready(first=True)

    def _pass_on(self, stage: Stage, notes: Iterable[object]) -> None:
        steps = 0
        for note in notes:
            if isinstance(note, EpochRecord | RoundRecord | ServerRecord):
                self.listener.on_record(note)
                steps += stage.steps_of(note)
        if steps:
            self.listener.on_steps(steps)

    def is_done_with(self, bench: str) -> bool:
        """Return whether no stage of this bench waits or is at work."""
        return not self.left[bench]

    def _submit(self, stage: Stage, jobs: Sequence[Job], *, first: bool) -> None:
        if not jobs:
            self._finish(stage, ())
            return
        current = _Open(stage, [None] * len(jobs), len(jobs))
        for index, job in enumerate(jobs):
            self.at_work[id(job)] = (current, index)
        self.crew.submit(stage.bench, jobs, first=first)

    def _finish(self, stage: Stage, outcomes: Sequence[object]) -> None:
        stage.finish(outcomes)
        self.listener.on_part(stage.run.path / stage.part)
        self._leave(stage)

    def _leave(self, stage: Stage) -> None:
        self.unmade.discard(str(stage.run.path / stage.part))
        self.left[stage.bench] -= 1


def make_parts(
    config: ExperimentConfig,
    stages: Sequence[Stage],
    *,
    engine: str,
    log: Path,
    verbose: bool,
    listener: Listener,
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Make the parts of all `stages`; every command that trains does it here.

    Training without a federation fills the cores that the federations leave idle.
    `engine` runs the federations' clients; `log` is for what Flower and Ray say. `meanwhile` is
    called while the workers work.

    Raises:
        FedcompareError: a job failed, or a part cannot be written; finished parts are kept.
        ResourceError: more CPUs are asked for than there are.
    """
    cpus = resolve_cpus(config.resources.num_cpus)
    if not stages:
        return
    if config.train.device != CPU:
        listener.on_note(f"device: {config.train.device}. {repeatability(config.train.device)}")
    small = trains_in_stack(stages[0].config, stages[0].silos.dataset)
    crew = Crew(fork=config.train.forks)
    try:
        benches = {stage.bench for stage in stages}
        if SESSION in benches:
            with storage_errors(log.parent):
                log.parent.mkdir(parents=True, exist_ok=True)
            hire_session(crew, config, engine=engine, log=log, verbose=verbose, small=small)
        if BENCH in benches:
            workers = cpus if SESSION in benches else _workers(stages, cpus)
            work = functools.partial(serve_jobs, config.train.threads_per_silo)
            crew.hire(BENCH, work, workers, together=is_training if small else alone)
        listener.on_start(sum(stage.steps() for stage in stages))
        # What others wait for comes first.
        board = _Board(crew, listener, sorted(stages, key=lambda stage: stage.is_coalitions))
        board.start_ready(first=False)
        pending = SESSION in benches
        for number, event in enumerate(crew.events()):
            board.take(event)
            if number == 0:
                meanwhile()
            if pending and board.is_done_with(SESSION):
                crew.dismiss(SESSION)  # its engine ends while others still train
                pending = False
    finally:
        crew.stop()


def _workers(stages: Sequence[Stage], cpus: int) -> int:
    """Return how many workers to hire where nobody else needs the CPUs."""
    jobs = sum(len(stage.jobs()) for stage in stages if not stage.needs)
    return plan_workers(jobs, cpus) if jobs else cpus
