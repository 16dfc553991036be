"""`fedcompare verify`."""

from typing import Annotated

import typer

from fedcompare.cli import options


def verify(
    run: options.Run,
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE", help="Where the data are now, if they moved, such as idx:FOLDER."
        ),
    ] = None,
    debug: options.Debug = False,
) -> None:
    """Derive a finished comparison again from its data, weights and predictions, and compare."""
    from fedcompare.cli.commands import run_verify_command

    run_verify_command(run, dataset)
