"""`fedcompare inspect`."""

from typing import Annotated

import typer

from fedcompare.cli import options


def inspect(
    path: Annotated[
        str,
        typer.Argument(metavar="PATH", help="The data, as --data has them: a table, a folder, ..."),
    ],
    label: options.Label = None,
    task: options.Task = None,
    silo: options.Silo = None,
    group: options.Group = None,
    model: options.Model = None,
    config: options.Config = None,
    set_: options.Set = None,
    partition: options.Partition = None,
    seed: options.Seed = None,
    debug: options.Debug = False,
) -> None:
    """Show what data hold, and what will be done with them, before anything is trained."""
    experiment = options.read_config(
        config,
        set_,
        data=path,
        label=label,
        task=task,
        silo=silo,
        group=group,
        model=model,
        partition=partition,
        seed=seed,
    )
    from fedcompare import api
    from fedcompare.cli.console import stdout
    from fedcompare.report.inspection import headline, sentences, sheets
    from fedcompare.report.terminal import to_terminal

    found = api.inspect(experiment)
    console = stdout()
    console.say(headline(found))
    for sheet in sheets(found):
        console.print(to_terminal(sheet))
    for sentence in sentences(found):
        console.say(sentence)
    console.say(f"next:\n  {found.command}")
