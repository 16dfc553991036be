"""`fedcompare doctor`."""

import typer

from fedcompare.cli import options


def doctor(
    results: options.Results = options.DEFAULT_RESULTS, debug: options.Debug = False
) -> None:
    """Check Python, packages, CPUs, data, cache and the results folder; say what is wrong."""
    from fedcompare.cli.console import stdout
    from fedcompare.doctor import diagnose

    checks = diagnose(results)
    for check in checks:
        stdout().say(str(check))
    if not all(check.ok for check in checks):
        raise typer.Exit(1)
