"""What the command `isolated` does, from configuration to files."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from fedcompare.classes import lacking
from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.datasets import load_dataset
from fedcompare.data.silos import check_data, count_labels, find_origin, load_silos
from fedcompare.execution.regime_files import write_results
from fedcompare.learning.alone import IsolatedTask, run_isolated
from fedcompare.learning.models.building import initial_model
from fedcompare.machine.cpus import plan_workers, resolve_cpus
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.records import EpochRecord
from fedcompare.runs.directory import RunDirectory
from fedcompare.runs.inputs import wanted_inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """One trained silo, in the words of a summary table; `lacks` names classes."""

    silo: int
    lacks: tuple[str, ...]
    num_examples: int
    loss: float
    seconds: float


def train_isolated_regime(
    config: ExperimentConfig, run: RunDirectory, on_epoch: Callable[[EpochRecord], None]
) -> tuple[Trained, ...]:
    """Train one model per silo and write the regime's part.

    Raises:
        FedcompareError: bad data, a failed silo, or a folder that cannot be written.
    """
    start = time.perf_counter()
    workers = plan_workers(config.partition.num_silos, resolve_cpus(config.resources.num_cpus))
    check_data(config)
    dataset = load_dataset(config.data)
    silos = load_silos(config)
    task = IsolatedTask(
        model=initial_model(config, dataset),
        config=config.train,
        epochs=config.isolated.isolated_epochs,
        seed=config.seed,
    )
    results = run_isolated(task, silos, num_workers=workers, on_epoch=on_epoch)
    inputs = wanted_inputs(config, find_origin(config), Regime.ISOLATED)
    seconds = time.perf_counter() - start
    write_results(run, config, Regime.ISOLATED, results, inputs=inputs, seconds=seconds)
    return tuple(
        Trained(
            silo=result.silo,
            lacks=tuple(dataset.class_names[label] for label in lacking(own)),
            num_examples=result.num_examples,
            loss=result.epochs[-1].loss,
            seconds=result.seconds,
        )
        for result, own in zip(results, count_labels(config), strict=True)
    )
