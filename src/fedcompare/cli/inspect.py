"""`fedcompare inspect`."""

from typing import Annotated

import typer

from fedcompare.cli import options


def inspect(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A table, or a folder of tables.")],
    label: options.Label = None,
    silo: options.Silo = None,
    group: options.Group = None,
    config: options.Config = None,
    set_: options.Set = None,
    debug: options.Debug = False,
) -> None:
    """Show what a table holds, and what will be done with it, before anything is trained."""
    experiment = options.read_config(config, set_, data=path, label=label, silo=silo, group=group)
    from fedcompare import api
    from fedcompare.cli.console import stdout
    from fedcompare.report.inspection import columns_sheet, silos_sheet
    from fedcompare.report.terminal import to_terminal
    from fedcompare.text.wording import plural

    found = api.inspect(experiment)
    console = stdout()
    console.say(
        f"{found.place}: {plural(found.rows, 'row')}, {found.train} to train on, {found.test} held "
        f"out; {plural(found.inputs, 'input')} from {plural(len(found.columns), 'column')}"
    )
    console.print(to_terminal(silos_sheet(found)))
    console.print(to_terminal(columns_sheet(found)))
    for note in found.notes:
        console.say(note)
    console.say(f"next:\n  {found.command}")
