"""What a silo does for the server: describe itself, train, evaluate.

One app for simulation, `flwr run` and SuperNodes: everything about the experiment comes
with the message, and the node's own configuration says only which silo this is.
"""

import functools
import time

from flwr.app import Context, Message
from flwr.clientapp import ClientApp
from torch import nn

from fedcompare.config import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.data.silos import Silo, load_silo
from fedcompare.errors import SiloFailedError
from fedcompare.federated import wire
from fedcompare.model import build_model, load_state
from fedcompare.predictions import Predictions
from fedcompare.seeds import derive_seed
from fedcompare.training import predict, torch_threads, train_round

app = ClientApp()


@app.query()
def describe(message: Message, context: Context) -> Message:
    """Tell which silo this is and what it has; also warms up a simulated client."""
    task = wire.decode_task(message)
    silo = _silo(task.config, context)
    classes = len(load_dataset(task.config.data).class_names)
    report = wire.Report(
        silo=silo.id, num_examples=len(silo.train), label_counts=silo.label_counts(classes)
    )
    return wire.encode_report(report, to=message)


@app.train()
def train(message: Message, context: Context) -> Message:
    """Train the global model for some local epochs on this silo's data."""
    start = time.perf_counter()
    task = wire.decode_task(message)
    silo = _silo(task.config, context)
    model = _model(task, silo)
    with torch_threads(task.config.train.threads_per_silo):
        losses = train_round(
            model,
            silo.train,
            task.config.train,
            epochs=task.config.federation.local_epochs,
            seed=derive_seed(task.config.seed, "train", silo.id, task.round),
        )
    report = wire.Report(
        silo=silo.id,
        num_examples=len(silo.train),
        losses=tuple(losses),
        seconds=time.perf_counter() - start,
    )
    return wire.encode_report(report, to=message, state=model.state_dict())


@app.evaluate()
def evaluate(message: Message, context: Context) -> Message:
    """Evaluate the global model on this silo's own held-out examples; only counts go back."""
    start = time.perf_counter()
    task = wire.decode_task(message)
    silo = _silo(task.config, context)
    with torch_threads(task.config.train.threads_per_silo):
        probabilities = predict(_model(task, silo), silo.test.inputs).numpy()
    answers = Predictions(labels=silo.test.labels.numpy(), probabilities=probabilities)
    report = wire.Report(
        silo=silo.id,
        num_examples=len(silo.test),
        num_correct=int((answers.predicted == answers.labels).sum()),
        losses=(answers.loss(),),
        seconds=time.perf_counter() - start,
    )
    return wire.encode_report(report, to=message)


def _silo(config: ExperimentConfig, context: Context) -> Silo:
    node = context.node_config
    if "partition-id" not in node:
        raise SiloFailedError('this SuperNode needs --node-config "partition-id=<0, 1, ...>"')
    silo = int(node["partition-id"]) + 1
    if not 1 <= silo <= config.partition.num_silos:
        raise SiloFailedError(
            f"partition-id = {silo - 1} is outside 0..{config.partition.num_silos - 1}"
        )
    return _load_silo(config, silo)


@functools.lru_cache(maxsize=4)
def _load_silo(config: ExperimentConfig, silo: int) -> Silo:
    """A simulated client serves any silo, in many rounds: keep the last few."""
    return load_silo(config, silo)


def _model(task: wire.Task, silo: Silo) -> nn.Module:
    assert task.state is not None
    model = build_model(
        task.config.model,
        input_shape=tuple(silo.train.inputs.shape[1:]),
        num_classes=len(load_dataset(task.config.data).class_names),
        seed=task.config.seed,
    )
    return load_state(model, task.state, source="the server's weights")
