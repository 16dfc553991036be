"""What distances are called, and what becomes of them over seeds."""

import math

import numpy as np
import pytest

from fedcompare.statistics.distances import hellinger, jensen_shannon
from fedcompare.statistics.skew import (
    BOUNDS,
    Distance,
    Level,
    Measure,
    MeasuredSkew,
    at_least,
    mean_skew,
)
from fedcompare.statistics.tallies import Numbers, Shares, find_skew


def distance(value, *, subject="x", silo=1, measure=Measure.MEANS, is_chance=False):
    return Distance(subject=subject, measure=measure, silo=silo, value=value, is_chance=is_chance)


def test_bounds_of_shares_lie_as_far_apart_as_cohens_h():
    for place, h in enumerate(BOUNDS[Measure.MEANS]):
        share = (1 + math.sin(h / 2)) / 2
        assert 2 * (math.asin(math.sqrt(share)) - math.asin(math.sqrt(1 - share))) == (
            pytest.approx(h)
        )
        counts = np.array([[share, 1 - share], [1 - share, share]])
        for measure, name in (
            (jensen_shannon, Measure.JENSEN_SHANNON),
            (hellinger, Measure.HELLINGER),
        ):
            assert BOUNDS[name][place] == pytest.approx(measure(counts)[0], abs=0.006)


def test_levels_follow_the_bounds_on_both_sides_and_chance_is_little():
    for value, level in ((0.1, "little"), (0.2, "somewhat"), (0.5, "clearly"), (0.8, "strongly")):
        assert distance(value).level == distance(-value).level == level
    assert distance(3.0, is_chance=True).level is Level.LITTLE


def test_the_largest_come_first_whatever_they_are_measured_by():
    found = [distance(0.6), distance(0.5, measure=Measure.HELLINGER), distance(-2.0), distance(0.1)]
    assert [one.value for one in at_least(found, Level.CLEARLY)] == [-2.0, 0.5, 0.6]


def test_each_feature_has_the_silo_furthest_out_and_no_chance_before_what_is_none():
    label = Shares(subject="label", counts=np.full((3, 2), 50.0), measure=Measure.JENSEN_SHANNON)
    numbers = Numbers(
        subject="x",
        counts=np.array([100.0, 100, 1]),
        means=np.array([0.0, 1.0, 2.0]),
        scatters=np.array([100.0, 100, 0]),
    )
    skew = find_skew(label, [numbers])
    assert [one.value for one in skew.labels] == [0, 0, 0]
    (found,) = skew.features
    assert found.silo == 1
    assert not found.is_chance


def test_a_single_silo_has_no_skew():
    label = Shares(subject="label", counts=np.ones((1, 2)), measure=Measure.JENSEN_SHANNON)
    assert find_skew(label, []) == MeasuredSkew()


def test_a_feature_that_nobody_has_is_left_out():
    label = Shares(subject="label", counts=np.ones((2, 2)), measure=Measure.JENSEN_SHANNON)
    assert find_skew(label, [Shares(subject="x", counts=np.zeros((2, 2)))]).features == ()


def test_the_same_with_every_seed_stays_as_it_is():
    skew = MeasuredSkew(labels=(distance(0.3),), features=(distance(-0.4, silo=2),))
    assert mean_skew([skew] * 3) == skew


def test_means_over_seeds_name_no_silo_where_it_is_another_one():
    skews = [
        MeasuredSkew(features=(distance(0.4, silo=1), distance(0.1, subject="y"))),
        MeasuredSkew(features=(distance(-0.2, silo=2),)),
    ]
    first, second = mean_skew(skews).features
    assert (first.silo, first.value) == (None, pytest.approx(0.3))
    assert (second.silo, second.value) == (1, 0.1)
