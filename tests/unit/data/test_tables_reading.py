"""Files as people have them: what is found out of their form, and what is refused, with its row."""

import gzip

import pyarrow as pa
import pytest
from pyarrow import parquet

from fedcompare.config.groups import DataConfig, DatasetName
from fedcompare.data.sources.catalog import open_source
from fedcompare.data.tables import column, csv_files
from fedcompare.data.tables.reading import read_table
from fedcompare.errors import DataError


@pytest.fixture
def read(tmp_path):
    """Return `read(content) -> {column: cells}`, of a file of that content."""

    def call(content, name="table.csv", encoding=""):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_cells(read_table(DatasetName.parse(str(path)), DataConfig(encoding=encoding)))

    return call


def read_cells(table):
    return {name: list(column) for name, column in table.columns.items()}


EXPECTED = {"a": ["1", "3"], "b": ["2", "é"]}


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,2\n3,é\n",
        "a,b\r\n1,2\r\n3,é",
        "a;b\n1;2\n3;é\n",
        "a\tb\n1\t2\n3\té\n",
        "a|b\n1|2\n3|é\n",
        "sep=;\na;b\n1;2\n3;é\n",
        "\ufeffa,b\n1,2\n3,é\n",
        "\ufeffsep=;\na;b\n1;2\n3;é\n",
        'a,b\n"1","2"\n\n3,é\n',
        " a , b \n 1,2 \n\u00a03,é\u2003\n",
        "a,b\n1,2\n3,é\n".encode("utf-16"),
        ",a,b\n0,1,2\n1,3,é\n",
    ],
)
def test_separator_encoding_and_blanks_are_found_out(read, content):
    assert read(content) == EXPECTED


def test_a_gzipped_file_is_read(read):
    assert read(gzip.compress("a,b\n1,2\n3,é\n".encode()), "table.csv.gz") == EXPECTED


def test_a_damaged_gzip_file_is_refused(read):
    with pytest.raises(DataError, match=r"table\.csv\.gz cannot be read"):
        read(gzip.compress(b"a,b\n1,2\n" * 99)[:-20], "table.csv.gz")


def test_no_cell_becomes_something_else(read):
    words = ["NA", "N/A", "None", "null", "nan", "007", "7", "9007199254740993", "True", "1.0"]
    content = "a,b\n" + "".join(f"{word},x\n" for word in words)
    assert read(content)["a"] == words


def test_decimal_commas_beside_semicolons_stay_in_their_cells(read):
    assert read("a;b\n1,5;0\n2,5;1\n") == {"a": ["1,5", "2,5"], "b": ["0", "1"]}


def test_quoted_cells_may_hold_separators_line_ends_and_quotes(read):
    assert read('"a,1",b\n"x\ny","say ""no"""\n') == {"a,1": ["x\ny"], "b": ['say "no"']}


def test_text_of_another_encoding_is_read_once_it_is_named(read):
    content = "a,b\n1,2\n3,é\n".encode("cp1252")
    assert read(content, encoding="cp1252") == EXPECTED
    with pytest.raises(DataError, match=r"row 3, column 'b': this is no UTF-8 text. Set encoding"):
        read(content)
    with pytest.raises(DataError, match=r"encoding = 'klingon' is unknown"):
        read(content, encoding="klingon")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1,2,\n3,4,\n", r"row 2: it has 3 cells, but the header 2 .*2 rows have another"),
        ("a,b\n1,2\n3\n", r"row 3: it has 1 cell, but the header 2 \(separated by commas\): '3'"),
        ("a,b\n1,2\n3,4,5\n", r"row 3: it has 3 cells"),
        ("sep=;\na;b\n1;2\n3\n", r"row 4: it has 1 cell"),
        ("a,b,a\n1,2,3\n", r"names stand twice in the header, such as 'a'"),
        ("a,a \n1,2\n", r"names stand twice in the header, such as 'a'"),
        ("a,,b\n1,2,3\n", r"column 2 has no name"),
        (",,b\n1,2,3\n", r"column 2 has no name"),
        ("a,b\n", r"has a header, but no rows"),
        ("a,b", r"has a header, but no rows"),
        ("", r"table\.csv is empty"),
        ("\n\n", r"table\.csv is empty"),
        ("\ufeff", r"table\.csv is empty"),
        ("a,b\n1,\0\n", r"holds NUL bytes"),
        ('a,b\n1,"2\n3,4\n5,6\n', r"row 2: a quotation mark is opened and never closed"),
        ("a,\xe9\n1,2\n".encode("cp1252"), r"row 1, the header: this is no UTF-8 text"),
        ("1.5,2\n3,4\n", r"the first row holds numbers alone \(1\.5, 2\), and no names"),
    ],
)
def test_what_is_no_table_is_refused_with_its_row(read, content, message):
    with pytest.raises(DataError, match=message):
        read(content)


def test_a_nul_byte_far_below_is_named_with_row_and_column(read):
    rows = "1,2\n" * 100_000
    with pytest.raises(DataError, match=r"row 100002, column 'b': the cell holds a NUL byte"):
        read(f"a,b\n{rows}1,\0\n")


@pytest.mark.parametrize("block", [16, 64, 1000])
def test_blocks_change_nothing(read, monkeypatch, block):
    lines = [f'{number % 7}, {number} ,"x\n{number % 3}"' for number in range(50)]
    lines[20] = f'1,2,"{"long" * 200}"'  # longer than two small blocks
    content = "\n".join(["a,b,c", *lines]).encode("utf-16")
    whole = read(content)
    monkeypatch.setattr(csv_files, "_BLOCKS", (block, 2**16))
    assert read(content) == whole
    assert whole["b"][19:22] == ["19", "2", "21"]
    with pytest.raises(DataError, match=r"row 42: it has 2 cells"):
        read("\n".join(["a,b,c", *["1,2,3"] * 40, "1,2", *["1,2,3"] * 9]))


def test_a_quote_that_swallows_a_large_file_is_suspected(read, monkeypatch):
    monkeypatch.setattr(csv_files, "_BLOCKS", (2**6, 2**7))
    with pytest.raises(DataError, match=r"Look for a quotation mark that is opened and never"):
        read('a,b\n1,"2\n' + "1,2\n" * 999)


def test_a_file_that_is_not_there_or_no_table_is_refused(read, tmp_path):
    with pytest.raises(DataError, match=r"nothing\.csv does not exist"):
        read_table(DatasetName.parse(str(tmp_path / "nothing.csv")), DataConfig())
    with pytest.raises(DataError, match=r"is a folder"):
        read_table(DatasetName("csv", str(tmp_path)), DataConfig())
    with pytest.raises(DataError, match=r"is no table; use a path"):
        read_table(DatasetName.parse("mnist"), DataConfig())


def test_parquet_columns_become_text_that_says_the_same(tmp_path):
    path = tmp_path / "table.parquet"
    table = pa.table(
        {
            "whole": pa.array([1.0, None, 3.0]),
            "broken": [1.5, 2.0, None],
            "large": [9007199254740993, 1, 2],
            "flag": [True, None, False],
            "name": pa.array(["007", "NA", None]).dictionary_encode(),
            "many": [[1], [2], [3]],
        }
    )
    parquet.write_table(table, path)
    found = read_table(DatasetName.parse(str(path)), DataConfig())
    assert read_cells(found) == {
        "whole": ["1", "", "3"],
        "broken": ["1.5", "2", ""],
        "large": ["9007199254740993", "1", "2"],
        "flag": ["true", "", "false"],
        "name": ["007", "NA", ""],
    }
    assert "no single values" in found.left_out["many"]


@pytest.mark.parametrize("part", [1, 2, 100])
def test_parquet_columns_with_dots_in_their_names_are_themselves(tmp_path, monkeypatch, part):
    monkeypatch.setattr(column, "_PART", part)
    path = tmp_path / "table.parquet"
    cells = [["1", "2", "1"], ["p", "", "p"], ["x", "y", "x"]]
    pairs = [{"b": 1}, {"b": 2}, {"b": 3}]
    names = ["a", "a.b", "a.b.c", "pair", "pair.b"]
    parquet.write_table(pa.table([*cells, pairs, cells[0]], names=names), path)
    found = read_table(DatasetName.parse(str(path)), DataConfig())
    assert read_cells(found) == {
        "a": cells[0],
        "a.b": cells[1],
        "a.b.c": cells[2],
        "pair.b": cells[0],
    }
    assert "no single values" in found.left_out["pair"]


def test_parquet_columns_of_one_name_are_refused(tmp_path):
    path = tmp_path / "table.parquet"
    parquet.write_table(pa.table([[1], [2]], names=["a", "a"]), path)
    with pytest.raises(DataError, match=r"names stand twice in the header, such as 'a'"):
        read_table(DatasetName.parse(str(path)), DataConfig())


def test_a_damaged_parquet_file_is_refused(read):
    with pytest.raises(DataError, match=r"cannot be read as Parquet"):
        read(b"PAR1 and no more", "table.parquet")


IRIS = "5.1,3.5,setosa\n4.9,?,versicolor\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (IRIS, [["5.1", "4.9"], ["3.5", "?"], ["setosa", "versicolor"]]),
        ("1;a b\n2;c d\n", [["1", "2"], ["a b", "c d"]]),
        ("1\ta b\n2\tc d\n", [["1", "2"], ["a b", "c d"]]),
        ("1\ta  b\t\n2\tc  d\t3\n", [["1", "2"], ["a  b", "c  d"], ["", "3"]]),
        ("1\t\t4 p\n2\t\t3 q\n", [["1", "2"], ["", ""], ["4 p", "3 q"]]),
        ("  1   2.5  x\n 10   3.5  y \n", [["1", "10"], ["2.5", "3.5"], ["x", "y"]]),
        ('18.0   8\t"a  b"\n9.0  10\t"c"\n', [["18.0", "9.0"], ["8", "10"], ["a  b", "c"]]),
        ("9, In work, <=5\n5, None, >5\n", [["9", "5"], ["In work", "None"], ["<=5", ">5"]]),
        ("r,n,y\nd,y,n\n", [["r", "d"], ["n", "y"], ["y", "n"]]),
        ("p,x,s,n\n", [["p"], ["x"], ["s"], ["n"]]),
    ],
)  # fmt: skip
def test_files_of_the_uci_repository_have_rows_alone(read, content, expected):
    found = read(content, "iris.data")
    assert found == {str(number): cells for number, cells in enumerate(expected, start=1)}
    assert read(gzip.compress(content.encode()), "iris.data.gz") == found


def test_a_data_file_with_names_in_its_first_row_has_these(tmp_path):
    path = tmp_path / "parkinsons.data"
    path.write_text("name,Fo(Hz),status\nphon_1,119.9,1\nphon_2,?,0\n")
    table = read_table(DatasetName.parse(str(path)), DataConfig())
    assert list(table.columns) == ["name", "Fo(Hz)", "status"]
    assert table.notes == ("The first row is taken for the names of the columns.",)
    assert table.row(0) == "row 2"


@pytest.mark.parametrize("name", ["iris.data", "iris.csv"])
def test_columns_name_those_of_a_file_without_a_header(tmp_path, name):
    path = tmp_path / name
    path.write_text(IRIS)
    config = DataConfig(dataset=str(path), label="kind", columns="length, width,kind")
    assert open_source(config)
    table = read_table(config.source, config)
    assert read_cells(table)["kind"] == ["setosa", "versicolor"]
    assert list(table.columns) == ["length", "width", "kind"]
    assert table.row(1) == "row 2"
    assert not table.notes


@pytest.mark.parametrize(
    ("content", "columns", "message"),
    [
        (IRIS, "a,b", r"columns lists 2 names, but .*iris\.csv has 3 columns"),
        ("a,b\n1,2\n", "x,y", r"first row of .* names them itself \(a, b, \.\.\.\)"),
        ("1,2\n3,4\n", "", r"numbers alone \(1, 2\).* or set columns"),
        ("1,2\n3\n", "x,y", r"row 2: it has 1 cell, but the first row 2 .* or the first row"),
        ("1  2\n3\n4  5\n", "x,y", r"row 2: it has 1 cell, but the first row 2 \(separated by bl"),
        (
            "1  2\n3  4  5\n6  7\n",
            "x,y",
            r"row 2: it has 3 cells, but the first row 2 \(separated by bl",
        ),
    ],
)
def test_what_does_not_fit_the_named_columns_is_refused(tmp_path, content, columns, message):
    path = tmp_path / "iris.csv"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        read_table(DatasetName.parse(str(path)), DataConfig(columns=columns))


def test_parquet_columns_have_names(tmp_path):
    path = tmp_path / "table.parquet"
    parquet.write_table(pa.table({"a": [1]}), path)
    with pytest.raises(DataError, match=r"table\.parquet has names\. Leave it out"):
        read_table(DatasetName.parse(str(path)), DataConfig(columns="b"))


def test_what_a_file_has_no_header_for_is_told(tmp_path):
    def notes(name, content):
        (tmp_path / name).write_text(content)
        return read_table(DatasetName.parse(str(tmp_path / name)), DataConfig()).notes

    assert "columns are called 1 to 3; the key columns may name them" in notes("i.data", IRIS)[0]
    assert "Columns are called 5.1, 3.5: if the first row is data" in notes("i.csv", IRIS)[0]
    assert notes("b.data", "1  2\n3  4\n")[1] == "Columns are separated by blanks."


def test_empty_lines_before_the_header_are_no_rows(read):
    assert read("\n\na,b\n1,2\n3,é\n") == EXPECTED
    assert read("\n1,2\n\n3,4\n", "t.data") == {"1": ["1", "3"], "2": ["2", "4"]}


def test_text_of_another_encoding_between_blanks_is_refused(read):
    assert read("1  é\n2  b\n".encode("cp1252"), "t.data", encoding="cp1252")["2"] == ["é", "b"]
    rows = b"1  a\n" * 60
    with pytest.raises(DataError, match="no UTF-8 text"):
        read(rows + "1  é\n".encode("cp1252"), "t.data")
