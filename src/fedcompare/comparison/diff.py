"""`fedcompare diff`: two finished comparisons in the same terms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fedcompare.comparison.gains import ALPHA, ask, for_interval
from fedcompare.comparison.stored import Comparison, read_findings
from fedcompare.errors import ResultsError, WeightsError
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.stored import SeedAnswers, read_seed_answers
from fedcompare.findings.findings import Findings
from fedcompare.findings.gains import Gain
from fedcompare.names import Question
from fedcompare.regimes.catalog import Regime
from fedcompare.report.tables import Cell, Table, interval_text
from fedcompare.runs.directory import RunDirectory
from fedcompare.statistics import PairedGain, decide, holm, paired_gain


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Tables to show, and notes on what could not be compared."""

    tables: tuple[Table, ...]
    notes: tuple[str, ...]


def diff(first: Comparison, second: Comparison) -> Difference:
    """Return what the second comparison's federated model changes against the first one's.

    Where both have the same test set, seeds and partitions, the difference is paired by seed
    and by test example, with an interval and Holm's correction, as every gain is.

    Raises:
        ResultsError: the two have other silos or classes.
    """
    old, new = read_findings(first.folder), read_findings(second.folder)
    _check_alike(old, new)
    tables = [_config_table(old, new), _gains_table(old, new)]
    notes = []
    try:
        tables.append(_paired_table(first, second))
    except _NotPairedError as reason:
        notes.append(f"No paired difference with an interval: {reason}.")
    except (ResultsError, WeightsError) as error:
        notes.append(f"No paired difference with an interval: {error}")
    return Difference(tables=tuple(tables), notes=tuple(notes))


class _NotPairedError(Exception):
    """The two comparisons cannot be paired by seed and example; the message says why."""


def _check_alike(old: Findings, new: Findings) -> None:
    if [s.silo for s in old.silos] != [s.silo for s in new.silos]:
        raise ResultsError(
            f"{old.name} has {len(old.silos)} silos and {new.name} has {len(new.silos)}; "
            "a silo of one is no silo of the other, so there is nothing to compare"
        )
    if old.class_names != new.class_names:
        raise ResultsError(f"{old.name} and {new.name} have other classes; they cannot be compared")


def _config_table(old: Findings, new: Findings) -> Table:
    keys = [key for key in new.config if old.config.get(key) != new.config[key]]
    rows: list[tuple[Cell, ...]] = [
        (key, str(old.config.get(key, "")), str(new.config[key])) for key in keys
    ]
    return Table(
        title="What was done differently",
        columns=("key", "first", "second"),
        rows=tuple(rows or [("(nothing)", "", "")]),
    )


def _gains_table(old: Findings, new: Findings) -> Table:
    before = {(gain.silo, gain.question): gain for gain in old.gains}
    rows = [
        _gain_row(before[gain.silo, gain.question], gain)
        for gain in new.gains
        if (gain.silo, gain.question) in before
    ]
    return Table(
        title="Gain over isolated-equal, in points, in each comparison",
        columns=("silo", "on", "first", "verdict", "second", "verdict (second)"),
        rows=tuple(rows),
    )


def _gain_row(old: Gain, new: Gain) -> tuple[Cell, ...]:
    return (
        new.silo,
        new.question.value,
        100 * old.gain,
        old.word.value,
        100 * new.gain,
        new.word.value,
    )


def _paired_table(first: Comparison, second: Comparison) -> Table:
    old, new = _answers(first), _answers(second)
    _check_paired(old, new)
    class_names = old[0].trainings[Regime.FEDERATED].class_names
    labels = next(iter(old[0].predictions.values())).labels
    counts = [seed.trainings[Regime.FEDERATED].label_counts for seed in old]
    cases = Cases.build(labels, counts, class_names, ())
    return Table(
        title="The second federated model minus the first, accuracy in %, paired",
        columns=("silo", "on", "first", "second", "change", "95 % interval", "the second"),
        rows=tuple(_paired_rows(old, new, cases)),
    )


def _answers(comparison: Comparison) -> list[SeedAnswers]:
    return [
        read_seed_answers(config, RunDirectory(comparison.results, config))
        for config in comparison.config.by_seed()
    ]


def _check_paired(old: Sequence[SeedAnswers], new: Sequence[SeedAnswers]) -> None:
    if [seed.seed for seed in old] != [seed.seed for seed in new]:
        raise _NotPairedError("the seeds are not the same")
    pairs = list(zip(old, new, strict=True))
    if any(before.origin.data != after.origin.data for before, after in pairs):
        raise _NotPairedError("the data are not the same")
    if any(before.origin != after.origin for before, after in pairs):
        raise _NotPairedError("the partitions are not the same")


def _paired_rows(
    old: Sequence[SeedAnswers], new: Sequence[SeedAnswers], cases: Cases
) -> Iterator[tuple[Cell, ...]]:
    for question in Question:
        pairs = list(zip(ask(question, old, cases), ask(question, new, cases), strict=True))
        found: list[PairedGain] = []
        for before, after in pairs:
            change = after.correct[Regime.FEDERATED] - before.correct[Regime.FEDERATED]
            found.append(paired_gain(for_interval(before, change.astype(np.float64), cases)))
        adjusted = holm([item.p_value for item in found]) if found else ()
        for (before, after), item, p_value in zip(pairs, found, adjusted, strict=True):
            yield (
                before.silo,
                question.value,
                100 * float(before.accuracies(Regime.FEDERATED).mean()),
                100 * float(after.accuracies(Regime.FEDERATED).mean()),
                100 * item.gain,
                interval_text(item.low, item.high),
                decide(item.gain, p_value, alpha=ALPHA).value,
            )
