"""Groups of examples count as one: what must hold of their moments, and how well it covers."""

import numpy as np
import pytest

from fedcompare.statistics.intervals import paired_gain
from fedcompare.statistics.moments import Moments
from fedcompare.statistics.samples import plain, standardised
from raw_differences import LABELS, draw, raw_mean_squares

SHARES = np.array([[0.5, 0.3, 0.2], [0.4, 0.4, 0.2], [0.6, 0.2, 0.2]])
ONES = np.arange(len(LABELS))
SAMPLES = pytest.mark.parametrize(
    "sample",
    [plain, lambda moments: standardised(moments, SHARES)],
    ids=["plain", "standardised"],
)


@pytest.fixture(scope="module")
def differences():
    return draw(np.random.default_rng(5), 3, len(LABELS))


def moments(differences, labels, groups):
    return Moments.by_class(differences, labels, 3, groups)


@SAMPLES
def test_groups_of_one_example_each_are_examples(differences, sample):
    grouped = paired_gain(sample(moments(differences, LABELS, ONES)))
    single = paired_gain(sample(moments(differences, LABELS, None)))
    for name in ("gain", "low", "high", "standard_error", "degrees_of_freedom", "p_value"):
        assert getattr(grouped, name) == pytest.approx(getattr(single, name), rel=1e-9)


@SAMPLES
@pytest.mark.parametrize("times", [2, 5])
def test_equal_rows_of_a_group_say_no_more_than_one(differences, sample, times):
    rows, labels, groups = (np.repeat(one, times, -1) for one in (differences, LABELS, ONES))
    repeated = paired_gain(sample(moments(rows, labels, groups)))
    single = paired_gain(sample(moments(differences, LABELS, None)))
    for name in ("gain", "low", "high", "standard_error", "degrees_of_freedom", "p_value"):
        assert getattr(repeated, name) == pytest.approx(getattr(single, name), rel=1e-9)
    taken_for_more = paired_gain(sample(moments(rows, labels, None)))
    assert taken_for_more.standard_error < 0.99 * single.standard_error


@SAMPLES
def test_the_order_of_rows_and_the_names_of_groups_change_nothing(differences, sample):
    random = np.random.default_rng(0)
    groups = random.integers(0, 25, len(LABELS))
    order = random.permutation(len(LABELS))
    first = paired_gain(sample(moments(differences, LABELS, groups)))
    other = moments(differences[:, order], LABELS[order], 1000 - 3 * groups[order])
    assert paired_gain(sample(other)).low == pytest.approx(first.low, rel=1e-12)


@SAMPLES
def test_silos_moments_add_up(differences, sample):
    groups = np.random.default_rng(1).integers(0, 25, len(LABELS))
    here = groups < 10
    parts = [moments(differences[:, own], LABELS[own], groups[own]) for own in (here, ~here)]
    together = paired_gain(sample(parts[0] + parts[1]))
    whole = paired_gain(sample(moments(differences, LABELS, groups)))
    assert (together.low, together.high) == pytest.approx((whole.low, whole.high), rel=1e-12)
    with pytest.raises(ValueError, match="with and without groups do not add up"):
        parts[0] + moments(differences, LABELS, None)


def test_mean_squares_are_those_of_the_groups_linearised_values(differences):
    groups = np.random.default_rng(2).integers(0, 15, len(LABELS))
    sizes = np.bincount(groups)
    total, count, size = len(groups), len(sizes), len(groups) ** 2 / (sizes**2).sum()
    means = differences.mean(axis=1, keepdims=True)
    sums = np.stack([np.bincount(groups, row) for row in differences - means])
    inflation = np.sqrt(size / (size - 1) * (count - 1) / count)
    raw = raw_mean_squares(means + count / total * inflation * sums)
    found = plain(moments(differences, LABELS, groups))
    assert found.squares.seed == pytest.approx(raw.seed)
    assert found.squares.example == pytest.approx(raw.example)
    assert found.squares.residual == pytest.approx(raw.residual)
    assert (found.size, found.num_examples) == (pytest.approx(size), count)


def test_a_group_with_examples_of_several_classes_is_one_group():
    """Classes whose examples go together cannot be taken for independent strata."""
    rng = np.random.default_rng(3)
    effect = np.repeat(rng.choice([-1.0, 1.0], 30)[None], 3, axis=0)
    differences = np.concatenate((effect, effect), axis=1)
    labels, groups = np.repeat([0, 1], 30), np.tile(np.arange(30), 2)
    shares = np.full((3, 2), 0.5)
    both = standardised(Moments.by_class(differences, labels, 2, groups), shares)
    apart = standardised(Moments.by_class(differences, labels, 2, np.arange(60)), shares)
    half = plain(Moments.by_class(effect, labels[:30], 1))
    assert both.squares.example / 30 == pytest.approx(half.squares.example / 30, rel=0.05)
    assert apart.squares.example / 60 == pytest.approx(half.squares.example / 60, rel=0.05)


def test_intervals_cover_where_rows_of_a_group_go_together():
    """The gain is 0; half of what decides an answer is the group's."""
    rng = np.random.default_rng(11)
    covered = {"groups": 0, "rows": 0}
    times = 150
    for _ in range(times):
        sizes = rng.integers(1, 10, 40)
        groups = np.repeat(np.arange(40), sizes)
        shared = rng.normal(size=(1, 40))[:, groups] * 1.5
        right = shared + rng.normal(size=(3, len(groups))) > 0
        other = -shared + rng.normal(size=(3, len(groups))) > 0
        differences = right.astype(float) - other
        labels = np.zeros(len(groups), dtype=np.int64)
        for name, own in (("groups", groups), ("rows", None)):
            found = paired_gain(plain(Moments.by_class(differences, labels, 1, own)))
            covered[name] += found.low <= 0 <= found.high
    assert covered["groups"] >= 0.92 * times
    assert covered["rows"] <= 0.8 * times
