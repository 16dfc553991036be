"""The public interval: what it gives, and what it says of arguments that are wrong."""

import numpy as np
import pytest

from fedcompare import api
from fedcompare.errors import FedcompareError
from fedcompare.names import Lack
from fedcompare.statistics.intervals import paired_gain
from fedcompare.statistics.moments import Moments
from fedcompare.statistics.samples import plain, standardised

RANDOM = np.random.default_rng(2)
ROWS = RANDOM.choice([1.0, 0.0, -1.0], (4, 60), p=[0.25, 0.65, 0.1])
LABELS = np.repeat([0, 1, 2], 20)
SHARES = [0.5, 0.5, 0.0]
GROUPS = np.arange(60) // 4


def numbers(found):
    return (found.gain, found.low, found.high, found.p_value, found.standard_error)


@pytest.mark.parametrize(
    ("asked", "sample", "how"),
    [
        ({}, plain(Moments.of(ROWS)), {}),
        ({"folds": 5, "confidence": 0.9}, plain(Moments.of(ROWS)), {"folds": 5, "confidence": 0.9}),
        ({"bounds": None}, plain(Moments.of(ROWS)), {"bounded": False}),
        (
            {"classes": LABELS, "shares": SHARES},
            standardised(Moments.by_class(ROWS, LABELS, 3), np.tile(SHARES, (4, 1))),
            {},
        ),
        ({"groups": GROUPS}, plain(Moments.by_class(ROWS, LABELS, 3, GROUPS)), {}),
    ],
    ids=["plain", "folds", "unbounded", "classes", "groups"],
)
def test_it_is_the_interval_of_verdicts(asked, sample, how):
    assert numbers(api.paired_gain(ROWS, **asked)) == numbers(paired_gain(sample, **how))
    assert numbers(api.paired_gain(ROWS.tolist(), **asked)) == numbers(paired_gain(sample, **how))


def test_examples_of_a_class_without_a_share_do_not_count_with_groups_either():
    asked = {"classes": LABELS, "shares": SHARES, "groups": GROUPS}
    changed = np.where(LABELS == 2, -1.0, ROWS)
    assert numbers(api.paired_gain(changed, **asked)) == numbers(api.paired_gain(ROWS, **asked))


def test_groups_of_one_are_examples_and_may_be_named():
    names = [f"patient {number}" for number in range(60)]
    assert api.paired_gain(ROWS, groups=names) == api.paired_gain(ROWS)
    named = api.paired_gain(ROWS, groups=[f"patient {number:02}" for number in GROUPS])
    assert named == api.paired_gain(ROWS, groups=GROUPS)


def test_other_bounds_are_another_unit():
    points = api.paired_gain(100 * ROWS, bounds=(-100, 100))
    shares = api.paired_gain(ROWS)
    assert points.p_value == pytest.approx(shares.p_value)
    for name in ("gain", "low", "high", "standard_error"):
        assert getattr(points, name) == pytest.approx(100 * getattr(shares, name))


def test_no_limit_lies_beyond_the_bounds():
    found = api.paired_gain(np.full((3, 4), 0.5), bounds=(-1, 0.5))
    assert (found.gain, found.high) == (0.5, 0.5)


def test_two_seeds_give_numbers_and_say_what_they_lack():
    found = api.paired_gain(ROWS[:2])
    assert found.lack is Lack.SEEDS
    assert np.isfinite(numbers(found)).all()
    assert api.paired_gain(ROWS, groups=np.arange(60) // 12).lack is Lack.GROUPS
    assert api.paired_gain(ROWS).lack is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"differences": ROWS[0]}, r"differences must be of two dimensions.*\(60,\)"),
        ({"differences": np.zeros((3, 0))}, "differences must be of two dimensions"),
        ({"differences": ROWS[:1]}, "differences are of one seed"),
        ({"differences": ROWS * np.nan}, "differences must be finite"),
        ({"differences": [[1, 2], [1]]}, "differences must be numbers"),
        ({"differences": "no"}, "differences must be numbers"),
        ({"differences": 1.5 * ROWS}, "differences must lie within bounds, -1 to 1; .* do not"),
        ({"bounds": (1, -1)}, "bounds must be None or two numbers"),
        ({"bounds": (0, 1)}, "bounds must be None or two numbers"),
        ({"bounds": 1}, "bounds must be None or two numbers"),
        ({"classes": LABELS}, "give shares"),
        ({"shares": SHARES}, "give classes"),
        ({"classes": LABELS[1:], "shares": SHARES}, "classes must be 60 integers"),
        ({"classes": LABELS / 2, "shares": SHARES}, "classes must be 60 integers"),
        ({"classes": LABELS + 1, "shares": SHARES}, "classes must be from 0 to 2"),
        ({"classes": LABELS, "shares": [0.5, 0.4, 0.0]}, "shares must add up to 1, not to 0.9"),
        ({"classes": LABELS, "shares": [1.5, -0.5, 0.0]}, "shares must not be negative"),
        ({"classes": LABELS, "shares": [SHARES] * 4}, "shares must be a number for each class"),
        ({"classes": LABELS, "shares": [0.4, 0.3, 0.2, 0.1]}, "class 3 has a share and no example"),
        ({"groups": GROUPS[1:]}, "groups must be 60 integers"),
        ({"groups": GROUPS / 2}, "groups must be 60 integers"),
        ({"folds": 0}, "folds must be how many"),
        ({"folds": 2.5}, "folds must be how many"),
        ({"folds": True}, "folds must be how many"),
        ({"confidence": 95}, "confidence must lie between 0 and 1"),
        ({"confidence": np.nan}, "confidence must be finite"),
    ],
)
def test_what_is_wrong_is_said_by_the_name_of_the_argument(changes, message):
    asked = {"differences": ROWS} | changes
    with pytest.raises(FedcompareError, match=message) as refused:
        api.paired_gain(**asked)
    assert isinstance(refused.value, ValueError)


@pytest.mark.parametrize("shape", [ROWS.shape, ROWS.shape[1:]])
def test_the_fold_of_each_row_says_how_many_folds_there_are(shape):
    each = np.resize(np.arange(4), shape)
    assert api.paired_gain(ROWS, folds=each) == api.paired_gain(ROWS, folds=4)
    with pytest.raises(FedcompareError, match="folds must be how many"):
        api.paired_gain(ROWS, folds=each[..., 1:])
