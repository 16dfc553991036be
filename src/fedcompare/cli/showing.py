"""What commands say once their work is done."""

from collections.abc import Sequence
from pathlib import Path

from rich.padding import Padding

from fedcompare.cli.console import stderr, stdout
from fedcompare.findings.findings import Findings
from fedcompare.names import silo_names
from fedcompare.report.blocks import MANY
from fedcompare.report.context import ledger_sheet
from fedcompare.report.gains import gains_sheet
from fedcompare.report.many import sure_lines
from fedcompare.report.terminal import to_terminal
from fedcompare.text.escaping import visible


def say_written(*paths: Path) -> None:
    """Say where results are."""
    for path in paths:
        stderr().say(f"written: {shown(path)}")


def say_trained(folder: Path, removed: Sequence[Path], following: str) -> None:
    """Say where a regime's part is, what it outdated, and which command comes next."""
    for path in removed:
        stderr().say(f"removed, since it is of an earlier run: {shown(path)}")
    note = "with the same --data, --label, --task, --silo, --config, --set, --seed and --results"
    say_written(folder)
    stderr().say(f"next ({note}):\n  {following}")


def say_untested(silos: Sequence[int], names: Sequence[str] = ()) -> None:
    """Say which silos have no accuracy of their own, if any."""
    if silos:
        who = silo_names(silos, names)
        stderr().say(f"without test examples of their own, and so without accuracy: {who}")


def print_findings(findings: Findings) -> None:
    """Print the verdict, and the numbers behind it.

    Of many silos, those who surely gain or lose are named; every silo's verdict is in the report.
    """
    console = stdout()
    console.print(findings.summary)
    for found in findings.consortium:
        if found.leads:
            _print_said(f"All silos together, {found.question.value}", found.sentences)
    many = len(findings.silos) > MANY
    for verdict in () if many else findings.verdicts:
        _print_said(verdict.headline, verdict.sentences)
    console.print()
    if many:
        _print_said("Who surely gains or loses", sure_lines(findings) or ["Nobody."])
        console.print("Every silo's verdict is in the report.")
        console.print()
    else:
        console.print(to_terminal(gains_sheet(findings)))
    console.print(to_terminal(ledger_sheet(findings)))


def _print_said(headline: str, sentences: Sequence[str]) -> None:
    console = stdout()
    console.print()
    console.print(headline, style="bold")
    for sentence in sentences:
        console.print(Padding(f"• {sentence}", (0, 0, 0, 2)))


def shown(path: Path) -> str:
    """Return a path on one line."""
    return visible(str(path))
