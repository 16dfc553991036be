"""Whether training had ended when its budget did."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from fedcompare.comparison.contrasts import Weighting
from fedcompare.evaluation.cases import Cases, Floats
from fedcompare.evaluation.measures.catalog import Measure
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.test_sets import ALL
from fedcompare.findings.training import Unfinished
from fedcompare.regimes.catalog import FOLLOWED, ROWS, Regime, Row, Way
from fedcompare.regimes.models import ModelId, models_of
from fedcompare.runs.directory import RunDirectory
from fedcompare.runs.reading import read_epochs
from fedcompare.statistics.significance import mean_interval

# A tenth of the budget, but three points at least, of a series of nine or more.
_TENTH, _FEWEST = 10, 3
_FALLS = 0.03
_BETTER = 0.01

Losses = Mapping[Regime, Mapping[int, Floats]]


def read_losses(run: RunDirectory) -> Losses:
    """Return the mean training losses of a run by regime, as `losses_of`, which also raises."""
    return {row.regime: losses_of(run, row) for row in ROWS if row.trained}


def losses_of(run: RunDirectory, row: Row) -> Mapping[int, Floats]:
    """Return a regime's mean training losses by silo (0: of pooled data), in order.

    Each is of an epoch; of a federation of a round, since within each round local losses fall
    from what was averaged.

    Raises:
        ResultsError: the file is missing, damaged or altered.
    """
    steps: dict[int, dict[tuple[int, int], list[float]]] = {}
    for record in read_epochs(run, row.regime):
        step = (record.round, 0 if row.way is Way.FEDERATION else record.epoch)
        steps.setdefault(record.silo, {}).setdefault(step, []).append(record.loss)
    return {
        silo: np.array([_mean(own[step]) for step in sorted(own)]) for silo, own in steps.items()
    }


def _mean(losses: Sequence[float]) -> float:
    # Most are one, and there are hundreds of thousands of them.
    return losses[0] if len(losses) == 1 else float(np.mean(losses))


def find_unfinished(
    losses: Sequence[Losses], answers: Sequence[SeedAnswers], cases: Cases
) -> tuple[Unfinished, ...]:
    """Return the regimes whose models would be others with another budget, in order of tables.

    A model's training had not ended where its loss still falls over the last tenth of its epochs
    (of a federation: rounds), three at least, by a straight line: on average by more than the noise
    between runs (95 % t interval), and by 3 % or more of the silo's highest loss on record. A loss
    that falls exponentially then has a sixth of its way before it. Series of fewer than nine
    say nothing. It had ended too late where a round is better than the last one, by the measure of
    the verdicts on the whole test set: surely, corrected for the number of rounds (Bonferroni), and
    by 1 point or more (of errors, 1 % of the last one).

    Args:
        losses: Of every run, as `read_losses` gives them, of the regimes of which they are known.
        answers: Every seed's.
        cases: Of the comparison.
    """
    return tuple(_unfinished(losses, answers, cases))


def _unfinished(
    losses: Sequence[Losses], answers: Sequence[SeedAnswers], cases: Cases
) -> Iterator[Unfinished]:
    late = list(_better_before(answers, cases))
    for row in (row for row in ROWS if row.trained):
        stored = [run for run in losses if row.regime in run]
        falls = dict(_falls(row, stored, cases.silos)) if stored else {}
        better = [one for one in late if one[0].regime is row.regime]
        if not falls and not better:
            continue
        worst = max(better, key=lambda one: abs(one[2] - one[3]), default=None)
        yield Unfinished(
            regime=row.regime,
            silos=tuple(falls),
            fall=float(np.mean(list(falls.values()))) if falls else 0.0,
            overtrained=tuple(model.silo for model, *_ in better),
            best_round=worst[1] if worst else 0,
            best=worst[2] if worst else None,
            last=worst[3] if worst else None,
        )


def _falls(
    row: Row, losses: Sequence[Losses], silos: Iterable[int]
) -> Iterator[tuple[int | None, float]]:
    """Yield the owners of models whose losses still fall, and by how much in the last tenth.

    A model that silos share has the mean of its silos'.
    """
    for owner in row.owners(silos):
        falls = []
        for run in losses:
            own = [owner] if owner else list(run[row.regime])
            every = [_last_fall(run[row.regime][silo], _highest(run, silo)) for silo in own]
            falls.append(float(np.mean(every)))
        low, _ = mean_interval(np.array(falls))
        if low > 0 and np.mean(falls) >= _FALLS:
            yield owner, float(np.mean(falls))


def _highest(run: Losses, silo: int) -> float:
    """Return the highest loss of a silo in any regime."""
    return max(float(own[silo].max()) for own in run.values() if silo in own)


def _last_fall(series: Floats, highest: float) -> float:
    """Return by how much a line through the end falls in a tenth of the series, of the highest.

    NaN where the series is too short to say.
    """
    count = max(_FEWEST, math.ceil(len(series) / _TENTH))
    if len(series) < _FEWEST * _FEWEST or not highest > 0:
        return math.nan
    slope = np.polyfit(np.arange(count), series[-count:], 1)[0]
    return float(-slope * len(series) / _TENTH / highest)


def _better_before(
    answers: Sequence[SeedAnswers], cases: Cases
) -> Iterator[tuple[ModelId, int, float, float]]:
    """Yield (model, round, value then, value after the last one) of rounds that were better."""
    measure, weighting = cases.measure, Weighting.of(cases, ALL, len(answers))
    if measure.needs_probabilities or weighting.missing(measure):
        return  # after rounds, only the most probable classes are stored
    for model in models_of(FOLLOWED, cases.silos):
        numbers = sorted(number for key, number in answers[0].rounds if key == model)[1:]
        after = {
            number: [cases.answered(seed.rounds[model, number]) for seed in answers]
            for number in numbers
        }
        values = {number: float(weighting.means(own).mean()) for number, own in after.items()}
        best, last = max(numbers, key=lambda n: measure.sign * values[n]), numbers[-1]
        if measure.sign * (values[best] - values[last]) < _worth(measure, values[last]):
            continue
        low, _ = weighting.contrast(after[best], after[last]).found.interval(
            1 - 0.05 / (len(numbers) - 1)
        )
        if low > 0:
            yield model, best, values[best], values[last]


def _worth(measure: Measure, last: float) -> float:
    """Return the least difference that is worth telling; above 0, so that the last one is none."""
    return max(_BETTER if measure.is_bounded else _BETTER * abs(last), 1e-12)
