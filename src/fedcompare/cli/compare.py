"""`fedcompare compare`."""

from typing import Annotated

import typer

from fedcompare.cli import options


def compare(
    seeds: Annotated[
        int | None, typer.Option(help="How many seeds, from --seed on (key num-seeds).")
    ] = None,
    measure: Annotated[
        str | None,
        typer.Option(help="By what to decide: accuracy, AUROC, log-loss, MAE, ... (key measure)."),
    ] = None,
    margin: Annotated[
        str | None,
        typer.Option(help="The least gain that is worth it: points, or the measure's unit."),
    ] = None,
    correct: Annotated[
        str | None, typer.Option(help="Correction over silos: holm (default) or bh.")
    ] = None,
    folds: Annotated[
        int | None,
        typer.Option(
            help="In how many folds every row is held out once a seed (key folds); 1: one split."
        ),
    ] = None,
    contributions: Annotated[
        bool,
        typer.Option("--contributions", help="Also who contributes: trains every coalition."),
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Print only the verdict, as JSON.")] = False,
    model: options.Model = None,
    engine: options.Engine = None,
    device: options.Device = None,
    cpus: options.Cpus = None,
    data: options.Data = None,
    label: options.Label = None,
    task: options.Task = None,
    silo: options.Silo = None,
    group: options.Group = None,
    config: options.Config = None,
    set_: options.Set = None,
    partition: options.Partition = None,
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
    experiment = options.build_config(
        config,
        set_,
        seeds=seeds,
        folds=folds,
        measure=measure,
        margin=margin,
        correct=correct,
        model=model,
        engine=engine,
        device=device,
        cpus=cpus,
        partition=partition,
        data=data,
        label=label,
        task=task,
        silo=silo,
        group=group,
        seed=seed,
    )
    from fedcompare import api
    from fedcompare.cli.console import stderr, stdout
    from fedcompare.cli.progress import OverallProgress
    from fedcompare.cli.showing import print_findings, say_written, shown

    with OverallProgress() as progress:
        found = api.compare(
            experiment,
            results,
            contributions=contributions,
            force=force,
            verbose=verbose,
            listener=progress.listener(),
        )
    if json_:
        from fedcompare.comparison.files import verdict_json

        stdout().say_json(verdict_json(found.findings))
        return
    print_findings(found.findings)
    say_written(found.folder)
    stderr().say(f"read: {shown(found.folder / 'report.html')}")
