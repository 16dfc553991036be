"""`fedcompare evaluate`."""

from typing import Annotated

import typer

from fedcompare.classes import split_names
from fedcompare.cli import options


def evaluate(
    subsets: Annotated[
        bool, typer.Option("--subsets", help="Also on the classes that each silo lacks.")
    ] = False,
    subset: Annotated[
        list[str] | None,
        typer.Option(metavar="CLASSES", help="Also on these classes, as cat,dog; repeatable."),
    ] = None,
    json_: Annotated[
        bool, typer.Option("--json", help="Print only a JSON list, one object per number.")
    ] = False,
    config: options.Config = None,
    set_: options.Set = None,
    seed: options.Seed = None,
    results: options.Results = options.DEFAULT_RESULTS,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Measure all trained models alike and write tables, confusion matrices and curves."""
    chosen = [_parse_subset(text) for text in subset or []]
    experiment = options.build_config(config, set_, seed=seed)
    from fedcompare.cli.commands import run_evaluate_command
    from fedcompare.runs.lock import claimed, seed_part

    used = [seed_part(experiment, part) for part in ("isolated", "federated", "evaluation")]
    with claimed(experiment, results, "evaluate", used):
        run_evaluate_command(experiment, results, defaults=subsets, chosen=chosen, json_only=json_)


def _parse_subset(text: str) -> tuple[str, ...]:
    try:
        return split_names(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no list of names such as cat,dog or '\"a,b\",c': {error}",
            param_hint="--subset",
        ) from error
