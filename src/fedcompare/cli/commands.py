"""What the commands do once their options are a configuration: call, show, say what is next."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.padding import Padding

from fedcompare.cli.console import stderr, stdout
from fedcompare.cli.progress import OverallProgress, SiloProgress
from fedcompare.config.groups import ExperimentConfig
from fedcompare.errors import SiloFailedError, StorageError, VerificationError
from fedcompare.findings.test_sets import ALL
from fedcompare.names import silo_names
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.records import EpochRecord, Origin, Phase, RoundRecord, ServerRecord
from fedcompare.report.tables import (
    accuracy_table,
    budgets_table,
    counts_table,
    gains_table,
    measurements_json,
    mistakes_table,
    rounds_table,
    seen_unseen_table,
    training_table,
)
from fedcompare.report.terminal import to_terminal
from fedcompare.runs.directory import RunDirectory
from fedcompare.runs.inputs import wanted_inputs
from fedcompare.runs.reuse import check_free, check_partition, discard_stale
from fedcompare.text.escaping import visible

if TYPE_CHECKING:
    from fedcompare.federated.history import Observer
    from fedcompare.findings.findings import Findings


def run_isolated_command(
    config: ExperimentConfig, results: Path, *, force: bool, verbose: bool
) -> None:
    """Train the isolated models and print a line per silo."""
    from fedcompare.execution.pipeline import train_isolated_regime

    run = RunDirectory(results, config)
    clashes = check_free(run, Regime.ISOLATED, _find_origin(config), force=force)
    epochs = config.isolated.isolated_epochs
    with SiloProgress(config.partition.num_silos, epochs, "epochs") as progress:

        def on_epoch(record: EpochRecord) -> None:
            progress.advance(record.silo, record.epoch, f"loss {record.loss:.4f}")
            if verbose:
                progress.say(f"silo {record.silo} epoch {record.epoch}: loss {record.loss:.4f}")

        with _failures_in_log(lambda: run.log_path("isolated")):
            trained = train_isolated_regime(config, run, on_epoch)
    stale = discard_stale(run, clashes)
    rows = ((t.silo, t.lacks, t.num_examples, t.loss, t.seconds) for t in trained)
    stdout().print(to_terminal(training_table(rows, epochs=epochs)))
    _say_where(run.regime_path(Regime.ISOLATED), stale, "fedcompare federated --rounds 3")


def run_federated_command(
    config: ExperimentConfig, results: Path, *, force: bool, verbose: bool
) -> None:
    """Train the federated model and print its accuracy after each round."""
    from fedcompare.machine.cpus import resolve_cpus

    resolve_cpus(config.resources.num_cpus)
    run, origin = RunDirectory(results, config), _find_origin(config)
    clashes = check_free(run, Regime.FEDERATED, origin, force=force)
    from fedcompare.federated.session import simulate
    from fedcompare.federated.store import write_history

    start = time.perf_counter()
    log = run.log_path("federated")
    with _failures_in_log(lambda: log), _Watcher(config) as watcher:
        history = simulate(config, log=log, observer=watcher.observer(), verbose=verbose)
    inputs = wanted_inputs(config, origin, Regime.FEDERATED)
    write_history(run, config, history, inputs=inputs, seconds=time.perf_counter() - start)
    stale = discard_stale(run, clashes)
    stdout().print(to_terminal(rounds_table(history.server)))
    _say_untested(history.untested)
    _say_where(run.regime_path(Regime.FEDERATED), stale, "fedcompare evaluate --subsets")


def run_evaluate_command(
    config: ExperimentConfig,
    results: Path,
    *,
    defaults: bool,
    chosen: Sequence[tuple[str, ...]],
    json_only: bool,
) -> None:
    """Evaluate all models and print the tables, or with `json_only` the numbers alone."""
    from fedcompare.comparison.evaluate import write_evaluation
    from fedcompare.data.datasets import load_dataset
    from fedcompare.evaluation import mistakes as wrong
    from fedcompare.evaluation import scores as ev

    data = load_dataset(config.data)
    subsets = [ev.find_subset(names, data.class_names, data.stored_names) for names in chosen]
    run = RunDirectory(results, config)
    evaluation = ev.evaluate_models(config, run)
    subsets = [*(evaluation.lacking_sets if defaults else ()), *subsets]
    measurements = list(ev.measure(evaluation, list(dict.fromkeys(subsets))))
    mistakes = list(wrong.mistakes(evaluation))
    warning = ev.find_warning(evaluation)
    place = write_evaluation(run, config, evaluation, measurements, mistakes, warning=warning)
    if warning:
        (stderr() if json_only else stdout()).say(warning)
    if json_only:
        stdout().say_json(measurements_json(measurements))
        return
    console = stdout()
    console.print(to_terminal(accuracy_table(measurements)))
    console.print(to_terminal(seen_unseen_table(measurements)))
    if mistakes:
        console.print(to_terminal(mistakes_table(list(wrong.commonest(mistakes)))))
    for note in ev.notes(evaluation):
        console.say(note)
    stderr().say(f"written: {_shown(place)}")


def run_partition_command(config: ExperimentConfig, results: Path, *, force: bool) -> None:
    """Print label counts per silo, and write them with Flower Datasets' plot."""
    from fedcompare.execution.partition import label_counts, notes, write_partition

    run = RunDirectory(results, config)
    check_partition(run, _find_origin(config), force=force)
    class_names, counts = label_counts(config)
    place = write_partition(run, config)
    console = stdout()
    console.print(to_terminal(counts_table(counts, class_names)))
    for note in notes(config):
        console.say(note)
    stderr().say(f"written: {_shown(place)}")


def run_compare_command(
    config: ExperimentConfig,
    results: Path,
    *,
    contributions: bool,
    json_only: bool,
    force: bool,
    verbose: bool,
) -> None:
    """Run the whole comparison and print the verdict, or with `json_only` the verdict as JSON."""
    from fedcompare.comparison.compare import compare, compare_log
    from fedcompare.execution.campaign import Watcher

    log = compare_log(results, config)
    with OverallProgress() as progress, _failures_in_log(lambda: log):
        watcher = Watcher(
            on_start=progress.start,
            on_steps=progress.advance,
            on_note=lambda note: progress.say(f"data: {note}"),
            on_part=lambda path: progress.say(f"made: {_shown(path)}"),
        )
        folder, findings = compare(
            config,
            results,
            contributions=contributions,
            force=force,
            verbose=verbose,
            watcher=watcher,
        )
    if json_only:
        from fedcompare.comparison.files import verdict_json

        stdout().say_json(verdict_json(findings))
        return
    _print_findings(findings)
    stderr().say(f"written: {_shown(folder)}\nread: {_shown(folder / 'report.html')}")


def run_report_command(run: Path) -> None:
    """Write the report of a finished comparison again, from its stored predictions."""
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
    stdout().say(findings.summary)
    for name in ("report.html", "report.md", "report.json"):
        stderr().say(f"written: {_shown(folder / name)}")


def run_verify_command(run: Path, dataset: str | None) -> None:
    """Check a finished comparison against its data, weights and predictions."""
    from fedcompare.comparison.stored import open_comparison
    from fedcompare.comparison.verify import verify

    problems = 0
    for check in verify(open_comparison(run), dataset=dataset):
        problems += not check.ok
        stdout().say(str(check))
    if problems:
        count = "1 check" if problems == 1 else f"{problems} checks"
        raise VerificationError(
            f"{count} failed. Do not use these results: remove the named parts and run "
            "fedcompare compare again"
        )


def run_diff_command(first: Path, second: Path) -> None:
    """Compare two finished comparisons: what the second one's federated model changes."""
    from fedcompare.comparison.diff import diff
    from fedcompare.comparison.stored import open_comparison

    found = diff(open_comparison(first), open_comparison(second))
    console = stdout()
    for table in found.tables:
        console.print(to_terminal(table))
    for note in found.notes:
        console.say(note)


def _find_origin(config: ExperimentConfig) -> Origin:
    """Load and check the data, say what is to be known of them, and return their digests."""
    from fedcompare.data.datasets import load_dataset
    from fedcompare.data.silos import find_origin

    origin = find_origin(config)
    for note in load_dataset(config.data).notes:
        stderr().say(f"data: {note}")
    return origin


def _print_findings(findings: "Findings") -> None:
    console = stdout()
    console.print(findings.summary)
    for verdict in findings.verdicts:
        console.print()
        console.print(verdict.headline, style="bold")
        for sentence in verdict.sentences:
            console.print(Padding(f"• {sentence}", (0, 0, 0, 2)))
    console.print()
    console.print(to_terminal(gains_table(findings.gains)))
    console.print(to_terminal(budgets_table(findings.budgets)))


class _Watcher:
    """Shows a federated run as it goes: a bar per silo, a line per round."""

    def __init__(self, config: ExperimentConfig) -> None:
        self._rounds = config.budget.num_server_rounds
        self._bars = SiloProgress(config.partition.num_silos, self._rounds, "rounds")
        self._lines: dict[int, list[str]] = {}

    def __enter__(self) -> "_Watcher":
        self._bars.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bars.__exit__(*exception)

    def observer(self) -> "Observer":
        from fedcompare.federated.history import Observer

        return Observer(on_round=self._on_round, on_server=self._on_server)

    def _on_round(self, record: RoundRecord) -> None:
        if record.phase is Phase.TRAIN:
            self._bars.advance(record.silo, record.round, f"loss {record.loss:.4f}")

    def _on_server(self, record: ServerRecord) -> None:
        if record.evaluated_on == ALL and record.accuracy is not None:
            self._bars.say(
                f"round {record.round}/{self._rounds}: {100 * record.accuracy:.2f} % of all classes"
            )


@contextmanager
def _failures_in_log(find_log: Callable[[], Path]) -> Iterator[None]:
    """Write a silo's failure and its traceback to the command's log, and say where.

    A log that cannot be written takes nothing from the failure itself.
    """
    try:
        yield
    except SiloFailedError as error:
        try:
            log = find_log()
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("a", encoding="utf-8", errors="backslashreplace") as file:
                file.write(f"{error}\n{error.details}\n")
        except (OSError, StorageError):
            raise error from None
        raise SiloFailedError(f"{error}\nlog: {_shown(log)}", details=error.details) from error


def _say_untested(silos: Sequence[int]) -> None:
    if silos:
        note = f"without test examples of their own, and so without accuracy: {silo_names(silos)}"
        stderr().print(note, soft_wrap=True)


def _say_where(place: Path, stale: Sequence[Path], following: str) -> None:
    for path in stale:
        stderr().say(f"removed, since it is of an earlier run: {_shown(path)}")
    note = "with the same --config, --set, --seed and --results"
    stderr().say(f"written: {_shown(place)}\nnext ({note}):\n  {following}")


def _shown(path: Path) -> str:
    """Return a path on one line."""
    return visible(str(path))
