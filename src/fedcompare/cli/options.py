"""The options that commands share, and the configuration they make."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fedcompare.config.groups import ExperimentConfig

Config = Annotated[
    Path | None,
    typer.Option(help="TOML file of the experiment; without it, the MNIST tutorial."),
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override one key; repeatable."),
]
Partition = Annotated[
    str | None,
    typer.Option(
        metavar="RULE",
        help='How examples are split over silos: "dirichlet(alpha=0.5)", plan:FILE, ...; '
        "see: fedcompare list partitioners",
    ),
]
Data = Annotated[
    str | None,
    typer.Option(metavar="PATH", help="The data: a table (.csv, .tsv, .parquet), a folder, ..."),
]
Label = Annotated[str | None, typer.Option(metavar="COLUMN", help="What models are to tell.")]
Task = Annotated[
    str | None,
    typer.Option(
        metavar="TASK",
        help="What labels are: multi-class, binary or regression; without it, found out.",
    ),
]
Silo = Annotated[str | None, typer.Option(metavar="COLUMN", help="Which silo has a row.")]
Group = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="Whose a row is: rows of one patient are never split."),
]
Seed = Annotated[int | None, typer.Option(help="Seed of everything random.")]
Results = Annotated[Path, typer.Option(help="Folder for results.")]
Force = Annotated[bool, typer.Option("--force", help="Replace a finished result.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Show what the libraries below log.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")]
Model = Annotated[
    str | None,
    typer.Option(help='Model, as "linear", "mlp(hidden=[200, 200])" or "my_module:my_function".'),
]
LearningRate = Annotated[float | None, typer.Option("--lr", help="Learning rate.")]
BatchSize = Annotated[int | None, typer.Option(help="Examples in one step.")]
Device = Annotated[
    str | None,
    typer.Option(help="What models train and answer on: cpu, cuda, mps, or auto, the fastest."),
]
Cpus = Annotated[int | None, typer.Option("--cpus", help="CPUs to use; 0: all.")]
Engine = Annotated[
    str | None,
    typer.Option(help="What runs the silos' clients: simulation (Ray) or in-process."),
]

Run = Annotated[
    Path, typer.Argument(metavar="RUN", help="Folder of an experiment, such as results/mnist.")
]

DEFAULT_RESULTS = Path("results")


# Option name -> (what the user types, the key it sets).
_OPTION_KEYS = {
    "data": ("--data", "dataset"),
    "label": ("--label", "label"),
    "task": ("--task", "task"),
    "silo": ("--silo", "silo"),
    "group": ("--group", "group"),
    "seed": ("--seed", "seed"),
    "model": ("--model", "model"),
    "partition": ("--partition", "partition"),
    "lr": ("--lr", "learning-rate"),
    "batch_size": ("--batch-size", "batch-size"),
    "device": ("--device", "device"),
    "cpus": ("--cpus", "num-cpus"),
    "engine": ("--engine", "engine"),
    "rounds": ("--rounds", "num-server-rounds"),
    "isolated_epochs": ("--epochs", "isolated-epochs"),
    "local_epochs": ("--epochs", "local-epochs"),
    "seeds": ("--seeds", "num-seeds"),
    "folds": ("--folds", "folds"),
    "measure": ("--measure", "measure"),
    "margin": ("--margin", "margin"),
    "correct": ("--correct", "correct"),
    "fraction_evaluate": ("--fraction-evaluate", "fraction-evaluate"),
}


def build_config(
    file: Path | None, assignments: list[str] | None, **options: object
) -> "ExperimentConfig":
    """Return the configuration: defaults, then the file, then `--set`, then plain options.

    The data decide of what nobody set: how many silos there are, and the settings of training.

    A relative path of data is relative to the working folder.

    Raises:
        ConfigError: listing all problems at once.
        FedcompareError: the data decide of a key, and cannot be loaded.
    """
    from fedcompare.api import settled

    return settled(read_config(file, assignments, **options))


def read_config(
    file: Path | None, assignments: list[str] | None, **options: object
) -> "ExperimentConfig":
    """Return the configuration before any data are looked at; raises ConfigError.

    With `--data` and without a name, the experiment has that of the data.
    """
    from fedcompare.config.groups import experiment_name
    from fedcompare.config.parsing import Setting, parse_assignment, parse_config, read_settings

    settings = read_settings(file) if file else {}
    settings |= dict(parse_assignment(text) for text in assignments or [])
    if (data := options.get("data")) is not None and "name" not in settings:
        settings["name"] = Setting(experiment_name(str(data)), "--data")
    for name, value in options.items():
        typed, key = _OPTION_KEYS[name]
        if value is not None:
            settings[key] = Setting(value, typed)
    return parse_config(settings).located()
