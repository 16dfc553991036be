"""`fedcompare doctor`."""

import typer

from fedcompare.cli import options


def doctor(
    results: options.Results = options.DEFAULT_RESULTS, debug: options.Debug = False
) -> None:
    """Check Python, packages, CPUs, data, folders, the terminal and Ray; say what is wrong.

    Takes some seconds, since it starts Ray and ends it again.
    """
    from fedcompare import api
    from fedcompare.cli.console import stdout

    all_ok = True
    for check in api.doctor(results):
        stdout().say(str(check))
        all_ok = all_ok and check.ok
    if not all_ok:
        raise typer.Exit(1)
