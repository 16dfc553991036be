"""A silo's work for the server, free of messages: describe itself, train, evaluate."""

import functools
import time
from collections.abc import Mapping, Sequence

from torch import nn

from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.silos import Silo, load_silos
from fedcompare.errors import SiloFailedError
from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.tally import count
from fedcompare.federated.wire import Report, Task
from fedcompare.learning.forward import predict, torch_threads
from fedcompare.learning.models.catalog import initial_model
from fedcompare.learning.training import train_rounds
from fedcompare.learning.training_round import TrainingRound
from fedcompare.learning.weights import State, load_state
from fedcompare.seeds import derive_seed

NodeConfig = Mapping[str, object]


def describe(task: Task, node: NodeConfig) -> Report:
    """Return which silo this node is and how many examples of each class it has."""
    silo = _silo_id(task.config, node)
    counts = load_silos(task.config).label_counts[silo - 1]
    _load_silo(task.config, silo)  # while the server is still busy
    return Report(silo=silo, num_examples=sum(counts), label_counts=counts)


def train(requests: Sequence[tuple[Task, NodeConfig]]) -> list[tuple[Report, State]]:
    """Return for each request each local epoch's loss, and the local model's weights.

    All are trained together; each model gets the bits that it gets alone, and a share of the
    time by its examples.
    """
    start, cpu_start = time.perf_counter(), time.process_time()
    silos = [_silo(task.config, node) for task, node in requests]
    rounds = [_training(task, silo) for (task, _), silo in zip(requests, silos, strict=True)]
    (threads,) = {task.config.train.threads_per_silo for task, _ in requests}
    with torch_threads(threads):
        every = train_rounds(rounds)
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    total = sum(len(silo.train) for silo in silos)
    replies: list[tuple[Report, State]] = []
    for silo, one, losses in zip(silos, rounds, every, strict=True):
        share = len(silo.train) / total
        report = Report(
            silo=silo.id,
            num_examples=len(silo.train),
            losses=tuple(losses),
            seconds=share * seconds,
            cpu_seconds=share * cpu_seconds,
        )
        replies.append((report, one.model.state_dict()))
    return replies


def evaluate(task: Task, node: NodeConfig) -> Report:
    """Return the global model's loss on the silo's test examples, and how good its answers are.

    Where it has none, there is no loss.
    """
    start = time.perf_counter()
    silo = _silo(task.config, node)
    with torch_threads(task.config.train.threads_per_silo):
        outputs = predict(
            _model(task), silo.test.inputs, silo.test.scale, device=task.config.train.device
        ).numpy()
    answers = Answers.of(outputs, ids=silo.test.ids.numpy(), labels=silo.test.labels.numpy())
    tally = count(answers, silo.test.scale)
    return Report(
        silo=silo.id,
        num_examples=len(silo.test),
        num_correct=tally.num_correct,
        absolute_error=tally.absolute_error,
        losses=() if tally.loss is None else (tally.loss,),
        seconds=time.perf_counter() - start,
    )


def _training(task: Task, silo: Silo) -> TrainingRound:
    return TrainingRound(
        model=_model(task),
        examples=silo.train,
        config=task.config.train,
        epochs=task.config.budget.local_epochs,
        seed=derive_seed(task.config.seed, "train", silo.id, task.round),
        num_examples=task.num_examples,
    )


def _silo(config: ExperimentConfig, node: NodeConfig) -> Silo:
    return _load_silo(config, _silo_id(config, node))


def _silo_id(config: ExperimentConfig, node: NodeConfig) -> int:
    partition = node.get("partition-id")
    if not isinstance(partition, int):
        raise SiloFailedError('this SuperNode needs --node-config "partition-id=0" (or 1, 2, ...)')
    if not 0 <= partition < config.partition.num_silos:
        raise SiloFailedError(
            f"partition-id = {partition} is outside 0..{config.partition.num_silos - 1}"
        )
    return partition + 1


@functools.lru_cache(maxsize=4)
def _load_silo(config: ExperimentConfig, silo: int) -> Silo:
    """A simulated client serves any silo, in many rounds: keep the last few."""
    return load_silos(config)[silo]


def _model(task: Task) -> nn.Module:
    if task.state is None:
        raise SiloFailedError("the server sent no weights")
    model = initial_model(task.config, load_silos(task.config).dataset)
    return load_state(model, task.state, source="the server's weights")
