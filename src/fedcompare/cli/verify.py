"""`fedcompare verify`."""

from fedcompare.cli import options


def verify(run: options.Run, debug: options.Debug = False) -> None:
    """Derive a finished comparison again from its data, weights and predictions, and compare."""
    from fedcompare.cli.commands import run_verify_command

    run_verify_command(run)
