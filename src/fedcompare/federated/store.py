"""Write a federated run into its part of the run directory."""

from fedcompare.config import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.data.silos import partition_fingerprint
from fedcompare.federated.server_app import History
from fedcompare.records import Regime
from fedcompare.results import Manifest, RunDirectory, write_bytes

GLOBAL_WEIGHTS = "weights/global.safetensors"


def write_history(
    run: RunDirectory, config: ExperimentConfig, history: History, *, seconds: float
) -> None:
    """Write weights, per-silo and server rows, and the manifest.

    Raises:
        StorageError: something cannot be written; nothing is left then.
    """
    federation = config.federation
    passes = federation.num_server_rounds * federation.local_epochs
    with run.writing(Regime.FEDERATED) as folder:
        manifest = Manifest(
            regime=Regime.FEDERATED,
            seconds=seconds,
            label_counts=history.label_counts,
            data_fingerprint=load_dataset(config.data).fingerprint,
            partition_fingerprint=partition_fingerprint(config),
            local_steps=tuple(
                passes * -(-sum(counts) // config.train.batch_size)
                for counts in history.label_counts
            ),
            weights={GLOBAL_WEIGHTS: write_bytes(folder / GLOBAL_WEIGHTS, history.weights)},
        )
        run.write_regime(
            folder,
            manifest,
            {"epochs": history.epochs, "rounds": history.rounds, "server": history.server},
        )
