"""`fedcompare list`."""

from typing import Annotated

import typer

from fedcompare.cli import options


def list_catalog(
    catalog: Annotated[
        str, typer.Argument(metavar="CATALOG", help="What to list, such as partitioners.")
    ],
    debug: options.Debug = False,
) -> None:
    """Print what there is to choose from, with arguments and a line each."""
    from rich.padding import Padding

    from fedcompare import api
    from fedcompare.cli.console import stdout

    console = stdout()
    for row in api.catalog(catalog):
        console.say(row.written)
        console.print(Padding(row.line, (0, 0, 0, 4)))
