"""The gain of differences that somebody gives: what is wrong with them is said, by argument."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fedcompare.errors import ArgumentError
from fedcompare.names import Lack
from fedcompare.statistics.intervals import paired_gain
from fedcompare.statistics.moments import Moments
from fedcompare.statistics.samples import Sample, plain, standardised

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenGain:
    """A gain with its interval, in the unit of the differences.

    `low` and `high` bound it; the two-sided `p_value` is against no gain, and under 1 - confidence
    where they exclude 0. `standard_error` is the one that was seen: limits can lie further off than
    Student's t times it, since they take in what few examples do not show. `lack` says why the
    numbers carry no word: too few seeds, or groups; else it is None.
    """

    gain: float
    low: float
    high: float
    p_value: float
    standard_error: float
    lack: Lack | None


def gain_of(
    differences: Any,
    *,
    classes: Any = None,
    shares: Any = None,
    groups: Any = None,
    folds: Any = None,
    bounds: tuple[float, float] | None = (-1, 1),
    confidence: float = 0.95,
) -> GivenGain:
    """Return what `fedcompare.api.paired_gain` documents.

    Raises:
        ArgumentError: An argument is wrong; the message names it.
    """
    rows = _numbers("differences", differences)
    _check(
        rows.ndim == 2 and rows.size > 0,
        f"differences must be of two dimensions, seeds and examples, not {_shape(rows)}",
    )
    _check(len(rows) > 1, "differences are of one seed, which says nothing about other seeds")
    _check(0 < _number("confidence", confidence) < 1, "confidence must lie between 0 and 1")
    unit = 1.0 if bounds is None else _unit(rows, bounds)
    sample = _sample(rows / unit, classes, shares, groups)
    found = paired_gain(
        sample, confidence=confidence, bounded=bounds is not None, folds=_folds(folds, rows.shape)
    )
    lowest, highest = (-np.inf, np.inf) if bounds is None else bounds
    return GivenGain(
        gain=unit * found.gain,
        low=max(unit * found.low, float(lowest)),
        high=min(unit * found.high, float(highest)),
        p_value=found.p_value,
        standard_error=unit * found.standard_error,
        lack=found.lack,
    )


def _sample(rows: Floats, classes: Any, shares: Any, groups: Any) -> Sample:
    count = rows.shape[1]
    members = None if groups is None else _groups(groups, count)
    if classes is None:
        _check(shares is None, "shares are of classes: give classes, too")
        return plain(Moments.by_class(rows, np.zeros(count, dtype=np.int64), 1, members))
    _check(shares is not None, "classes have shares: give shares, too")
    weights = _numbers("shares", shares)
    _check(
        weights.ndim == 1 and weights.size > 0,
        f"shares must be a number for each class, not {_shape(weights)}",
    )
    _check(bool((weights >= 0).all()), "shares must not be negative")
    total = float(weights.sum())
    _check(bool(np.isclose(total, 1.0)), f"shares must add up to 1, not to {total:g}")
    labels = _labels(classes, count, len(weights))
    counts = np.bincount(labels, minlength=len(weights))
    lacking = np.flatnonzero((weights > 0) & (counts == 0)).tolist()
    _check(not lacking, f"classes: class {(lacking or [0])[0]} has a share and no example")
    kept = weights[labels] > 0
    own = None if members is None else members[kept]
    moments = Moments.by_class(rows[:, kept], labels[kept], len(weights), own)
    return standardised(moments, np.tile(weights, (len(rows), 1)))


def _unit(rows: Floats, bounds: tuple[float, float]) -> float:
    """Return what differences are divided by to lie in [-1, 1]."""
    ends = _numbers("bounds", bounds)
    _check(
        ends.shape == (2,) and ends[0] < 0 < ends[1],
        "bounds must be None or two numbers, one below and one above 0",
    )
    low, high = ends.tolist()
    outside = rows[(rows < low) | (rows > high)]
    _check(
        outside.size == 0,
        f"differences must lie within bounds, {low:g} to {high:g}; "
        f"{outside.size} do not, as {outside.flat[0] if outside.size else 0:g}",
    )
    return float(max(-low, high))


def _labels(classes: Any, count: int, num_classes: int) -> Ints:
    labels = np.asarray(classes)
    _check(
        labels.shape == (count,) and np.issubdtype(labels.dtype, np.integer),
        f"classes must be {count} integers, one for each example",
    )
    _check(
        bool(((labels >= 0) & (labels < num_classes)).all()),
        f"classes must be from 0 to {num_classes - 1}, as many as there are shares",
    )
    return labels.astype(np.int64)


def _groups(groups: Any, count: int) -> Ints | None:
    """Return the groups as numbers; None where each example is one by itself."""
    names = np.asarray(groups)
    _check(
        names.shape == (count,) and names.dtype.kind in "iuUS",
        f"groups must be {count} integers or texts, one for each example",
    )
    found, numbers = np.unique(names, return_inverse=True)
    return None if len(found) == count else numbers.astype(np.int64)


def _folds(folds: Any, shape: tuple[int, ...]) -> int:
    """Return how many folds there are, of their number or of each row's own."""
    if folds is None:
        return 1
    given = np.asarray(folds)
    is_told = np.issubdtype(given.dtype, np.integer) and given.shape in ((), shape[1:], shape)
    number = 0 if not is_told else len(np.unique(given)) if given.ndim else int(given)
    _check(
        number >= 1,
        "folds must be how many there are, an integer from 1 (no cross-fitting) on, or the fold of "
        "each example as an integer",
    )
    return number


def _numbers(name: str, values: Any) -> Floats:
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} must be numbers, in rows of one length") from None
    _check(bool(np.isfinite(numbers).all()), f"{name} must be finite numbers, without NaN")
    return numbers


def _number(name: str, value: Any) -> float:
    number = _numbers(name, value)
    _check(number.ndim == 0, f"{name} must be one number")
    return float(number)


def _shape(values: Floats) -> str:
    return f"of shape {values.shape}"


def _check(holds: bool, message: str) -> None:
    if not holds:
        raise ArgumentError(message)
