"""Columns hold each word once, however they were put together, and words are asked once."""

import numpy as np
import pyarrow as pa
import pytest

from fedcompare.data.tables import forms
from fedcompare.data.tables.column import column_of, encode, join
from fedcompare.data.tables.forms import (
    BITS,
    BROKEN,
    CODE,
    MISSING,
    PERCENT,
    PROSE,
    THOUSANDS,
    find_flags,
)
from fedcompare.data.tables.values import (
    COMMA,
    DAY_FORMATS,
    POINT,
    days,
    is_code,
    is_missing,
    is_prose,
    is_whole,
    numbers,
)

ODD = ["", "NA", "–", "nan(3)", "-nan", "inf", "+Infinity", "1e400", "1e5", "1E+5", "1.", "-.5"]
ODD += [
    "+4",
    "1,234",
    "1.234,5",
    "1,23",
    "12 %",
    "1\u00a0000",
    "\u221205",
    "007",
    "00",
    "0x10",
    "1_0",
]
ODD += ["2020-01-02", "2020-1-2", "2020-13-01", "2020-02-30", "1/2/2020", "13/2/2020", "1.2.2020"]
ODD += ["2020-01-02 10:20", "2020-01-02T23:59:59.123", "2020-01-02 24:00", "2020/5/6", "1/13/2020"]
ODD += ["3 of 4", "3 or 4 of 5", "東京 1", "é", "9" * 15, "9" * 16, "0" * 16, "0.5", "50", "05.5"]
ODD += ["\uff11\uff12"]


def made_up(random, count):
    """Return words of digits and the signs beside them, many of them numbers and days."""
    signs = list("0123456789" * 2 + "..,,--//' +eE%")
    return ["".join(random.choice(signs, random.integers(1, 11))) for _ in range(count)]


@pytest.mark.parametrize("sizes", [[1], [0, 3, 0], [5, 7, 2], [90_000, 1, 40_000]])
def test_a_column_has_the_rows_of_its_parts_and_each_word_once(sizes):
    random = np.random.default_rng(0)
    most = 2 * sum(sizes)
    cells = [
        [f"{' ' * (number % 3)}{number}{' x' * (number % 2)} " for number in numbers.tolist()]
        for numbers in (random.integers(0, most, size) for size in sizes)
    ]
    found = join([encode(pa.array(own, pa.string())) for own in cells])
    assert list(map(found.words.to_pylist().__getitem__, found.codes)) == [
        cell.strip() for own in cells for cell in own
    ]
    assert len(found.words.unique()) == len(found.words)


def test_long_text_is_joined(monkeypatch):
    monkeypatch.setattr("fedcompare.data.tables.column._LONG", 10)
    monkeypatch.setattr("fedcompare.data.tables.column._LARGE", 1)
    column = column_of(pa.array([" a long word", "7", None, "a long word", ""]))
    assert list(column) == ["a long word", "7", "", "a long word", ""]
    assert pa.types.is_large_string(column.words.type)
    assert find_flags(column.words)[column.codes][2] == BITS[MISSING]


@pytest.mark.parametrize("seed", range(3))
def test_forms_are_those_of_each_word_by_itself(seed):
    words = pa.array([*ODD, *made_up(np.random.default_rng(seed), 3000)], pa.string())
    flags = find_flags(words)
    absent = is_missing(words)
    expected = {
        CODE: is_code(words),
        PROSE: is_prose(words),
        BROKEN: ~is_whole(words),
        THOUSANDS: ~np.isnan(numbers(words, POINT)) & ["," in word for word in words.to_pylist()],
        PERCENT: np.array(["%" in word for word in words.to_pylist()]),
        **{sign: np.isnan(numbers(words, sign)) for sign in (POINT, COMMA)},
        **{form: np.isnan(days(words, form)) for form in DAY_FORMATS},
    }
    np.testing.assert_array_equal(flags == BITS[MISSING], absent)
    for name, mask in expected.items():
        np.testing.assert_array_equal(flags & BITS[name] > 0, mask & ~absent, err_msg=name)
    assert all(mask.any() and not mask.all() for mask in expected.values())


def test_numbers_of_one_form_are_asked_once(monkeypatch):
    asked = []

    def is_code_of(words):
        asked.append(len(words))
        return is_code(words)

    monkeypatch.setattr(forms, "is_code", is_code_of)
    find_flags(pa.array([f"{number}.5" for number in range(10_000)], pa.string()))
    assert asked[0] < 50


@pytest.mark.parametrize("word", ODD)
def test_a_word_is_the_same_number_in_whatever_company(word):
    alone = numbers(pa.array([word], pa.string()), POINT)
    among = numbers(pa.array(["no number", word, "1,000"], pa.string()), POINT)
    np.testing.assert_array_equal(alone, among[1:2])
