"""`fedcompare partition`."""

from fedcompare.cli import options


def partition(
    config: options.Config = None,
    set_: options.Set = None,
    seed: options.Seed = None,
    results: options.Results = options.DEFAULT_RESULTS,
    force: options.Force = False,
    verbose: options.Verbose = False,
    debug: options.Debug = False,
) -> None:
    """Show how many examples of each class each silo has, as a table and a picture."""
    experiment = options.build_config(config, set_, seed=seed)
    from fedcompare.cli.commands import run_partition_command
    from fedcompare.runs.lock import claimed, seed_part

    with claimed(experiment, results, "partition", [seed_part(experiment, "partition")]):
        run_partition_command(experiment, results, force=force)
