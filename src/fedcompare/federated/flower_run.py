"""The way in from Flower's own command line, `flwr run`."""

import time
from collections.abc import Mapping
from pathlib import Path

from flwr.app import Context
from flwr.serverapp import Grid

from fedcompare.config.groups import ExperimentConfig
from fedcompare.config.parsing import Setting, parse_config
from fedcompare.data.silos import find_origin
from fedcompare.errors import ConfigError
from fedcompare.federated.server_app import run_federated
from fedcompare.federated.store import write_history
from fedcompare.regimes.catalog import Regime
from fedcompare.runs.directory import RunDirectory
from fedcompare.runs.inputs import wanted_inputs
from fedcompare.runs.lock import claimed, seed_part
from fedcompare.runs.reuse import check_free, discard_stale

_RESULTS = "results"
_FORCE = "force"


def run_from_context(grid: Grid, context: Context) -> None:
    """Run the federated regime as the run config says, and write what `fedcompare` would."""
    start = time.perf_counter()
    config, results, force = config_from_run_config(context.run_config)
    run, origin = RunDirectory(results, config), find_origin(config)
    with claimed(config, results, "federated, by flwr run", [seed_part(config, Regime.FEDERATED)]):
        clashes = check_free(run, Regime.FEDERATED, origin, force=force)
        history = run_federated(grid, config)
        inputs = wanted_inputs(config, origin, Regime.FEDERATED)
        write_history(run, config, history, inputs=inputs, seconds=time.perf_counter() - start)
        discard_stale(run, clashes)


def config_from_run_config(
    run_config: Mapping[str, object],
) -> tuple[ExperimentConfig, Path, bool]:
    """Return the configuration, the results folder, and whether to replace a finished run.

    Raises:
        ConfigError: a key is unknown or wrong.
    """
    settings = {
        key: Setting(value, f"run config {key}")
        for key, value in run_config.items()
        if key not in (_RESULTS, _FORCE)
    }
    results, force = run_config.get(_RESULTS, "results"), run_config.get(_FORCE, False)
    if not isinstance(results, str) or "\0" in results or not isinstance(force, bool):
        raise ConfigError([f"run config: {_RESULTS} must be a string and {_FORCE} true or false"])
    return parse_config(settings).located(), Path(results), force
