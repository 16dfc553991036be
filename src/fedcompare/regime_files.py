"""Write what was trained without a federation into its part of the run directory."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from fedcompare.config import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.data.silos import partition_fingerprint
from fedcompare.isolated import IsolatedResult
from fedcompare.records import POOLED, EpochRecord, Regime
from fedcompare.results import Manifest, RunDirectory, count_steps, weights_file, write_bytes


def write_results(
    run: RunDirectory,
    config: ExperimentConfig,
    regime: Regime,
    results: Sequence[IsolatedResult],
    *,
    label_counts: tuple[tuple[int, ...], ...],
    seconds: float,
) -> None:
    """Write every round's weights, the losses and the manifest.

    Raises:
        StorageError: something cannot be written; the old part is kept then.
    """
    epochs = [record for result in results for record in result.epochs]
    with run.writing(regime) as folder:
        weights = {
            file: write_bytes(folder / file, content)
            for result in results
            for file, content in _weights(result)
        }
        if regime is Regime.ISOLATED:
            _plot(epochs, folder / "loss.png")
        manifest = Manifest(
            regime=regime,
            seconds=seconds,
            cpu_seconds=sum(result.cpu_seconds for result in results),
            epochs=len(results[0].epochs),
            local_steps=tuple(
                count_steps(
                    result.num_examples,
                    epochs=len(result.epochs),
                    batch_size=config.train.batch_size,
                )
                for result in results
            ),
            bytes_up=0,
            bytes_down=0,
            label_counts=label_counts,
            data_fingerprint=load_dataset(config.data).fingerprint,
            partition_fingerprint=partition_fingerprint(config),
            weights=weights,
        )
        run.write_regime(folder, manifest, {"epochs": epochs})


def _weights(result: IsolatedResult) -> Iterator[tuple[str, bytes]]:
    silo = None if result.silo == POOLED else result.silo
    yield weights_file(silo), result.weights
    for number, content in enumerate(result.rounds[:-1], start=1):
        yield weights_file(silo, round=number), content


def _plot(epochs: Sequence[EpochRecord], path: Path) -> None:
    from fedcompare.plots import plot_losses, save_figure

    save_figure(plot_losses(epochs), path)
