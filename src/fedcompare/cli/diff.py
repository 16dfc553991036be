"""`fedcompare diff`."""

from pathlib import Path
from typing import Annotated

import typer

from fedcompare.cli import options


def diff(
    first: Annotated[Path, typer.Argument(metavar="RUN1", help="Folder of an experiment.")],
    second: Annotated[Path, typer.Argument(metavar="RUN2", help="Folder of another one.")],
    debug: options.Debug = False,
) -> None:
    """Compare two finished comparisons: the second one's federated model minus the first one's."""
    from fedcompare.cli.commands import run_diff_command

    run_diff_command(first, second)
