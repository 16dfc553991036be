"""Several labels of one example are refused in words; names that only look like them are not."""

import pyarrow as pa
import pytest
from pyarrow import parquet

from fedcompare.config.groups import DataConfig
from fedcompare.data.several_labels import several_columns, several_labels
from fedcompare.data.tables.reading import read_table
from fedcompare.data.tables.roles import check_classes, find_roles
from fedcompare.errors import DataError

REMEDY = "tells one label of an example: store a column for each label"


@pytest.mark.parametrize(
    ("classes", "said"),
    [
        (("cold", "cold;flu", "flu"), "such as 'cold;flu' beside cold, flu"),
        (("a", "b", "c", "b | a | c"), "several labels"),
        (("['a', 'b']", "['a']"), "cells are lists, such as"),
        (("[0]", "[0, 2]", "[]"), "cells are lists"),
        (("{1}", "{1, 2}"), "cells are lists"),
    ],
)
def test_cells_with_several_labels_are_recognised(classes, said):
    assert said in several_labels(classes)


@pytest.mark.parametrize(
    "classes",
    [
        ("no", "yes"),
        ("Crop; wheat", "Crop; maize", "Crop"),
        ("[0, 10]", "[10, 20]", "[20, 30]"),
        ("[unknown]", "known"),
        ("Paris, France", "Lyon, France", "Paris"),
        ("a/b", "a", "b"),
        (";", "|", ""),
    ],
)
def test_names_that_only_look_like_several_are_classes(classes):
    assert several_labels(classes) == ""


def test_several_columns_are_recognised_where_all_of_them_are_there():
    columns = ("flu", "cold", "age, group")
    assert several_columns("flu, cold", columns).startswith("these are 2 columns, and fedcompare")
    assert several_columns("flu,asthma", columns) == ""
    assert several_columns("flu", columns) == ""


def read(dataset):
    config = DataConfig(dataset=str(dataset))
    return read_table(config.source, config)


def written(path, text):
    path.write_text(text)
    return read(path)


def test_several_columns_as_the_label_are_refused_with_the_remedy(tmp_path):
    table = written(tmp_path / "t.csv", "x,flu,cold\n1,0,1\n2,1,1\n")
    with pytest.raises(DataError, match=r"these are 2 columns.* at first with --label flu"):
        find_roles(table, DataConfig(label="flu,cold"))


def test_cells_with_several_labels_are_refused_with_the_remedy(tmp_path):
    table = written(tmp_path / "t.csv", "x,diag\n1,flu\n2,cold\n3,cold;flu\n")
    with pytest.raises(DataError, match=r"label = 'diag' .*cells hold several labels") as found:
        check_classes(table, "diag", 3, ("cold", "cold;flu", "flu"), "")
    assert REMEDY in str(found.value)


@pytest.mark.parametrize("key", ["label", "silo"])
def test_a_column_of_lists_is_there_and_said_to_be_no_single_values(tmp_path, key):
    path = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"x": [1, 2], "diag": [["flu"], ["flu", "cold"]]}), path)
    table = read(path)
    with pytest.raises(DataError, match=f"{key} = 'diag': .* has the column, but its") as found:
        table.find("diag", key)
    assert (REMEDY in str(found.value)) is (key == "label")
