"""Write a federated run into its part of the run directory."""

from collections.abc import Iterator, Sequence

from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.federated.history import History
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import weights_file
from fedcompare.regimes.records import Record
from fedcompare.runs.directory import RunDirectory
from fedcompare.runs.files import write_bytes
from fedcompare.runs.inputs import Inputs
from fedcompare.runs.writing import describe_training, write_part


def write_history(
    run: RunDirectory,
    config: ExperimentConfig,
    history: History,
    *,
    inputs: Inputs,
    seconds: float,
    part: str = Regime.FEDERATED,
) -> None:
    """Write every round's weights, per-silo and server rows, and the manifest.

    Raises:
        StorageError: something cannot be written; nothing is left then.
    """
    sizes = [sum(history.label_counts[silo - 1]) for silo in history.silos]
    training = describe_training(
        load_dataset(config.data),
        batch_size=config.train.batch_size,
        epochs=config.budget.epochs,
        num_examples=sizes,
        label_counts=history.label_counts,
        seconds=seconds,
        cpu_seconds=history.cpu_seconds,
        bytes_up=history.bytes_up,
        bytes_down=history.bytes_down,
    )
    with run.writing(part) as folder:
        for file, content in _weights(history):
            write_bytes(folder / file, content)
        rows: dict[str, Sequence[Record]] = {
            "epochs": history.epochs,
            "rounds": history.rounds,
            "server": history.server,
        }
        write_part(folder, part, config, inputs, rows=rows, training=training)


def _weights(history: History) -> Iterator[tuple[str, bytes]]:
    yield weights_file(None), history.weights
    for number, content in enumerate(history.global_weights[:-1], start=1):
        yield weights_file(None, round=number), content
    for (number, silo), content in history.local_weights.items():
        yield weights_file(silo, round=number), content
