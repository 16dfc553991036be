"""Write a federated run into its part of the run directory."""

from collections.abc import Iterator

from fedcompare.config import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.data.silos import partition_fingerprint
from fedcompare.federated.history import History
from fedcompare.records import Regime
from fedcompare.results import Manifest, RunDirectory, count_steps, weights_file, write_bytes


def write_history(
    run: RunDirectory,
    config: ExperimentConfig,
    history: History,
    *,
    seconds: float,
    part: str = Regime.FEDERATED,
) -> None:
    """Write every round's weights, per-silo and server rows, and the manifest.

    Raises:
        StorageError: something cannot be written; nothing is left then.
    """
    federation = config.federation
    passes = federation.num_server_rounds * federation.local_epochs
    with run.writing(part) as folder:
        weights = {file: write_bytes(folder / file, content) for file, content in _weights(history)}
        manifest = Manifest(
            regime=Regime.FEDERATED,
            seconds=seconds,
            cpu_seconds=history.cpu_seconds,
            epochs=passes,
            local_steps=tuple(
                count_steps(
                    sum(history.label_counts[silo - 1]),
                    epochs=passes,
                    batch_size=config.train.batch_size,
                )
                for silo in history.silos
            ),
            bytes_up=history.bytes_up,
            bytes_down=history.bytes_down,
            label_counts=history.label_counts,
            data_fingerprint=load_dataset(config.data).fingerprint,
            partition_fingerprint=partition_fingerprint(config),
            weights=weights,
        )
        run.write_regime(
            folder,
            manifest,
            {"epochs": history.epochs, "rounds": history.rounds, "server": history.server},
        )


def _weights(history: History) -> Iterator[tuple[str, bytes]]:
    yield weights_file(None), history.weights
    for number, content in enumerate(history.global_weights[:-1], start=1):
        yield weights_file(None, round=number), content
    for (number, silo), content in history.local_weights.items():
        yield weights_file(silo, round=number), content
