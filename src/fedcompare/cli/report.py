"""`fedcompare report`."""

from fedcompare.cli import options


def report(run: options.Run, debug: options.Debug = False) -> None:
    """Write a finished comparison's report again: HTML, Markdown and JSON."""
    from fedcompare.cli.commands import run_report_command

    run_report_command(run)
