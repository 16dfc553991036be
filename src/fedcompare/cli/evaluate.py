"""`fedcompare evaluate`."""

from typing import TYPE_CHECKING, Annotated

import typer

from fedcompare.classes import split_names
from fedcompare.cli import options

if TYPE_CHECKING:
    from fedcompare.comparison.evaluate import Evaluation


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
    model: options.Model = None,
    device: options.Device = None,
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
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Measure all trained models alike and write tables, confusion matrices and curves."""
    chosen = [_parse_subset(text) for text in subset or []]
    experiment = options.build_config(
        config,
        set_,
        model=model,
        device=device,
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
    from fedcompare.cli.showing import say_written
    from fedcompare.comparison.evaluate import measurements_json

    found = api.evaluate(experiment, results, lacking=subsets, subsets=chosen)
    evaluation = found.evaluation
    if evaluation.warning:
        (stderr() if json_ else stdout()).say(evaluation.warning)
    if json_:
        stdout().say_json(measurements_json(evaluation.measurements()))
        return
    _print(evaluation)
    say_written(found.folder)


def _print(evaluation: "Evaluation") -> None:
    from fedcompare.cli.console import stdout
    from fedcompare.evaluation.mistakes import commonest
    from fedcompare.report.evaluation import mistakes_table, of_silos_table, whole_table
    from fedcompare.report.terminal import to_terminal

    console, names = stdout(), evaluation.silo_names
    console.print(to_terminal(whole_table(evaluation.scores, names)))
    console.print(to_terminal(of_silos_table(evaluation.scores, names)))
    if evaluation.mistakes:
        console.print(to_terminal(mistakes_table(list(commonest(evaluation.mistakes)), names)))
    for note in evaluation.notes:
        console.say(note)


def _parse_subset(text: str) -> tuple[str, ...]:
    try:
        return split_names(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is no list of names such as cat,dog or '\"a,b\",c': {error}",
            param_hint="--subset",
        ) from error
