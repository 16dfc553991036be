"""`fedcompare compare`."""

from typing import Annotated

import typer

from fedcompare.cli import options


def compare(
    seeds: Annotated[
        int | None, typer.Option(help="How many seeds, from --seed on (key num-seeds).")
    ] = None,
    contributions: Annotated[
        bool,
        typer.Option("--contributions", help="Also who contributes: trains every coalition."),
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print only the verdict, as JSON.")] = False,
    cpus: options.Cpus = None,
    config: options.Config = None,
    set_: options.Set = None,
    seed: options.Seed = None,
    results: options.Results = options.DEFAULT_RESULTS,
    force: Annotated[
        bool,
        typer.Option("--force", help="Replace parts that are damaged or of other configurations."),
    ] = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Should each silo federate? Run everything over several seeds and write the verdict.

    Finished parts are used again, and an interrupted comparison goes on where it stopped.
    """
    experiment = options.build_config(config, set_, seeds=seeds, cpus=cpus, seed=seed)
    from fedcompare.cli.commands import run_compare_command

    run_compare_command(
        experiment,
        results,
        contributions=contributions,
        json_only=json_,
        force=force,
        verbose=verbose,
    )
