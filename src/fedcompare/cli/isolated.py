"""`fedcompare isolated`."""

from typing import Annotated

import typer

from fedcompare.cli import options


def isolated(
    epochs: Annotated[int | None, typer.Option(help="Epochs of each model.")] = None,
    model: options.Model = None,
    lr: options.LearningRate = None,
    batch_size: options.BatchSize = None,
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
    """Train one model per silo, each on its own data alone."""
    experiment = options.build_config(
        config,
        set_,
        isolated_epochs=epochs,
        model=model,
        lr=lr,
        batch_size=batch_size,
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
    from fedcompare.cli.progress import EpochBars
    from fedcompare.cli.showing import say_trained
    from fedcompare.regimes.catalog import Regime
    from fedcompare.report.evaluation import training_table
    from fedcompare.report.terminal import to_terminal

    with EpochBars(experiment, verbose=verbose) as bars:
        found = api.train(
            experiment,
            Regime.ISOLATED,
            results,
            force=force,
            verbose=verbose,
            listener=bars.listener(),
        )
    names, lacking = found.silos.class_names, found.silos.lacking
    lacks = {
        silo: [names[label] for label in labels]
        for silo, labels in zip(found.silos.ids, lacking, strict=True)
    }
    epochs = experiment.isolated.isolated_epochs
    table = training_table(
        found.reports, lacks if names else None, epochs=epochs, names=found.silos.names
    )
    stdout().print(to_terminal(table))
    say_trained(found.folder, found.removed, "fedcompare federated --rounds 3")
