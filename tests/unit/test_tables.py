import io
import json
import re

import pytest
from rich.console import Console

from fedcompare.cli.console import Screen
from fedcompare.findings.scores import Measurement, Mistake
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.records import ServerRecord
from fedcompare.report.tables import (
    Table,
    accuracy_table,
    counts_table,
    measurements_json,
    mistakes_table,
    rounds_table,
    seen_unseen_table,
    training_table,
)
from fedcompare.report.terminal import to_markdown, to_terminal
from fedcompare.text.escaping import visible
from nasty import NAMES


def shown(table, *, width=80, encoding="utf-8"):
    """Return what a terminal of this width and encoding gets."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    Console(file=file, width=width).print(to_terminal(table))
    file.seek(0)
    return file.read()


def measured(regime, silo, part, accuracy):
    return Measurement(
        regime=regime, silo=silo, evaluated_on=part, accuracy=accuracy, num_examples=10
    )


MEASUREMENTS = [
    measured(Regime.ISOLATED, 1, "all", 0.5),
    measured(Regime.ISOLATED, 1, "1,3", 0.0),
    measured(Regime.ISOLATED, 1, "seen:1", 0.75),
    measured(Regime.ISOLATED, 1, "unseen:1", 0.0),
    measured(Regime.FEDERATED, None, "all", 0.98765),
    measured(Regime.FEDERATED, None, "seen:1", 1.0),
    measured(Regime.FEDERATED, None, "unseen:1", 0.9),
]


def test_accuracies_are_a_row_per_model_and_a_column_per_part():
    table = accuracy_table(MEASUREMENTS)
    assert table.columns == ("model", "all", "1,3")
    assert [row[0] for row in table.rows] == ["isolated, silo 1", "federated"]
    assert table.rows[0] == ("isolated, silo 1", 50.0, 0.0)


def test_seen_comes_before_unseen_and_isolated_before_federated():
    table = seen_unseen_table(MEASUREMENTS[::-1])
    kinds = ("seen, isolated", "seen, federated", "unseen, isolated", "unseen, federated")
    assert table.columns == ("silo", *kinds)
    assert table.rows == ((1, 75.0, 100.0, 0.0, 90.0),)


def test_a_silo_that_lacks_nothing_has_a_dash():
    lacks_nothing = [*MEASUREMENTS, measured(Regime.ISOLATED, 2, "seen:2", 0.5)]
    assert (
        to_markdown(seen_unseen_table(lacks_nothing)).splitlines()[-1]
        == "| 2 | 50.00 | – | – | – |"
    )


def test_markdown_aligns_numbers_to_the_right():
    table = Table(title="T", columns=("name", "share"), rows=(("a", 1.0), ("b", float("nan"))))
    assert to_markdown(table) == "| name | share |\n| --- | ---: |\n| a | 1.00 |\n| b | – |\n"


def test_the_terminal_shows_the_same_cells_in_80_columns():
    file = io.StringIO()
    Console(file=file, width=80).print(to_terminal(accuracy_table(MEASUREMENTS)))
    shown = file.getvalue()
    assert all(text in shown for text in ("Accuracy", "isolated, silo 1", "50.00", "98.77"))
    assert max(map(len, shown.splitlines())) <= 80


def test_rounds_are_a_row_each():
    records = [
        ServerRecord(round=r, evaluated_on=part, accuracy=r / 10, loss=1.0, num_examples=1)
        for r in (0, 1)
        for part in ("all", "1")
    ]
    table = rounds_table(records)
    assert (table.columns, table.rows) == (("round", "all", "1"), ((0, 0.0, 0.0), (1, 10.0, 10.0)))


def test_counts_end_with_their_sum():
    table = counts_table([(1, 2), (0, 5)], ["cat", "dog"])
    assert table.rows == (("cat", 1, 0), ("dog", 2, 5), ("all", 3, 5))


def test_mistakes_are_in_percent():
    mistake = Mistake(
        silo=1, unseen_class="7", taken_for="9", share=0.5, confidence=0.25, num_examples=3
    )
    assert mistakes_table([mistake]).rows == ((1, "7", "9", 50.0, 25.0),)


def test_json_has_one_object_per_number():
    assert measurements_json(MEASUREMENTS)[0] == {
        "regime": "isolated",
        "silo": 1,
        "evaluated_on": "all",
        "accuracy": 0.5,
        "num_examples": 10,
    }


def test_a_part_without_examples_has_a_dash_and_null():
    empty = Measurement(
        regime=Regime.FEDERATED, silo=None, evaluated_on="owl", accuracy=None, num_examples=0
    )
    table = accuracy_table([*MEASUREMENTS, empty])
    assert to_markdown(table).splitlines()[-1] == "| federated | 98.77 | – | – |"
    assert json.dumps(measurements_json([empty])[0]["accuracy"]) == "null"


def test_a_class_with_a_colon_is_a_column_like_others():
    table = accuracy_table([*MEASUREMENTS, measured(Regime.FEDERATED, None, '"seen:1"', 0.5)])
    assert table.columns == ("model", "all", "1,3", '"seen:1"')


def test_what_an_isolated_model_lacks_is_named():
    rows = [(1, ("a,b", "c"), 4, 0.5, 0.1), (2, (), 4, 0.5, 0.1), (3, ("none",), 4, 0.5, 0.1)]
    shown = [row[1] for row in training_table(rows, epochs=1).rows]
    assert shown == ['"a,b",c', "none", '"none"']


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_as_it_is_wherever_it_stands(name):
    table = Table(title=name, columns=("class", name), rows=((name, 1), ("other", 2)))
    lines = shown(table, width=2000).splitlines()
    for part in (lines[0], lines[2], lines[4]):
        assert visible(name).rstrip() in part
    assert lines[4].rstrip().endswith("1")


def test_a_name_longer_than_the_line_is_folded_and_whole():
    table = Table(title="T", columns=("class", "silo 1"), rows=(("x" * 200, 12),))
    text = shown(table)
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("x") == 200


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_a_terminal_without_unicode_gets_the_same_cells(encoding):
    rows = tuple((name, -0.5, float("nan")) for name in NAMES)
    text = shown(Table(title="−", columns=("•", "a", "b"), rows=rows), encoding=encoding)
    assert text.startswith("-\n")
    assert r"\u7cd6\u5c3f\u75c5" in text
    assert max(map(len, text.splitlines())) <= 80


def test_sixty_silos_are_rows():
    counts = [(silo, 10 * silo, 0) for silo in range(1, 61)]
    table = counts_table(counts, ["cat", "dog", "eel"])
    assert (len(table.rows), table.rows[59]) == (61, (60, 60, 600, 0, 660))
    assert table.rows[-1] == ("all", 1830, 18300, 0, 20130)
    assert [int(n) for n in re.findall(r"\d+", shown(table).splitlines()[-3])] == [
        60, 60, 600, 0, 660,
    ]  # fmt: skip


@pytest.mark.parametrize("width", [40, 80])
def test_no_number_is_lost_or_broken_where_a_table_is_too_wide(width):
    counts = [tuple(range(start, start + 70)) for start in range(100_000, 106_000, 100)]
    text = shown(counts_table(counts, [f"class {label}" for label in range(70)]), width=width)
    assert max(map(len, text.splitlines())) <= width
    found = re.findall(r"\b1\d{5}\b", text)
    assert sorted(map(int, found)) == sorted(n for own in counts for n in own)
    assert text.count("class 69") == text.count("all ") > 6


def test_words_are_broken_at_spaces_while_there_is_room():
    rows = tuple((silo, "no evidence either way", 1.0) for silo in range(3))
    text = shown(Table(title="T", columns=("silo", "verdict", "gain"), rows=rows), width=32)
    assert "no evidence" in text
    assert "either way" in text


@pytest.mark.parametrize("name", NAMES)
def test_a_console_takes_every_string_as_data(name):
    file = io.StringIO()
    screen = Screen(file=file, width=60, force_terminal=True, color_system=None)
    screen.say(name)
    screen.print(name, soft_wrap=True)
    assert file.getvalue().count("\n".join(map(visible, name.split("\n")))) >= 2
    assert "\x1b" not in file.getvalue()
