"""Tables as their owners have them: each works, and says what was found, or is refused in words."""

import numpy as np
import pytest

from fedcompare import api
from fedcompare.data.silos import load_silos
from fedcompare.errors import ConfigError, DataError
from made_up_tables import rows, write_csv


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FEDCOMPARE_CACHE", str(tmp_path / "cache"))


def of_sizes(**sizes):
    """Return rows of silos of these sizes, with two classes in each in turn."""
    sites = [name for name, size in sizes.items() for _ in range(size)]
    return {
        "site": sites,
        "y": [("a", "b")[place % 2] for place in range(len(sites))],
        "x": np.random.default_rng(0).normal(size=len(sites)).round(3).tolist(),
    }


def many(count, name="site {}"):
    return of_sizes(**{name.format(number): 6 for number in range(1, count + 1)})


def columns(count):
    random = np.random.default_rng(1)
    return rows() | {f"v{n}": random.normal(size=24).round(3).tolist() for n in range(count)}


def text(header, line, *, count=24, **encoding):
    """Return a file whose rows are `line`, filled with a number, a site and a class."""
    lines = [
        line.format(n=number**2, site=("north", "south")[number % 2], y="ab"[number // 2 % 2])
        for number in range(count)
    ]
    return "\n".join([header, *lines, ""]).encode(**encoding)


FLAGS = {
    "smoker": ["yes", "No", "YES", "no"] * 6,
    "alive": ["True", "FALSE", "", "true"] * 6,
    "bit": [0, 1, 1] * 8,
}
SPREAD = [f"20{year:02}-0{month}-11" for year in range(8) for month in (1, 5, 9)]

# What is there, and what must be said of it: silos by name, and parts of what is shown and told.
WORKS = {
    "sizes that differ 1,000 times": (of_sizes(big=3000, small=3), ["big", "small"], []),
    "a silo with one row": (of_sizes(north=20, south=20, tiny=1), ["north", "south", "tiny"], []),
    "a silo with one class": (
        rows() | {"site": ["north"] * 8 + ["south"] * 16, "y": ["a"] * 8 + ["a", "b"] * 8},
        ["north", "south"],
        [],
    ),
    "a class of one silo alone": (
        rows() | {"y": ["a", "b", "a", "c"] * 6},
        ["north", "south"],
        ["a, b, c"],
    ),
    "a class without a test row": (
        rows() | {"y": ["a", "a", "b", "b"] * 5 + ["a", "b", "b", "rare"]},
        ["north", "south"],
        ["a, b, rare"],
    ),
    "60 silos": (many(60), [f"site {number}" for number in range(1, 61)], []),
    "100 silos": (many(100), [f"site {number}" for number in range(1, 101)], []),
    "numbers as names of silos": (many(3, "{}"), ["site 1", "site 2", "site 3"], []),
    "missing labels": (
        rows() | {"y": ["a", "", "b", "b"] * 6},
        ["north", "south"],
        ["6 rows without y, first row 3: left out"],
    ),
    "missing silos": (
        rows() | {"site": ["north", "south", " "] * 8},
        ["north", "south"],
        ["8 rows without site, first row 4: left out"],
    ),
    "mixed types": (
        rows() | {"v": [1, 2.5, "low", "3"] * 6},
        ["north", "south"],
        ["v: numbers and text ('low' in row 4), so text. Correct these cells, or leave"],
    ),
    "one word among numbers": (
        rows(48) | {"v": ["1.5", "2", "7"] * 15 + ["broken", "1", "2"]},
        ["north", "south"],
        ["no numbers, first 'broken' in row 47; they count as missing"],
    ),
    "line breaks in quotes": (
        text("site,y,x,v", '{site},{y},{n},"say\n""{y}"""'),
        ["north", "south"],
        [],
    ),
    "semicolons and decimal commas": (
        text("site;y;x", "{site};{y};{n},5"),
        ["north", "south"],
        ["Columns are separated by semicolons", "x: read with decimal commas"],
    ),
    "semicolons, as Excel says": (
        text("sep=;\nsite;y;x", "{site};{y};{n}"),
        ["north", "south"],
        ["Columns are separated by semicolons"],
    ),
    "a byte-order mark": (
        text("site,y,x", "{site},{y},{n}", encoding="utf-8-sig"),
        ["north", "south"],
        [],
    ),
    "UTF-16": (
        text("site,y,x", "{site},{y},{n}", encoding="utf-16"),
        ["north", "south"],
        ["Text is utf-16"],
    ),
    "row numbers": (
        text(",site,y,x", "{n},{site},{y},{n}"),
        ["north", "south"],
        ["row numbers, a first column without a name"],
    ),
    "an empty column": (
        rows() | {"v": [""] * 24},
        ["north", "south"],
        ["no training row has a value"],
    ),
    "200 columns": (columns(200), ["north", "south"], ["201 inputs"]),
    "a column that one silo lacks": (
        rows() | {"v": [1.5, "", 2, "", 3.25, ""] * 4},
        ["north", "south"],
        ["the mean where it is missing"],
    ),
    "infinite numbers": (
        rows() | {"v": [1.5, "inf", 2, 3.25, 7, 1] * 4},
        ["north", "south"],
        ["infinite, and counted as missing"],
    ),
    "booleans": (rows() | FLAGS, ["north", "south"], ["1 is yes", "1 is true"]),
    "dates": (rows() | {"v": SPREAD}, ["north", "south"], ["days since 1970 of year-month-day"]),
    "dates of two forms": (
        rows() | {"v": ["2020-01-02", "01/02/2020", "2021-05-06"] * 8},
        ["north", "south"],
        ["v: days in several forms, so text. Write all in one form"],
    ),
    "blanks around words": (
        rows() | {"site": [" north", "south  "] * 12, "v": [" red ", "blue"] * 12},
        ["north", "south"],
        ["blue, red"],
    ),
    "thousands, percents and a typographic minus": (
        rows() | {"v": ["1,234", "7", "12"] * 8, "w": ["\u22125 %", "3%", "4 %"] * 8},
        ["north", "south"],
        ["v: commas group thousands, so 1,234 is 1234", "w: percent signs are left out"],
    ),
    "a label of floats that are classes": (
        rows() | {"y": ["0.0", "1.0", "1", ""] * 6},
        ["north", "south"],
        ["0, 1", "6 rows without y"],
    ),
    "a label that is an integer": (
        rows(120) | {"y": list(range(120))},
        ["north", "south"],
        ["regression"],
    ),
    "a label of floats": (
        rows() | {"y": [index + 0.5 for index in range(24)]},
        ["north", "south"],
        ["regression"],
    ),
    "markup and controls in names": (
        rows() | {"site": ["<b>north</b>", "so\u202euth"] * 12},
        ["<b>north</b>", "so\\u202euth"],
        [],
    ),
}


def stored(folder, table):
    path = folder / "table.csv"
    if isinstance(table, bytes):
        path.write_bytes(table)
        return path
    return write_csv(path, table)


def shown_texts(found):
    """Return all that an inspection says in words, a line each."""
    uses = [f"{use.name}: {use.treatment}" for use in found.columns]
    return "\n".join([found.form, ", ".join(found.classes), *uses, *found.notes])


@pytest.mark.parametrize("name", WORKS)
def test_it_works_and_is_told(tmp_path, name):
    table, silos, told = WORKS[name]
    path = stored(tmp_path, table)
    keys = {"dataset": str(path), "label": "y", "silo": "site"}
    found = api.inspect(api.configure(keys))
    loaded = load_silos(api.configure(keys))
    assert [silo.name for silo in found.silos] == silos == list(loaded.names)
    assert [silo.train for silo in found.silos] == [len(silo.train) for silo in loaded]
    assert [silo.test for silo in found.silos] == [len(silo.test) for silo in loaded]
    assert all(len(silo.train) for silo in loaded)
    assert loaded.pooled.train.inputs.isfinite().all()
    assert loaded.pooled.test.inputs.isfinite().all()
    assert found.classes == loaded.class_names
    for sentence in told:
        assert sentence in shown_texts(found)


# What is refused: by which words, of the file, the column, the row, and the remedy.
REFUSED = {
    "cp1252 text": (
        text("site,y,x,v", "{site},{y},{n},é", encoding="cp1252"),
        {},
        r"table\.csv, row 2, column 'v': this is no UTF-8 text\. Set encoding \(cp1252",
    ),
    "one name of two columns": (
        text("site,y,x,x", "{site},{y},{n},{n}"),
        {},
        r"table\.csv: .*stand twice in the header, such as 'x'\. Give each column",
    ),
    "a column without a name": (
        text("site,y,,x", "{site},{y},{n},{n}"),
        {},
        r"table\.csv: column 3 has no name\. Name it in the header",
    ),
    "a comma too many": (
        text("site,y,x", "{site},{y},{n},"),
        {},
        r"table\.csv, row 2: it has 4 cells, but the header 3 .*24 rows .*Correct the rows",
    ),
    "a cell too few": (
        text("site,y,x", "{site},{y},{n}") + b"north,a\n",
        {},
        r"table\.csv, row 26: it has 2 cells, but the header 3 .*Correct the rows",
    ),
    "a quote without an end": (
        text("site,y,x", "{site},{y},{n}") + b'north,a,"3\nsouth,b,4\nnorth,a,5\n',
        {},
        r"table\.csv, row 26: a quotation mark is opened and never closed",
    ),
    "no rows": (b"site,y,x\n", {}, r"table\.csv has a header, but no rows\. Choose a file"),
    "no bytes": (b"", {}, r"table\.csv is empty\. Choose a file"),
    "NUL bytes": (b"site,y,x\nnorth,a,\0\n", {}, r"table\.csv holds NUL bytes.*Restore it"),
    "one class": (
        rows() | {"y": ["a"] * 24},
        {},
        r"label = 'y' \(.*table\.csv\): all training rows are of one class, a.*another label",
    ),
    "one silo": (
        rows() | {"site": ["north"] * 24},
        {},
        r"silo = 'site' \(.*table\.csv\): all training rows are of one silo, north.*another column",
    ),
    "a label that is not there": (
        rows(),
        {"label": "outcome"},
        r"label = 'outcome': .*table\.csv has no such column; ",
    ),
    "a label of floats for classification": (
        rows() | {"y": [index + 0.5 for index in range(24)]},
        {"task": "multi-class"},
        r"label = 'y'",
    ),
    "words for regression": (rows(), {"task": "regression"}, r"label = 'y'.*'a'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_with_place_and_remedy(tmp_path, name):
    table, keys, message = REFUSED[name]
    path = stored(tmp_path, table)
    settings = {"dataset": str(path), "label": "y", "silo": "site"} | keys
    for ask in (api.inspect, load_silos):
        with pytest.raises((DataError, ConfigError), match=message):
            ask(api.configure(settings))


def test_text_of_a_named_encoding_works(tmp_path):
    path = stored(tmp_path, REFUSED["cp1252 text"][0])
    keys = {"dataset": str(path), "label": "y", "silo": "site", "encoding": "cp1252"}
    assert "Text is cp1252." in api.inspect(api.configure(keys)).notes


def test_a_test_file_with_other_columns_is_refused_or_leaves_out_what_is_ignored(tmp_path):
    path = stored(tmp_path, rows() | {"v": [1, 2] * 12})
    other = write_csv(tmp_path / "test.csv", rows() | {"more": [1, 2] * 12})
    keys = {"dataset": str(path), "label": "y", "silo": "site", "test-data": str(other)}
    with pytest.raises(
        DataError, match=r"test\.csv.* lacks 1 column of .*table\.csv: v\. .*ignore"
    ):
        api.inspect(api.configure(keys))
    found = api.inspect(api.configure(keys | {"ignore": "v"}))
    assert (found.train, found.test) == (24, 24)


@pytest.mark.parametrize("name", ["cp1252 text", "a cell too few", "one silo"])
def test_the_command_line_says_it_in_one_message(cli, tmp_path, name):
    table, _, message = REFUSED[name]
    path = stored(tmp_path, table)
    for command in (["inspect", path], ["compare", "--data", path]):
        found = cli(*command, "--label", "y", "--silo", "site")
        assert found.code == 5
        assert "Traceback" not in found.err
        assert "table.csv" in found.err
        assert message.rpartition(r"table\.csv")[2][:9].strip("\\,): ") in found.err
