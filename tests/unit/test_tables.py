import io
import json

from rich.console import Console

from fedcompare.records import Measurement, Mistake, Regime, ServerRecord
from fedcompare.table_formats import to_markdown, to_terminal
from fedcompare.tables import (
    Table,
    accuracy_table,
    counts_table,
    measurements_json,
    mistakes_table,
    rounds_table,
    seen_unseen_table,
    training_table,
)


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
