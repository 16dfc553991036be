"""`fedcompare federated`."""

from typing import Annotated

import typer

from fedcompare.cli import options


def federated(
    rounds: Annotated[int | None, typer.Option(help="Rounds on the server.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Local epochs in each round.")] = None,
    model: options.Model = None,
    lr: options.LearningRate = None,
    batch_size: options.BatchSize = None,
    fraction_evaluate: Annotated[
        float | None, typer.Option(help="Share of silos that evaluate in each round.")
    ] = None,
    engine: options.Engine = None,
    device: options.Device = None,
    cpus: options.Cpus = None,
    data: options.Data = None,
    label: options.Label = None,
    task: options.Task = None,
    silo: options.Silo = None,
    group: options.Group = None,
    config: options.Config = None,
    set_: options.Set = None,
    partition: options.Partition = None,
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
        model=model,
        lr=lr,
        batch_size=batch_size,
        fraction_evaluate=fraction_evaluate,
        engine=engine,
        device=device,
        cpus=cpus,
        partition=partition,
        data=data,
        label=label,
        task=task,
        silo=silo,
        group=group,
        seed=seed,
    )
    from fedcompare import api
    from fedcompare.cli.console import stdout
    from fedcompare.cli.progress import RoundBars
    from fedcompare.cli.showing import say_trained, say_untested
    from fedcompare.regimes.catalog import Regime
    from fedcompare.regimes.trained import untested
    from fedcompare.report.evaluation import rounds_table
    from fedcompare.report.terminal import to_terminal

    with RoundBars(experiment) as bars:
        found = api.train(
            experiment,
            Regime.FEDERATED,
            results,
            force=force,
            verbose=verbose,
            listener=bars.listener(),
        )
    stdout().print(to_terminal(rounds_table(found.server)))
    say_untested(untested(found.reports), found.silos.names)
    say_trained(found.folder, found.removed, "fedcompare evaluate --subsets")
