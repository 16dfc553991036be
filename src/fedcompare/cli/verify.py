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
    from fedcompare import api
    from fedcompare.cli.console import stdout
    from fedcompare.errors import VerificationError

    problems = 0
    for check in api.verify(run, dataset=dataset):
        problems += not check.ok
        stdout().say(str(check))
    if problems:
        count = "1 check" if problems == 1 else f"{problems} checks"
        raise VerificationError(
            f"{count} failed. Do not use these results: remove the named parts and run "
            "fedcompare compare again"
        )
