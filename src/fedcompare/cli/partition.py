"""`fedcompare partition`."""

from pathlib import Path
from typing import Annotated

import typer

from fedcompare.cli import options


def partition(
    export: Annotated[
        Path | None,
        typer.Option(help="Also write which row went where, for --partition plan:FILE."),
    ] = None,
    data: options.Data = None,
    label: options.Label = None,
    task: options.Task = None,
    silo: options.Silo = None,
    group: options.Group = None,
    model: options.Model = None,
    config: options.Config = None,
    set_: options.Set = None,
    partition: options.Partition = None,
    seed: options.Seed = None,
    results: options.Results = options.DEFAULT_RESULTS,
    force: options.Force = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Show how many examples of each class each silo has, as a table and a picture."""
    experiment = options.build_config(
        config,
        set_,
        partition=partition,
        data=data,
        label=label,
        task=task,
        silo=silo,
        group=group,
        model=model,
        seed=seed,
    )
    from fedcompare import api
    from fedcompare.cli.console import stderr, stdout
    from fedcompare.cli.showing import say_written
    from fedcompare.regimes.listener import Listener
    from fedcompare.report.evaluation import counts_table
    from fedcompare.report.terminal import to_terminal

    listener = Listener(on_note=stderr().say)
    found = api.partition(experiment, results, export=export, force=force, listener=listener)
    table = counts_table(found.silos.label_counts, found.silos.class_names, found.silos.names)
    stdout().print(to_terminal(table))
    for note in found.notes:
        stdout().say(note)
    say_written(found.folder, *([export] if export else []))
