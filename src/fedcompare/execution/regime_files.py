"""Write what was trained without a federation into its part of the run directory."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.data.silos import count_labels
from fedcompare.learning.alone import IsolatedResult
from fedcompare.names import POOLED
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import weights_file
from fedcompare.regimes.records import EpochRecord
from fedcompare.runs.directory import RunDirectory
from fedcompare.runs.files import write_bytes
from fedcompare.runs.inputs import Inputs
from fedcompare.runs.writing import describe_training, write_part


def write_results(
    run: RunDirectory,
    config: ExperimentConfig,
    regime: Regime,
    results: Sequence[IsolatedResult],
    *,
    inputs: Inputs,
    seconds: float,
) -> None:
    """Write every round's weights, the losses and the manifest.

    Raises:
        StorageError: something cannot be written; the old part is kept then.
    """
    epochs = [record for result in results for record in result.epochs]
    dataset = load_dataset(config.data)
    training = describe_training(
        dataset,
        batch_size=config.train.batch_size,
        epochs=len(results[0].epochs),
        num_examples=[result.num_examples for result in results],
        label_counts=count_labels(config),
        seconds=seconds,
        cpu_seconds=sum(result.cpu_seconds for result in results),
    )
    with run.writing(regime) as folder:
        for result in results:
            for file, content in _weights(result):
                write_bytes(folder / file, content)
        if regime is Regime.ISOLATED:
            _plot(epochs, folder / "loss.png")
        write_part(folder, regime, config, inputs, rows={"epochs": epochs}, training=training)


def _weights(result: IsolatedResult) -> Iterator[tuple[str, bytes]]:
    silo = None if result.silo == POOLED else result.silo
    yield weights_file(silo), result.weights
    for number, content in enumerate(result.rounds[:-1], start=1):
        yield weights_file(silo, round=number), content


def _plot(epochs: Sequence[EpochRecord], path: Path) -> None:
    from fedcompare.report.plots import plot_losses, save_figure

    save_figure(plot_losses(epochs), path)
