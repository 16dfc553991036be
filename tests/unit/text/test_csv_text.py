import csv
import io

import pandas as pd
import pytest

from fedcompare.text.csv_text import format_csv, format_table, parse_csv
from nasty import NAMES


def test_text_comes_back_as_it_was():
    rows = [{"name": name, f"is {name}": str(index)} for index, name in enumerate(NAMES)]
    for row in rows:
        assert parse_csv(format_csv([row])) == [row]
    rows = [{"name": name, "other": "x"} for name in NAMES]
    assert parse_csv(format_csv(rows)) == rows


def test_other_programs_read_the_same_cells():
    rows = [[name, index] for index, name in enumerate(NAMES) if not {"\x00", "\udce9"} & set(name)]
    text = format_table(("name", "number"), rows)
    read = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert [[cell.removeprefix("'"), int(number)] for cell, number in read] == rows
    frame = pd.read_csv(io.StringIO(text), keep_default_na=False, dtype={"name": str})
    assert frame["name"].tolist() == [cell for cell, _ in read]


def test_names_of_columns_are_text_too():
    assert format_table(("silo", "=1+1", "silo"), [(1, 2, 3)]) == "silo,'=1+1,silo\n1,2,3\n"


def test_numbers_stay_numbers():
    assert format_table(("a",), [(-1,), (-0.1,), (None,), (1e-9,)]) == "a\n-1\n-0.1\n\n1e-09\n"


def test_no_rows_give_no_text():
    assert format_csv([]) == ""
    assert parse_csv("") == []


@pytest.mark.parametrize("text", ["a,b\n1\n", "a\n1,2\n", 'a\n"1\n'])
def test_ragged_and_open_lines_are_refused(text):
    with pytest.raises(ValueError, match=r"zip\(\)|unexpected end"):
        parse_csv(text)
