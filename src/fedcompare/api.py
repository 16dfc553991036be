"""What fedcompare can do: for programs and notebooks, and for the command line.

    from pathlib import Path
    from fedcompare import api

    config = api.configure({"num-silos": 2, "excluded-classes": ""})
    print(api.compare(config, Path("results")).findings.summary)

Every function takes a configuration and the folder for results, does what the command of its
name does, and returns what it made; none prints. Expected failures are `FedcompareError`s. What
only one function needs is imported when it is called: torch, Flower and the report are large.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fedcompare.config.choices import check_choice
from fedcompare.config.groups import ExperimentConfig, PartitionConfig
from fedcompare.config.listed import Listed
from fedcompare.config.parsing import Setting, parse_config, read_settings
from fedcompare.findings.checks import Check
from fedcompare.findings.findings import Findings
from fedcompare.regimes.catalog import Regime, row_of
from fedcompare.regimes.devices import CPU
from fedcompare.regimes.listener import Listener
from fedcompare.regimes.records import RoundRecord, ServerRecord

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from fedcompare.comparison.diff import Difference
    from fedcompare.comparison.evaluate import Evaluation
    from fedcompare.data.inspection.found import Inspection
    from fedcompare.data.silos import Silos
    from fedcompare.statistics.given import GivenGain

RESULTS = Path("results")
SILENT = Listener()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Partitioned:
    """The part `partition/`, what each silo has, and sentences on what the counts leave out."""

    folder: Path
    silos: "Silos"
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trained:
    """A regime's part, as it is stored; `removed` are parts of an earlier run that it outdated.

    `reports` say what each silo did in each round, `server` how good the global model was after
    it, which only a federation has.
    """

    folder: Path
    silos: "Silos"
    reports: tuple[RoundRecord, ...]
    server: tuple[ServerRecord, ...]
    removed: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluated:
    """The part `evaluation/`, and what it says."""

    folder: Path
    evaluation: "Evaluation"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compared:
    """The folder `comparison/`, and what was found."""

    folder: Path
    findings: Findings


def configure(
    keys: Mapping[str, object] | None = None, *, file: Path | None = None
) -> ExperimentConfig:
    """Return the configuration: the defaults, then a TOML file, then `keys` as in such a file.

    Relative paths of data are relative to the working folder.

    Raises:
        ConfigError: listing all problems at once.
        FedcompareError: the data decide of a key, and cannot be loaded.
    """
    settings = read_settings(file) if file else {}
    settings |= {key: Setting(value, key) for key, value in (keys or {}).items()}
    return settled(parse_config(settings).located())


def settled(config: ExperimentConfig) -> ExperimentConfig:
    """Return the experiment with what its data decide of the keys that nobody set.

    That is how many silos there are, and for a table the settings of training. Every function
    below does this first; to be told of them before, do it here.

    And with a device of this machine, where it was left open.

    Raises:
        ConfigError: other keys ask for other silos, or name what there is not.
        FedcompareError: the data cannot be loaded, or there is no such device.
    """
    if config.train.device != CPU:
        from fedcompare.learning.devices import settle_device

        config = settle_device(config)
    is_tutorial = config.data.source.place is None and not config.data.silo
    if is_tutorial and config.comparison.folds < 2:
        return config  # without torch
    from fedcompare.data.silos import settle
    from fedcompare.execution.plan import check_choices

    check_choices(config)  # what needs no data is not to wait for them
    return settle(config)


def inspect(config: ExperimentConfig) -> "Inspection":
    """Return what data hold and what will be done with them, before anything is trained.

    Of a table, label and silo may be unknown.

    Raises:
        FedcompareError: the data cannot be loaded, or something in them is not what it has to be.
    """
    from fedcompare.data.inspection.inspecting import inspect_data

    if config.partition != PartitionConfig():
        from fedcompare.data.partitions.catalog import check_partitioner
        from fedcompare.data.transforms.catalog import check_transforms

        check_partitioner(config.partition)
        check_transforms(config.partition)
    return inspect_data(config)


def partition(
    config: ExperimentConfig,
    results: Path = RESULTS,
    *,
    export: Path | None = None,
    force: bool = False,
    listener: Listener | None = None,
) -> Partitioned:
    """Count each silo's examples of each class, and write them with a picture.

    `export` is a file for which row went to which silo, of which the key `partition` makes the
    same silos again, as "plan:FILE".

    Raises:
        FedcompareError: bad data, or a part of another configuration or an exported plan that is
            there, and no `force`.
    """
    from fedcompare.data.partitions.catalog import check_partitioner
    from fedcompare.execution.partition import check_export, export_plan, notes, write_partition
    from fedcompare.runs.directory import PARTITION, RunDirectory
    from fedcompare.runs.lock import claimed, seed_part
    from fedcompare.runs.reuse import check_partition

    check_partitioner(config.partition)
    config = settled(config)
    if export:
        check_export(export, force=force)
    run = RunDirectory(results, config)
    with claimed(config, results, "partition", [seed_part(config, PARTITION)]):
        silos = _load(config, listener or SILENT)
        check_partition(run, silos.origin, force=force)
        folder = write_partition(run, silos)
        if export:
            export_plan(export, config, silos)
    return Partitioned(folder=folder, silos=silos, notes=tuple(notes(silos)))


def train(
    config: ExperimentConfig,
    regime: Regime,
    results: Path = RESULTS,
    *,
    force: bool = False,
    verbose: bool = False,
    listener: Listener | None = None,
) -> Trained:
    """Train the models of one regime that needs no other: isolated, federated, ...

    With `verbose`, what Flower and Ray log is also printed to standard error.

    Raises:
        ValueError: the regime is made from another one's models; `compare` makes those.
        FedcompareError: bad data, a silo that failed, training that diverged, or a finished part
            and no `force`.
    """
    from fedcompare.execution.campaign import make_parts
    from fedcompare.execution.failures import logged
    from fedcompare.execution.plan import check_choices, check_trainable, training_stage
    from fedcompare.federated.engines.catalog import SIMULATION
    from fedcompare.machine.cpus import resolve_cpus
    from fedcompare.runs.directory import RunDirectory
    from fedcompare.runs.lock import claimed, seed_part
    from fedcompare.runs.reading import read_reports, read_server
    from fedcompare.runs.reuse import check_free, discard_stale

    if row_of(regime).source:
        raise ValueError(f"{regime} is made from {row_of(regime).source}: use compare")
    check_choices(config)
    resolve_cpus(config.resources.num_cpus)
    config = settled(config)
    run = RunDirectory(results, config)
    log = run.log_path(regime)
    with claimed(config, results, regime, [seed_part(config, regime)]), logged(log):
        silos = _load(config, listener or SILENT)
        clashes = check_free(run, regime, silos.origin, force=force)
        stage = training_stage(run, regime)
        check_trainable(config, [stage])
        make_parts(
            config,
            [stage],
            engine=config.resources.engine or SIMULATION,
            log=log,
            verbose=verbose,
            listener=listener or SILENT,
        )
        removed = discard_stale(run, clashes)
    return Trained(
        folder=run.regime_path(regime),
        silos=silos,
        reports=read_reports(run, regime),
        server=read_server(run, regime),
        removed=tuple(removed),
    )


def evaluate(
    config: ExperimentConfig,
    results: Path = RESULTS,
    *,
    lacking: bool = False,
    subsets: Sequence[tuple[str, ...]] = (),
) -> Evaluated:
    """Measure the isolated models and the federated one alike, and write tables and pictures.

    Also on the classes that each silo is `lacking`, and on `subsets`: names of classes.

    Raises:
        FedcompareError: a model is missing or altered, or a class does not exist.
    """
    from fedcompare.comparison import evaluate as work
    from fedcompare.data.partitions.catalog import check_partitioner
    from fedcompare.data.silos import load_silos
    from fedcompare.runs.directory import EVALUATION, RunDirectory
    from fedcompare.runs.lock import claimed, seed_part

    check_partitioner(config.partition)
    config = settled(config)
    used = [seed_part(config, part) for part in (*work.EVALUATED, EVALUATION)]
    with claimed(config, results, "evaluate", used):
        silos, run = load_silos(config), RunDirectory(results, config)
        chosen = [work.find_subset(names, silos) for names in subsets]
        every = [*(work.lacking_sets(silos) if lacking else ()), *chosen]
        evaluation = work.evaluate(run, silos, every)
        folder = work.write_evaluation(run, silos, evaluation)
    return Evaluated(folder=folder, evaluation=evaluation)


def compare(
    config: ExperimentConfig,
    results: Path = RESULTS,
    *,
    contributions: bool = False,
    force: bool = False,
    verbose: bool = False,
    listener: Listener | None = None,
) -> Compared:
    """Should each silo federate? Make what is missing of all seeds, and write the verdict.

    With `contributions`, also who contributes, which trains every coalition.

    Raises:
        FedcompareError: bad data, one seed only, a silo that failed, or parts that are damaged or
            of another configuration and no `force`; finished parts are kept.
    """
    from fedcompare.comparison import compare as work
    from fedcompare.execution.failures import logged

    config = settled(config)
    with logged(work.compare_log(results, config)):
        folder, findings = work.compare(
            config,
            results,
            contributions=contributions,
            force=force,
            verbose=verbose,
            listener=listener or SILENT,
        )
    return Compared(folder=folder, findings=findings)


def report(run: Path) -> Compared:
    """Write the report of a finished comparison again; `run` is an experiment's folder.

    Raises:
        FedcompareError: the comparison is not finished, damaged or altered.
    """
    from fedcompare.comparison.files import write_comparison
    from fedcompare.comparison.stored import check_unaltered, open_comparison
    from fedcompare.runs.lock import claimed, comparison_parts

    found = open_comparison(run)
    with claimed(found.config, found.results, "report", comparison_parts(found.config)):
        folder, findings = write_comparison(
            found.results,
            found.config,
            contributions=found.contributions,
            made_from=check_unaltered(found),
        )
    return Compared(folder=folder, findings=findings)


def diff(first: Path, second: Path) -> "Difference":
    """Return what the second comparison's federated model changes against the first one's.

    Raises:
        FedcompareError: one is not finished or damaged, or they have other silos or classes.
    """
    from fedcompare.comparison.diff import diff as find_difference
    from fedcompare.comparison.stored import open_comparison

    return find_difference(open_comparison(first), open_comparison(second))


def verify(run: Path, *, dataset: str | None = None) -> Iterator[Check]:
    """Yield a check for all that a finished comparison rests on, from the data up.

    `dataset` says where the data are now, if they were moved.

    Raises:
        FedcompareError: the comparison is not finished, or the data cannot be loaded.
    """
    from fedcompare.comparison.stored import open_comparison
    from fedcompare.comparison.verify import verify as check

    yield from check(open_comparison(run), dataset=dataset)


def paired_gain(
    differences: "ArrayLike",
    *,
    classes: "ArrayLike | None" = None,
    shares: "ArrayLike | None" = None,
    groups: "ArrayLike | None" = None,
    folds: "int | ArrayLike | None" = None,
    bounds: tuple[float, float] | None = (-1, 1),
    confidence: float = 0.95,
) -> "GivenGain":
    """Return the mean of paired differences with an interval for new seeds and new examples.

    It is the interval behind every verdict; docs/coverage.md counts how often it holds the true
    gain. Two seeds give numbers; three are the least for a verdict (`lack`).

        rng = np.random.default_rng(0)
        right = rng.random((5, 200)) < 0.9, rng.random((5, 200)) < 0.8
        api.paired_gain(right[0].astype(float) - right[1]).low

    Args:
        differences: Float [K seeds, N examples], challenger minus baseline, above 0 where it is
            better: of right answers -1, 0 or 1.
        classes: Each example's class, int [N] of 0 to C - 1, for a gain of classes with shares.
        shares: What each class weighs, float [C]; they add up to 1. Examples of a class without
            a share do not count.
        groups: Which person, family or device each example is of, int [N]: groups are independent
            then, and not examples.
        folds: How many folds there are, where the N rows were cross-fitted: each was answered by
            models that were trained on the other folds. Or the fold of each row, int [N] or [K, N],
            of which only their number counts.
        bounds: The least and the largest value that a difference can have, None without any, as
            of errors.
        confidence: The interval's, between 0 and 1.

    Returns:
        `gain`, `low`, `high`, `p_value`, `standard_error` and `lack`, in the differences' unit.

    Raises:
        ArgumentError: an argument is wrong, which is named; it is a ValueError, too.
    """
    from fedcompare.statistics.given import gain_of

    return gain_of(
        differences,
        classes=classes,
        shares=shares,
        groups=groups,
        folds=folds,
        bounds=bounds,
        confidence=confidence,
    )


def doctor(results: Path = RESULTS) -> Iterator[Check]:
    """Yield a check for all that fedcompare needs from this machine; the last one starts Ray."""
    from fedcompare.doctor import diagnose

    yield from diagnose(results)


def catalog(name: str) -> tuple[Listed, ...]:
    """Return what there is to choose from: the rows of a catalog, by its name.

    Raises:
        ConfigError: there is no such catalog.
    """
    check_choice("catalog", name, _CATALOGS)
    return tuple(_CATALOGS[name]())


def _partitioners() -> Iterator[Listed]:
    from fedcompare.data.partitions.catalog import list_partitioners

    yield from list_partitioners()


def _measures() -> Iterator[Listed]:
    from fedcompare.evaluation.measures.catalog import list_measures

    yield from list_measures()


def _models() -> Iterator[Listed]:
    from fedcompare.learning.models.catalog import list_models

    yield from list_models()


def _transforms() -> Iterator[Listed]:
    from fedcompare.data.transforms.catalog import list_transforms

    yield from list_transforms()


def _sources() -> Iterator[Listed]:
    from fedcompare.data.sources.catalog import list_sources

    yield from list_sources()


_CATALOGS: Mapping[str, Callable[[], Iterator[Listed]]] = {
    "measures": _measures,
    "models": _models,
    "partitioners": _partitioners,
    "sources": _sources,
    "transforms": _transforms,
}


def _load(config: ExperimentConfig, listener: Listener) -> "Silos":
    """Load and check the data, and tell what is to be known of them."""
    from fedcompare.data.silos import load_silos

    silos = load_silos(config)
    for note in silos.notes:
        listener.on_note(f"data: {note}")
    listener.on_silos(silos.names)
    return silos
