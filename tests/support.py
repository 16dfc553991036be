"""What tests share: made-up data, and a Flower grid without Ray."""

import gzip
import hashlib
import io
import itertools
import json
import struct
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from flwr.app import Context, Error, Message, RecordDict
from flwr.supercore.task_identity import TaskIdentity

from fedcompare.cli.main import run as run_command
from fedcompare.data.examples import Examples
from fedcompare.execution import jobs
from fedcompare.execution.plan import seed_stages
from fedcompare.federated import client_app
from fedcompare.federated.engines.crew_grid import BareGrid
from fedcompare.federated.server import run_federated
from fedcompare.federated.session import SESSION, FederatedJob
from fedcompare.regimes.records import Origin
from fedcompare.runs.directory import RunDirectory

ORIGIN = Origin(data="made up", partition="made up")
SIDE = 8
CLASSES = 10


@dataclass(frozen=True)
class Outcome:
    """What a command returned and printed."""

    code: int
    out: str
    err: str


def call(*arguments: object) -> Outcome:
    """Return what a command gives in this process, where the fixture `cli` lives too short."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = run_command([str(argument) for argument in arguments])
    return Outcome(code, out.getvalue(), err.getvalue())


def made_up_images(count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return uint8 images [N, 8, 8] and labels [N]: each class a pattern of its own, plus noise."""
    patterns = np.random.default_rng(0).integers(0, 180, (CLASSES, SIDE, SIDE))
    labels = np.arange(count) % CLASSES
    noise = np.random.default_rng(seed).integers(0, 75, (count, SIDE, SIDE))
    return (patterns[labels] + noise).astype(np.uint8), labels.astype(np.uint8)


def made_up_examples(count: int = 70, *, seed: int = 1) -> Examples:
    images, labels = made_up_images(count, seed=seed)
    inputs = torch.from_numpy(images).unsqueeze(1).float() / 127.5 - 1
    return Examples.numbered(inputs=inputs, labels=torch.from_numpy(labels).long())


def idx_bytes(array: np.ndarray) -> bytes:
    return struct.pack(f">I{array.ndim}I", 0x0800 + array.ndim, *array.shape) + array.tobytes()


def write_idx(folder: Path, *, train: int = 300, test: int = 100, zipped: bool = False) -> Path:
    """Write an IDX folder of made-up images."""
    folder.mkdir(parents=True, exist_ok=True)
    for split, count, seed in (("train", train, 1), ("t10k", test, 2)):
        images, labels = made_up_images(count, seed=seed)
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            content = idx_bytes(array)
            path = folder / f"{split}-{kind}-ubyte{'.gz' if zipped else ''}"
            path.write_bytes(gzip.compress(content) if zipped else content)
    return folder


def record_as_made(folder, change=lambda content: None):
    """Write a part's manifest anew, as if what is there now had been made: a careful forger."""
    content = json.loads((folder / "run.json").read_text())
    for name in content["files"]:
        content["files"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    change(content)
    del content["digest"]
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    content["digest"] = hashlib.sha256(canonical.encode()).hexdigest()
    (folder / "run.json").write_text(json.dumps(content))


def in_order(replies: list[Message]) -> list[Message]:
    return replies


class InlineGrid(BareGrid):
    """Calls the ClientApp in this process; `order` decides how replies arrive."""

    def __init__(
        self,
        node_configs: int | Sequence[dict],
        *,
        app: Callable[[Message, Context], Message] = client_app.app,
        order: Callable[[list[Message]], list[Message]] = in_order,
        is_silent: Callable[[Message], bool] = lambda message: False,
    ) -> None:
        TaskIdentity.run_id, TaskIdentity.node_id, TaskIdentity.task_id = 1, 1, 1
        if isinstance(node_configs, int):
            node_configs = [{"partition-id": index} for index in range(node_configs)]
        self.nodes = {
            100 + index: Context(1, 100 + index, own, RecordDict(), {})
            for index, own in enumerate(node_configs)
        }
        self.sent: list[Message] = []
        self._app, self._order, self._is_silent = app, order, is_silent
        self._ids = itertools.count()
        self._replies: dict[str, Message] = {}

    def get_node_ids(self) -> Iterable[int]:
        return list(self.nodes)

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        ids = []
        for message in messages:
            ids.append(f"message-{next(self._ids)}")
            message.metadata.__dict__["_message_id"] = ids[-1]
            self.sent.append(message)
            if not self._is_silent(message):
                self._replies[ids[-1]] = self._answer(message)
        return ids

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        ready = [self._replies.pop(key) for key in message_ids if key in self._replies]
        return self._order(ready)

    def _answer(self, message: Message) -> Message:
        try:
            return self._app(message, self.nodes[message.metadata.dst_node_id])
        except Exception:  # as Flower's simulation does
            return Message(error=Error(2, traceback.format_exc()), reply_to=message)


def stages_of(config, results, *, contributions=False):
    """Return the stages of one seed of a comparison."""
    return seed_stages(RunDirectory(results, config), contributions=contributions)


def stage_of(config, results, part):
    """Return the stage of a comparison that makes this part."""
    stages = stages_of(config, results, contributions=True)
    return next(stage for stage in stages if stage.part == part)


def do(job, tell=lambda record: None):
    """Return what a stage's job gives in this process; a federation is trained without Ray."""
    if isinstance(job, FederatedJob):
        grid = InlineGrid(job.config.partition.num_silos)
        return run_federated(grid, job.config, tell, members=job.members, names=job.names)
    outcomes: list[object] = []

    def tell_all(position, records):
        for record in records:
            tell(record)

    jobs.do([job], tell_all, lambda position, outcome: outcomes.append(outcome))
    return outcomes.pop()


def shared_weights(trained):
    """Return the weights of the model that all silos share, after each round."""
    return [one.weights[None] for one in trained.rounds]


def untimed(reports):
    """Return rows of rounds without the times, which differ in every run."""
    return [replace(report, seconds=0, cpu_seconds=0) for report in reports]


def hire_inline(crew, config, *, engine, log, verbose, small):
    """Open the bench of the federations in one worker, whatever the engine."""

    def work(mailbox):
        # OpenMP's other threads are gone in a forked process: torch would wait for them.
        torch.set_num_threads(config.train.threads_per_silo)
        mailbox.serve(do)

    crew.hire(SESSION, work, 1)


def make(*stages):
    """Make the parts of stages, in this order."""
    for stage in stages:
        stage.finish(list(map(do, stage.jobs())))


def make_unfinished(stages):
    """Make what is not there yet."""
    for stage in stages:
        if not stage.is_finished():
            make(stage)
