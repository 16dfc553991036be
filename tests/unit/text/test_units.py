"""How values of a measure are written: percent for shares, and numbers of any size."""

import math

import pytest

from fedcompare.text.units import PERCENT, PLAIN
from fedcompare.text.wording import gain_digits, interval, percent, points, spread


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.14159, "3.14"),
        (0.0314159, "0.0314"),
        (31.4159, "31.4"),
        (31415.9, "31,416"),
        (-0.5, "−0.500"),
        (0.0, "0.00"),
        (-0.0, "0.00"),
        (3.1e-9, "3.10e−09"),
        (math.nan, "–"),
        (None, "–"),
    ],
)
def test_a_number_keeps_three_digits(value, text):
    assert PLAIN.value(value) == text


def test_numbers_side_by_side_have_the_decimals_of_the_largest():
    digits = PLAIN.digits(0.123, -12.3456, math.inf)
    assert (PLAIN.gain(0.123, digits), PLAIN.interval(-12.3456, 9.87, digits)) == (
        "+0.1",
        "−12.3 to +9.9",
    )


def test_a_gain_has_a_sign_and_no_gain_has_none():
    assert [PLAIN.gain(value, 2) for value in (1.234, -1.234, 0.001, 0.0)] == [
        *("+1.23", "−1.23", "0.00", "0.00")
    ]


def test_what_is_not_known_has_no_interval_and_no_spread():
    assert PLAIN.interval(math.nan, 1.0, 2) == "–"
    assert PLAIN.spread(math.nan, 1.0) == ""
    assert PLAIN.spread(1.0, 2.5) == "1.00–2.50"


def test_shares_are_written_as_they_always_were():
    for value in (0.97, -0.0042, 0.3):
        digits = gain_digits(value)
        assert PERCENT.digits(value, 5.0) == digits
        assert PERCENT.gain(value, digits) == points(value, digits)
        assert PERCENT.value(value) == percent(value)
        assert PERCENT.interval(value, 0.5, 1) == interval(value, 0.5, 1)
        assert PERCENT.spread(value, 0.5) == spread(value, 0.5)
        assert PERCENT.plotted(value) == 100 * value


@pytest.mark.parametrize("written", [PERCENT, PLAIN])
def test_the_end_of_an_interval_that_is_not_0_is_not_written_as_0(written):
    assert written.interval(0.0004, 0.9, 1).startswith("+0.0")
    assert written.interval(0.0004, 0.9, 1).split()[0].endswith("4")
    assert written.interval(-0.9, -0.0004, 1).endswith("4")
    assert written.interval(0.0, 0.9, 1).startswith("0.0 to")
    assert written.interval(1e-12, 0.9, 1).startswith("0.0 to")
