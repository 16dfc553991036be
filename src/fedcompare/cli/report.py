"""`fedcompare report`."""

from fedcompare.cli import options


def report(run: options.Run, debug: options.Debug = False) -> None:
    """Write a finished comparison's report again: HTML, Markdown and JSON."""
    from fedcompare import api
    from fedcompare.cli.console import stdout
    from fedcompare.cli.showing import say_written

    found = api.report(run)
    stdout().say(found.findings.summary)
    say_written(*(found.folder / name for name in ("report.html", "report.md", "report.json")))
