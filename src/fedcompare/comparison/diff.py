"""`fedcompare diff`: two finished comparisons in the same terms."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fedcompare.comparison.analysis import find_cases
from fedcompare.comparison.asking import ask
from fedcompare.comparison.contrasts import Contrast
from fedcompare.comparison.rules import Rules
from fedcompare.comparison.stored import Comparison, read_findings
from fedcompare.errors import ResultsError, WeightsError
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.measures.catalog import Measure
from fedcompare.evaluation.stored import SeedAnswers, read_seeds
from fedcompare.execution.plan import seed_runs
from fedcompare.findings.findings import Findings
from fedcompare.findings.gains import Gain
from fedcompare.findings.questions import Question
from fedcompare.regimes.catalog import Regime
from fedcompare.report.blocks import Sheet, Value, sheet_of
from fedcompare.report.wording import units
from fedcompare.statistics.intervals import PairedGain
from fedcompare.statistics.words import Decided
from fedcompare.text.units import Units, units_in
from fedcompare.text.wording import level, listing


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Tables to show, and notes on what could not be compared."""

    tables: tuple[Sheet, ...]
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
    if old.silo_names != new.silo_names:
        raise ResultsError(
            f"{old.name} has the silos {listing(old.silo_names)} and {new.name} has "
            f"{listing(new.silo_names)}; they cannot be compared"
        )
    if old.class_names != new.class_names:
        raise ResultsError(f"{old.name} and {new.name} have other classes; they cannot be compared")
    if old.measures[0] != new.measures[0]:
        raise ResultsError(
            f"{old.name} measures {_measured(old)} and {new.name} {_measured(new)}; they cannot be "
            "compared"
        )


def _measured(findings: Findings) -> str:
    measure = findings.measures[0]
    return f"{measure.name} ({measure.unit})"


def _config_table(old: Findings, new: Findings) -> Sheet:
    keys = [key for key in new.config if old.config.get(key) != new.config[key]]
    rows = [(key, str(old.config.get(key, "")), str(new.config[key])) for key in keys]
    return sheet_of(
        "config",
        "What was done differently",
        ("key", "first", "second"),
        rows or [("(nothing)", "", "")],
    )


def _gains_table(old: Findings, new: Findings) -> Sheet:
    before = {(gain.silo, gain.question): gain for gain in old.gains}
    written = units(new)
    unit = ", in points" if written.in_points else ""
    return sheet_of(
        "gains",
        f"Gain over isolated-equal{unit}, in each comparison",
        ("silo", "on", "first", "verdict", "second", "verdict (second)"),
        [
            _gain_row(before[gain.silo, gain.question], gain, new.silo_names, written)
            for gain in new.gains
            if (gain.silo, gain.question) in before
        ],
    )


def _gain_row(old: Gain, new: Gain, names: Sequence[str], written: Units) -> tuple[Value, ...]:
    return (
        names[new.silo - 1] if names else new.silo,
        new.question.value,
        _shown(old.gain, written),
        old.word.value,
        _shown(new.gain, written),
        new.word.value,
    )


def _paired_table(first: Comparison, second: Comparison) -> Sheet:
    old, new = _answers(first), _answers(second)
    _check_paired(old, new)
    cases = find_cases(old, first.config.comparison.measure)
    rules = Rules.of(second.config.comparison, cases.measure)
    return sheet_of(
        "paired",
        f"The second federated model minus the first, {_said(cases.measure)}, paired",
        ("silo", "on", "first", "second", "change", "interval", "the second"),
        list(_paired_rows(old, new, cases, rules)),
    )


def _said(measure: Measure) -> str:
    if measure.is_bounded:
        return f"{measure.name} in {measure.unit}"
    return f"{measure.name} (a change above 0 is for the better)"


def _shown(value: float, written: Units) -> Value:
    """Return a number for tables, which have two decimals of each; of any size only as text."""
    return written.plotted(value) if written.in_points else written.value(value)


def _interval(gain: PairedGain, decided: Decided, written: Units) -> str:
    low, high = decided.low, decided.high
    digits = 2 if written.in_points else written.digits(gain.gain, low, high)
    return f"{written.interval(low, high, digits)} ({level(decided.confidence)})"


def _answers(comparison: Comparison) -> list[SeedAnswers]:
    return read_seeds(seed_runs(comparison.config, comparison.results))


def _check_paired(old: Sequence[SeedAnswers], new: Sequence[SeedAnswers]) -> None:
    if [seed.seed for seed in old] != [seed.seed for seed in new]:
        raise _NotPairedError("the seeds are not the same")
    pairs = list(zip(old, new, strict=True))
    if any(before.origin.data != after.origin.data for before, after in pairs):
        raise _NotPairedError("the data are not the same")
    if any(before.origin != after.origin for before, after in pairs):
        raise _NotPairedError("the partitions are not the same")


def _paired_rows(
    old: Sequence[SeedAnswers], new: Sequence[SeedAnswers], cases: Cases, rules: Rules
) -> Iterator[tuple[Value, ...]]:
    written = units_in(cases.measure.unit)
    for question in Question:
        found: list[tuple[int, Contrast]] = []
        pairs = zip(ask(question, old, cases), ask(question, new, cases), strict=True)
        for before, after in pairs:
            models = after.answers[Regime.FEDERATED], before.answers[Regime.FEDERATED]
            found.append((after.silo, after.weighting.contrast(*models)))
        words = rules.decide([change.found for _, change in found])
        for (silo, change), decided in zip(found, words, strict=True):
            gain = change.found
            yield (
                cases.silo_names[silo - 1] if cases.silo_names else silo,
                question.value,
                _shown(float(change.baseline.mean()), written),
                _shown(float(change.challenger.mean()), written),
                _shown(gain.gain, written),
                _interval(gain, decided, written),
                decided.word.value,
            )
