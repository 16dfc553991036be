"""The entry point: commands, and the one place where errors become messages and exit codes."""

import io
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import click
import typer

from fedcompare.cli.compare import compare
from fedcompare.cli.diff import diff
from fedcompare.cli.doctor import doctor
from fedcompare.cli.evaluate import evaluate
from fedcompare.cli.federated import federated
from fedcompare.cli.inspect import inspect
from fedcompare.cli.isolated import isolated
from fedcompare.cli.listing import list_catalog
from fedcompare.cli.partition import partition
from fedcompare.cli.report import report
from fedcompare.cli.verify import verify
from fedcompare.errors import ExitCode, FedcompareError, from_system

app = typer.Typer(
    name="fedcompare",
    help="Should these data holders federate? Train isolated and federated models and compare.",
    epilog="Start with: fedcompare compare. Or step by step: fedcompare isolated, "
    "fedcompare federated, fedcompare evaluate --subsets",
    no_args_is_help=True,
    suggest_commands=False,  # click's own suggestion would stand there twice
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    inspect,
    partition,
    isolated,
    federated,
    evaluate,
    compare,
    report,
    diff,
    verify,
    doctor,
):
    app.command()(command)
app.command("list")(list_catalog)


def _print_version(value: bool) -> None:
    if value:
        from fedcompare.cli.console import stdout
        from fedcompare.machine.environment import versions

        for package, version in versions().items():
            stdout().say(f"{package} {version}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print versions and exit."
        ),
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line and leave the process with its exit code."""
    # Large pages for torch: the faults of small ones take longer than filling 188 MB of inputs.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    # A table's memory is given back column by column, which pyarrow's own allocator does not.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    # Pictures go to files only; a notebook's shell names a back end that may not be there.
    os.environ["MPLBACKEND"] = "agg"
    code = _flushed(run(sys.argv[1:]))
    sys.exit(code)


def _flushed(code: int) -> int:
    """Write out what is printed, and return `code`, or another where that fails."""
    try:
        sys.stdout.flush()
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):
            code = _fail(f"cannot write the output: {error.strerror}", ExitCode.STORAGE)
    sys.stderr.flush()
    return code


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code; expected failures print one message."""
    debug = "--debug" in arguments
    _escape_what_has_no_code()
    try:
        result = app(args=list(arguments), prog_name="fedcompare", standalone_mode=False)
    except click.exceptions.Exit as error:
        result = error.exit_code
    except click.ClickException as error:
        usage = io.StringIO()
        error.show(usage)
        return _say(usage.getvalue().rstrip("\n"), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return _interrupted()
    except BrokenPipeError:
        return ExitCode.OK
    except Exception as error:
        if debug:
            _say(traceback.format_exc().rstrip("\n"), ExitCode.UNEXPECTED)
        return _report(from_system(error) or error)
    # Typer returns this code for Ctrl-C, without a word.
    return _interrupted() if result == ExitCode.INTERRUPTED else int(result or ExitCode.OK)


def _report(error: Exception) -> int:
    if isinstance(error, FedcompareError):
        return _fail(str(error), error.exit_code)
    return _fail(
        f"unexpected {type(error).__name__}: {error}\n"
        "This is a fault of fedcompare's. Run again with --debug to see where.",
        ExitCode.UNEXPECTED,
    )


def _interrupted() -> int:
    return _fail("interrupted; finished parts are kept, nothing half-done is", ExitCode.INTERRUPTED)


def _fail(message: str, code: ExitCode) -> int:
    return _say(f"fedcompare: {message}", code)


def _say(text: str, code: int) -> int:
    from fedcompare.cli.console import stderr

    stderr().say(text)
    return code


def _escape_what_has_no_code() -> None:
    """Let streams escape what they cannot encode, whoever prints it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
