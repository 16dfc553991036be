"""A silo's work for the server, free of messages: describe itself, train, evaluate."""

import functools
import time
from collections.abc import Mapping

from torch import nn

from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.data.silos import Silo, load_silo
from fedcompare.errors import SiloFailedError
from fedcompare.evaluation.answers import Predictions
from fedcompare.federated.wire import Report, Task
from fedcompare.learning.forward import predict, torch_threads
from fedcompare.learning.models.building import initial_model
from fedcompare.learning.training import train_round
from fedcompare.learning.weights import State, load_state
from fedcompare.seeds import derive_seed

NodeConfig = Mapping[str, object]


def describe(task: Task, node: NodeConfig) -> Report:
    """Return which silo this node is and how many examples of each class it has."""
    silo = _silo(task.config, node)
    num_classes = len(load_dataset(task.config.data).class_names)
    counts = silo.label_counts(num_classes)
    return Report(silo=silo.id, num_examples=len(silo.train), label_counts=counts)


def train(task: Task, node: NodeConfig) -> tuple[Report, State]:
    """Return each local epoch's loss, and the local model's weights."""
    start, cpu_start = time.perf_counter(), time.process_time()
    silo = _silo(task.config, node)
    model = _model(task)
    with torch_threads(task.config.train.threads_per_silo):
        losses = train_round(
            model,
            silo.train,
            task.config.train,
            epochs=task.config.budget.local_epochs,
            seed=derive_seed(task.config.seed, "train", silo.id, task.round),
        )
    report = Report(
        silo=silo.id,
        num_examples=len(silo.train),
        losses=tuple(losses),
        seconds=time.perf_counter() - start,
        cpu_seconds=time.process_time() - cpu_start,
    )
    return report, model.state_dict()


def evaluate(task: Task, node: NodeConfig) -> Report:
    """Return the global model's loss and number of right answers on the silo's test examples.

    Where it has none, there is no loss.
    """
    start = time.perf_counter()
    silo = _silo(task.config, node)
    with torch_threads(task.config.train.threads_per_silo):
        probabilities = predict(_model(task), silo.test.inputs).numpy()
    answers = Predictions(labels=silo.test.labels.numpy(), probabilities=probabilities)
    loss = answers.loss()
    return Report(
        silo=silo.id,
        num_examples=len(silo.test),
        num_correct=int((answers.predicted == answers.labels).sum()),
        losses=() if loss is None else (loss,),
        seconds=time.perf_counter() - start,
    )


def _silo(config: ExperimentConfig, node: NodeConfig) -> Silo:
    partition = node.get("partition-id")
    if not isinstance(partition, int):
        raise SiloFailedError('this SuperNode needs --node-config "partition-id=0" (or 1, 2, ...)')
    if not 0 <= partition < config.partition.num_silos:
        raise SiloFailedError(
            f"partition-id = {partition} is outside 0..{config.partition.num_silos - 1}"
        )
    return _load_silo(config, partition + 1)


@functools.lru_cache(maxsize=4)
def _load_silo(config: ExperimentConfig, silo: int) -> Silo:
    """A simulated client serves any silo, in many rounds: keep the last few."""
    return load_silo(config, silo)


def _model(task: Task) -> nn.Module:
    if task.state is None:
        raise SiloFailedError("the server sent no weights")
    model = initial_model(task.config, load_dataset(task.config.data))
    return load_state(model, task.state, source="the server's weights")
