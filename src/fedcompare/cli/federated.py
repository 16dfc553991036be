"""`fedcompare federated`."""

from typing import Annotated

import typer

from fedcompare.cli import options


def federated(
    rounds: Annotated[int | None, typer.Option(help="Rounds on the server.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Local epochs in each round.")] = None,
    lr: options.LearningRate = None,
    batch_size: options.BatchSize = None,
    fraction_evaluate: Annotated[
        float | None, typer.Option(help="Share of silos that evaluate in each round.")
    ] = None,
    cpus: options.Cpus = None,
    config: options.Config = None,
    set_: options.Set = None,
    seed: options.Seed = None,
    results: options.Results = options.DEFAULT_RESULTS,
    force: options.Force = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Train one global model over all silos with Flower; data stay where they are."""
    experiment = options.build_config(
        config,
        set_,
        rounds=rounds,
        local_epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        fraction_evaluate=fraction_evaluate,
        cpus=cpus,
        seed=seed,
    )
    from fedcompare.cli.commands import run_federated_command
    from fedcompare.runs.lock import claimed, seed_part

    with claimed(experiment, results, "federated", [seed_part(experiment, "federated")]):
        run_federated_command(experiment, results, force=force, verbose=verbose)
