"""The way in from Flower's own command line, `flwr run`: everything from the run config."""

from collections.abc import Mapping
from logging import WARNING
from pathlib import Path

from flwr.app import Context
from flwr.common.logger import log
from flwr.serverapp import Grid

from fedcompare.config.groups import ExperimentConfig, PartitionConfig
from fedcompare.config.parsing import Setting, parse_config
from fedcompare.data.partitions.catalog import check_partitioner
from fedcompare.data.silos import load_silos, settle
from fedcompare.errors import ConfigError
from fedcompare.federated.server import build_server_app, run_federated
from fedcompare.federated.strategies import check_strategy
from fedcompare.learning.devices import settle_device
from fedcompare.learning.models.catalog import check_fit, check_model
from fedcompare.regimes.budgets import told_few_steps
from fedcompare.regimes.catalog import Regime, row_of
from fedcompare.runs.directory import RunDirectory
from fedcompare.runs.inputs import wanted_inputs
from fedcompare.runs.lock import claimed, seed_part
from fedcompare.runs.reuse import check_free, discard_stale
from fedcompare.runs.writing import write_trained

_RESULTS = "results"
_FORCE = "force"
# A run config states all keys. So many silos are asked for where the data do not say how many.
_UNSAID = ("num-silos", PartitionConfig().num_silos)


def run_from_context(grid: Grid, context: Context) -> None:
    """Run the federated regime as the run config says, and write what `fedcompare` would."""
    config, results, force = config_from_run_config(context.run_config)
    run, silos = RunDirectory(results, config), load_silos(config)
    few = told_few_steps(config, map(len, silos.plan.train)) if silos.contract else None
    with claimed(config, results, "federated, by flwr run", [seed_part(config, Regime.FEDERATED)]):
        if few:
            log(WARNING, few)
        clashes = check_free(run, Regime.FEDERATED, silos.origin, force=force)
        check_fit(config, silos.dataset, map(sum, silos.label_counts))
        trained = run_federated(grid, config, names=silos.names)
        write_trained(
            run,
            Regime.FEDERATED,
            trained,
            silos,
            inputs=wanted_inputs(config, silos.origin, Regime.FEDERATED),
            schedule=row_of(Regime.FEDERATED).schedule(config),
        )
        discard_stale(run, clashes)


def config_from_run_config(
    run_config: Mapping[str, object],
) -> tuple[ExperimentConfig, Path, bool]:
    """Return the configuration, the results folder, and whether to replace a finished run.

    Raises:
        ConfigError: a key is unknown or wrong, or names no partitioner, model or strategy.
    """
    settings = {
        key: Setting(value, f"run config {key}")
        for key, value in run_config.items()
        if key not in (_RESULTS, _FORCE) and (key, value) != _UNSAID
    }
    results, force = run_config.get(_RESULTS, "results"), run_config.get(_FORCE, False)
    if not isinstance(results, str) or "\0" in results or not isinstance(force, bool):
        raise ConfigError([f"run config: {_RESULTS} must be a string and {_FORCE} true or false"])
    config = parse_config(settings).located()
    check_partitioner(config.partition)
    check_model(config.model)
    config = settle_device(settle(config))
    check_strategy(config.federation)
    return config, Path(results), force


app = build_server_app(run_from_context)
