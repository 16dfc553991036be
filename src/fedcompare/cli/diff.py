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
    from fedcompare import api
    from fedcompare.cli.console import stdout
    from fedcompare.report.terminal import to_terminal

    found = api.diff(first, second)
    for table in found.tables:
        stdout().print(to_terminal(table))
    for note in found.notes:
        stdout().say(note)
