"""`fedcompare isolated`."""

from typing import Annotated

import typer

from fedcompare.cli import options


def isolated(
    epochs: Annotated[int | None, typer.Option(help="Epochs of each model.")] = None,
    lr: options.LearningRate = None,
    batch_size: options.BatchSize = None,
    cpus: options.Cpus = None,
    config: options.Config = None,
    set_: options.Set = None,
    seed: options.Seed = None,
    results: options.Results = options.DEFAULT_RESULTS,
    force: options.Force = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Train one model per silo, each on its own data alone."""
    experiment = options.build_config(
        config, set_, isolated_epochs=epochs, lr=lr, batch_size=batch_size, cpus=cpus, seed=seed
    )
    from fedcompare.cli.commands import run_isolated_command
    from fedcompare.runs.lock import claimed, seed_part

    with claimed(experiment, results, "isolated", [seed_part(experiment, "isolated")]):
        run_isolated_command(experiment, results, force=force, verbose=verbose)
