"""What the commands `isolated` and `federated` do, from configuration to files."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from fedcompare.config import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.data.silos import load_silos, partition_fingerprint
from fedcompare.isolated import IsolatedResult, IsolatedTask, run_isolated
from fedcompare.model import build_model
from fedcompare.records import EpochRecord, Regime
from fedcompare.results import Manifest, RunDirectory, write_bytes
from fedcompare.workers import plan_workers, resolve_cpus


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """One trained silo, in the words of a summary table."""

    silo: int
    num_examples: int
    loss: float
    seconds: float


def isolated_weights(silo: int) -> str:
    """Return the file of one isolated model, relative to the regime's part."""
    return f"weights/silo-{silo}.safetensors"


def train_isolated_regime(
    config: ExperimentConfig, run: RunDirectory, on_epoch: Callable[[EpochRecord], None]
) -> tuple[Trained, ...]:
    """Train one model per silo and write the regime's part.

    Raises:
        FedcompareError: bad data, a failed silo, or a folder that cannot be written.
    """
    start = time.perf_counter()
    workers = plan_workers(config.partition.num_silos, resolve_cpus(config.resources.num_cpus))
    dataset = load_dataset(config.data)
    silos = load_silos(config)
    task = IsolatedTask(
        model=build_model(
            config.model,
            input_shape=tuple(dataset.train.inputs.shape[1:]),
            num_classes=len(dataset.class_names),
            seed=config.seed,
        ),
        config=config.train,
        epochs=config.isolated.isolated_epochs,
        seed=config.seed,
    )
    results = run_isolated(task, silos, num_workers=workers, on_epoch=on_epoch)
    counts = tuple(silo.label_counts(len(dataset.class_names)) for silo in silos)
    _write_isolated(run, config, results, counts, dataset.fingerprint, start)
    return tuple(
        Trained(
            silo=result.silo,
            num_examples=result.num_examples,
            loss=result.epochs[-1].loss,
            seconds=result.seconds,
        )
        for result in results
    )


def _write_isolated(
    run: RunDirectory,
    config: ExperimentConfig,
    results: tuple[IsolatedResult, ...],
    label_counts: tuple[tuple[int, ...], ...],
    data_fingerprint: str,
    start: float,
) -> None:
    from fedcompare.plots import plot_losses, save_figure

    epochs = [record for result in results for record in result.epochs]
    with run.writing(Regime.ISOLATED) as folder:
        weights = {
            isolated_weights(result.silo): write_bytes(
                folder / isolated_weights(result.silo), result.weights
            )
            for result in results
        }
        save_figure(plot_losses(epochs), folder / "loss.png")
        manifest = Manifest(
            regime=Regime.ISOLATED,
            seconds=time.perf_counter() - start,
            label_counts=label_counts,
            data_fingerprint=data_fingerprint,
            partition_fingerprint=partition_fingerprint(config),
            local_steps=tuple(
                config.isolated.isolated_epochs * -(-sum(counts) // config.train.batch_size)
                for counts in label_counts
            ),
            weights=weights,
        )
        run.write_regime(folder, manifest, {"epochs": epochs})
