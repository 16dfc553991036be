"""Tables of the step-by-step commands, and what a terminal and Markdown make of any table."""

import io
import json
import re
from dataclasses import replace

import pytest
from rich.console import Console

from fedcompare.cli.console import Screen
from fedcompare.comparison.evaluate import Evaluation, measurements_json
from fedcompare.evaluation.measures.catalog import ACCURACY
from fedcompare.evaluation.scores import Score
from fedcompare.findings.scores import Mistake
from fedcompare.findings.test_sets import ALL, of_classes, seen, unseen
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import ModelId
from fedcompare.regimes.records import Phase, RoundRecord, ServerRecord
from fedcompare.report.blocks import sheet_of
from fedcompare.report.context import ledger_sheet
from fedcompare.report.evaluation import (
    counts_table,
    mistakes_table,
    of_silos_table,
    rounds_table,
    training_table,
    whole_table,
)
from fedcompare.report.gains import gains_sheet, seeds_sheet
from fedcompare.report.markdown import table as to_markdown
from fedcompare.report.terminal import to_terminal
from fedcompare.text.escaping import visible
from made_up_findings import findings
from nasty import NAMES

DIGITS = "0123456789"
ISOLATED, FEDERATED = ModelId(Regime.ISOLATED, 1), ModelId(Regime.FEDERATED)


def shown(table, *, width=80, encoding="utf-8"):
    """Return what a terminal of this width and encoding gets."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    Console(file=file, width=width).print(to_terminal(table))
    file.seek(0)
    return file.read()


def texts(sheet):
    """Return each row as its cells' texts."""
    return [tuple(cell.text for cell in row) for row in sheet.rows]


def scored(model, test_set, accuracy, *, num_examples=10):
    return Score(
        seed=1,
        model=model,
        test_set=test_set,
        measure=ACCURACY,
        value=accuracy,
        low=None,
        high=None,
        num_examples=num_examples,
    )


SCORES = [
    scored(ISOLATED, ALL, 0.5),
    scored(ISOLATED, of_classes((1, 3), DIGITS), 0.0),
    scored(ISOLATED, seen(1), 0.75),
    scored(ISOLATED, unseen(1), 0.0),
    scored(FEDERATED, ALL, 0.98765),
    scored(FEDERATED, seen(1), 1.0),
    scored(FEDERATED, unseen(1), 0.9),
]


def rows_of(scores):
    """Return scores as rows for files and programs."""
    evaluation = Evaluation(
        answers={},
        scores=tuple(scores),
        mistakes=(),
        notes=(),
        warning=None,
        class_names=tuple(DIGITS),
    )
    return measurements_json(evaluation.measurements())


def test_accuracies_are_a_row_per_model_and_a_column_per_part():
    table = whole_table(SCORES)
    assert table.columns == ("model", "all", "1,3")
    assert [row[0] for row in texts(table)] == ["isolated, silo 1", "federated"]
    assert texts(table)[0] == ("isolated, silo 1", "50.00", "0.00")


def test_seen_comes_before_unseen_and_isolated_before_federated():
    table = of_silos_table(SCORES[::-1])
    kinds = ("seen, isolated", "seen, federated", "unseen, isolated", "unseen, federated")
    assert table.columns == ("silo", *kinds)
    assert texts(table) == [("1", "75.00", "100.00", "0.00", "90.00")]


def test_a_silo_that_lacks_nothing_has_a_dash():
    lacks_nothing = [*SCORES, scored(ModelId(Regime.ISOLATED, 2), seen(2), 0.5)]
    assert (
        to_markdown(of_silos_table(lacks_nothing)).splitlines()[-1] == "| 2 | 50.00 | – | – | – |"
    )


def test_markdown_aligns_numbers_to_the_right():
    table = sheet_of("t", "T", ("name", "share"), [("a", 1.0), ("b", float("nan"))])
    assert to_markdown(table) == "| name | share |\n| --- | ---: |\n| a | 1.00 |\n| b | – |"


def test_the_terminal_shows_the_same_cells_in_80_columns():
    file = io.StringIO()
    Console(file=file, width=80).print(to_terminal(whole_table(SCORES)))
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
    assert table.columns == ("round", "all", "1")
    assert texts(table) == [("0", "0.00", "0.00"), ("1", "10.00", "10.00")]


def test_counts_end_with_their_sum():
    table = counts_table([(1, 2), (0, 5)], ["cat", "dog"])
    assert texts(table) == [("cat", "1", "0"), ("dog", "2", "5"), ("all", "3", "5")]


def test_mistakes_are_in_percent():
    mistake = Mistake(
        silo=1, unseen_class="7", taken_for="9", share=0.5, confidence=0.25, num_examples=3
    )
    assert texts(mistakes_table([mistake])) == [("1", "7", "9", "50.00", "25.00")]


def test_json_has_one_object_per_number():
    assert rows_of(SCORES)[0] == {
        "regime": "isolated",
        "silo": 1,
        "evaluated_on": "all",
        "accuracy": 0.5,
        "num_examples": 10,
    }


def test_a_part_without_examples_has_a_dash_and_null():
    empty = scored(FEDERATED, of_classes((0,), ["owl"]), None, num_examples=0)
    table = whole_table([*SCORES, empty])
    assert to_markdown(table).splitlines()[-1] == "| federated | 98.77 | – | – |"
    assert json.dumps(rows_of([empty])[0]["accuracy"]) == "null"


def test_a_class_with_a_colon_is_a_column_like_others():
    odd = of_classes((0,), ["seen:1"])
    table = whole_table([*SCORES, scored(FEDERATED, odd, 0.5)])
    assert table.columns == ("model", "all", "1,3", '"seen:1"')


def test_what_an_isolated_model_lacks_is_named():
    lacks = {1: ("a,b", "c"), 2: (), 3: ("none",)}
    table = training_table(map(trained, lacks), lacks, epochs=1)
    assert [row[1] for row in texts(table)] == ['"a,b",c', "none", '"none"']
    assert texts(table)[0] == ("1", '"a,b",c', "4", "0.50", "0.10")


def trained(silo, loss=0.5):
    return RoundRecord(
        round=1,
        silo=silo,
        phase=Phase.TRAIN,
        loss=loss,
        accuracy=None,
        num_examples=4,
        seconds=0.1,
        cpu_seconds=0.1,
    )


def test_a_training_without_a_loss_has_a_dash():
    assert texts(training_table([trained(1, loss=None)], {1: ()}, epochs=1))[0][3] == "–"


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_shown_as_it_is_wherever_it_stands(name):
    table = sheet_of("t", name, ("class", name), [(name, 1), ("other", 2)])
    lines = shown(table, width=2000).splitlines()
    for part in (lines[0], lines[2], lines[4]):
        assert visible(name).rstrip() in part
    assert lines[4].rstrip().endswith("1")


def test_a_name_longer_than_the_line_is_folded_and_whole():
    table = sheet_of("t", "T", ("class", "silo 1"), [("x" * 200, 12)])
    text = shown(table)
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("x") == 200


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_a_terminal_without_unicode_gets_the_same_cells(encoding):
    rows = [(name, -0.5, float("nan")) for name in NAMES]
    text = shown(sheet_of("t", "−", ("•", "a", "b"), rows), encoding=encoding)
    assert text.startswith("-\n")
    assert r"\u7cd6\u5c3f\u75c5" in text
    assert max(map(len, text.splitlines())) <= 80


def test_sixty_silos_are_rows():
    counts = [(silo, 10 * silo, 0) for silo in range(1, 61)]
    table = counts_table(counts, ["cat", "dog", "eel"])
    assert (len(table.rows), texts(table)[59]) == (61, ("60", "60", "600", "0", "660"))
    assert texts(table)[-1] == ("all", "1830", "18300", "0", "20130")
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
    rows = [(silo, "no evidence either way", 1.0) for silo in range(3)]
    text = shown(sheet_of("t", "T", ("silo", "verdict", "gain"), rows), width=32)
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


def with_silos(count):
    """Return findings of so many silos, in every sheet that a terminal shows."""
    found = findings()
    gains = tuple(replace(g, silo=s) for s in range(1, count + 1) for g in found.gains[:3])
    return replace(found, gains=gains)


def blocks_of(text):
    """Return the rows of each block of a table on a terminal, as their cells' texts."""
    lines = text.splitlines()[1:]
    rules = [number for number, line in enumerate(lines) if line.strip().startswith("──")]
    for start, end in zip(rules, [*(rule - 1 for rule in rules[1:]), len(lines)], strict=True):
        yield [re.split(r" {2,}", line.strip()) for line in lines[start + 1 : end] if line.strip()]


@pytest.mark.parametrize("sheet", [gains_sheet, ledger_sheet, seeds_sheet])
@pytest.mark.parametrize("width", [60, 80])
def test_a_table_of_sixty_silos_stays_within_the_terminal(sheet, width):
    text = shown(sheet(with_silos(60)), width=width)
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize(("sheet", "width"), [(gains_sheet, 80), (seeds_sheet, 80)])
def test_every_block_of_a_table_repeats_the_columns_that_name_a_row(sheet, width):
    table = sheet(with_silos(60))
    blocks = list(blocks_of(shown(table, width=width)))
    assert len(blocks) > 1
    names = [[cell.text for cell in row[: table.heads]] for row in table.rows]
    for block in blocks:
        # A name that is folded goes on in the next line, below an empty first cell.
        found = [cells for cells in block if cells[0].startswith("silo ")]
        assert [cells[0] for cells in found] == [row[0] for row in names]
        for cells, row in zip(found, names, strict=True):
            assert row[1].startswith(cells[1])
            assert cells[2 : table.heads] == row[2:]


def test_all_of_a_cell_is_on_the_terminal():
    table = gains_sheet(findings())
    found = " ".join(shown(table, width=200).split())
    assert all(cell.line in found for row in table.rows for cell in row)
    assert "▼ loses" in found
    assert "−0.52 (−0.73 to −0.31)" in found
