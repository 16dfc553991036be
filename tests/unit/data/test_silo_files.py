"""A folder with a table for each silo: the same as one table with a silo column."""

import gzip
import os

import numpy as np
import pyarrow as pa
import pytest
import torch
from pyarrow import parquet

from fedcompare.config.groups import DataConfig
from fedcompare.data.sources.catalog import open_source
from fedcompare.data.sources.folder import recognised
from fedcompare.data.tables.column import column_of
from fedcompare.data.tables.contract import Kind
from fedcompare.data.tables.decimals import with_one_decimal_sign
from fedcompare.errors import DataError
from made_up_tables import SITES, patients, rows, split_up, study_of, write_csv


def sites(folder, **contents):
    """Write files of text: north="a,b\\n" is north.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / f"{name}.csv").write_text(content, encoding="utf-8")
    return folder


def content(**columns):
    """Return a file's text: some rows with labels and a number, and further columns."""
    count = len(next(iter(columns.values()), range(8)))
    named = {"y": ["a", "b"] * (count // 2), "x": [10 * n + 1 for n in range(count)], **columns}
    lines = [
        ",".join(named),
        *(",".join(map(str, row)) for row in zip(*named.values(), strict=True)),
    ]
    return "".join(f"{line}\n" for line in lines)


def look(folder, **keys):
    return study_of(f"silos:{folder}", silo=keys.pop("silo", ""), **keys)


def test_files_give_what_one_table_with_a_silo_column_gives(tmp_path):
    columns = patients(120)
    columns["silo"] = columns.pop("hospital")
    columns["sex"][5] = ""
    table = write_csv(tmp_path / "table.csv", columns)
    folder = split_up(tmp_path / "sites", columns, "silo")
    one, several = (
        open_source(DataConfig(dataset=name, label="outcome", silo=silo)).decode()
        for name, silo in ((str(table), "silo"), (f"silos:{folder}", ""))
    )
    assert several.contract == one.contract
    assert several.silo_names == one.silo_names == ("site 7", "Torgersen", "東京")
    for split in ("train", "test"):
        own, other = getattr(several, split), getattr(one, split)
        for silo in range(3):
            mine, theirs = own.silos == silo, other.silos == silo
            assert torch.equal(own.inputs[mine], other.inputs[theirs])
            assert torch.equal(own.labels[mine], other.labels[theirs])


def test_each_file_may_have_a_form_of_its_own(tmp_path):
    folder = sites(tmp_path / "sites", north=content(v=[0.5 + n for n in range(8)]))
    (folder / "south.tsv").write_bytes("x\ty\tv\n1\ta\té\n9\tb\t2\n".encode("utf-16"))
    (folder / "west.csv.gz").write_bytes(gzip.compress(b"v,y,x\n1.5,a,4\n2.5,b,5\n"))
    table = pa.table({"y": ["a", "b"], "x": [1.25, 3.0], "v": [7, None]})
    parquet.write_table(table, folder / "10.parquet")
    found = look(folder, features="x,v")
    assert found.contract.silos == ("10", "north", "south", "west")
    assert [feature.name for feature in found.contract.features] == ["x", "v"]
    notes = "\n".join(found.notes)
    assert "south.tsv: Columns are separated by tabs." in notes
    assert "south.tsv: Text is utf-16." in notes


def test_a_decimal_comma_in_one_file_is_the_same_number_as_a_point_in_another(tmp_path):
    folder = sites(
        tmp_path / "sites",
        north=content(v=[1234.5, 2, 3.25, 4], word=["p,q", "r", "p,q", "r"]).replace(
            "p,q", '"p,q"'
        ),
        south="y;x;v;word\na;1;1.234,5;p,q\nb;12;2;r\na;5;3,25;p,q\nb;8;4;r\n",
    )
    found = look(folder)
    assert "south.csv: numbers have decimal commas." in found.notes
    kinds = {feature.name: feature.kind for feature in found.contract.features}
    assert kinds == {"x": Kind.NUMBER, "v": Kind.NUMBER, "word": Kind.CATEGORY}
    values = list(found.train.table.columns["v"])
    assert values[:4] == ["1234.5", "2", "3.25", "4"] == values[4:]
    word = next(feature for feature in found.contract.features if feature.name == "word")
    assert word.categories == ("p,q", "r")


def test_where_all_files_have_decimal_commas_nothing_is_changed(tmp_path):
    text = "y;v\na;1,5\nb;2,5\na;3,5\nb;4,25\n"
    found = look(sites(tmp_path / "sites", north=text, south=text))
    assert "v: read with decimal commas." in found.notes
    assert not any("numbers have decimal commas" in note for note in found.notes)
    assert "All files: Columns are separated by semicolons." in found.notes


def test_messages_name_the_file_and_its_own_row(tmp_path):
    folder = sites(
        tmp_path / "sites",
        north=content(v=[n * n for n in range(30)]),
        south=content(v=["oops", *(n * n for n in range(29))]).replace("b,291,", ",291,"),
    )
    notes = "\n".join(look(folder).notes)
    assert "first 'oops' in south.csv, row 2" in notes
    assert "1 row without y, first south.csv, row 31: left out." in notes


def test_other_files_are_told_and_hidden_ones_are_not(tmp_path):
    folder = sites(tmp_path / "sites", north=content(), south=content(), **{".old": "x"})
    (folder / "README.md").write_text("read me")
    sites(folder / "old", east=content())
    notes = look(folder).notes
    assert notes[0] == "Files are called as their silos: south.csv is of south."
    assert "Files that are no tables, 1, such as README.md: left out." in notes
    assert "Files in other folders, 1, such as old/east.csv: left out." in notes
    assert not any(".old" in note for note in notes)


@pytest.mark.parametrize(
    "layout",
    [
        ("train/north", "train/south", "test/north", "test/south"),
        ("north/train", "south/train", "north/test", "south/test"),
    ],
)
def test_splits_may_be_folders_or_files_of_silos(tmp_path, layout):
    for name in layout:
        count = 8 if "train" in name else 4
        folder, _, file = name.rpartition("/")
        sites(tmp_path / folder, **{file: content(v=range(count))})
    found = look(tmp_path)
    assert found.contract.silos == ("north", "south")
    assert f"{layout[1]}.csv is of south, split train." in found.notes[0]
    assert (len(found.train), len(found.test)) == (16, 8)
    assert np.bincount(found.test.silos).tolist() == [4, 4]
    with pytest.raises(DataError, match=r"train-split and test-split are both 'train'"):
        look(tmp_path, test_split="train")
    with pytest.raises(DataError, match="say what is held out"):
        look(tmp_path, test_data=f"silos:{tmp_path}")


def test_a_folder_for_each_silo_may_hold_one_file_of_any_name(tmp_path):
    for name in ("north", "south"):
        sites(tmp_path / name, data=content())
    assert look(tmp_path).contract.silos == ("north", "south")


def test_test_rows_may_lie_in_another_folder_of_the_same_silos(tmp_path):
    folder = sites(tmp_path / "a", north=content(), south=content())
    other = sites(tmp_path / "b", south=content(), east=content())
    for name in (f"silos:{other}", str(other)):
        found = look(folder, test_data=name)
        assert (len(found.train), len(found.test)) == (16, 8)
    assert "Test rows whose silo no training row has, 8 (east): left out." in found.notes
    single = write_csv(tmp_path / "test.csv", {"y": ["a", "b"], "x": [1, 2]})
    with pytest.raises(DataError, match="silo is the file's name where test-data is a folder"):
        look(folder, test_data=str(single))
    with_silo = write_csv(tmp_path / "own.csv", {"y": ["a"], "x": [1], "silo": ["south"]})
    assert len(look(folder, test_data=str(with_silo)).test) == 1


def test_a_column_called_silo_stays_a_column(tmp_path):
    folder = sites(
        tmp_path / "sites", north=content(silo=["p", "q"] * 4), south=content(silo=["q", "p"] * 4)
    )
    found = look(folder)
    assert found.contract.silo == "silo of the file"
    assert "silo" in [feature.name for feature in found.contract.features]


def test_what_one_file_lacks_may_be_ignored_and_is_refused_otherwise(tmp_path):
    folder = sites(tmp_path / "sites", north=content(v=range(8)), south=content(), west=content())
    message = (
        r"south\.csv lacks 1 column that north\.csv has, v; it has y, x\. 1 further file lacks "
        r"columns\. Add what is lacking, .* or leave it out with ignore"
    )
    with pytest.raises(DataError, match=message):
        look(folder)
    assert look(folder, ignore="v").contract.left_out["v"] == "as asked for"
    assert [feature.name for feature in look(folder, features="x").contract.features] == ["x"]


@pytest.mark.parametrize(
    ("files", "keys", "message"),
    [
        ({}, {}, r"holds no table"),
        ({"north": content()}, {}, r"one silo alone, north\.csv: there is nobody"),
        ({"train": content(), "test": content()}, {}, r"train\.csv and test\.csv are called as"),
        ({"train": content(), "val": content()}, {}, r"are called as splits are"),
        ({"north": content(), "south": ""}, {}, r"south\.csv is empty"),
        ({"north": content(), "south": "y,x\n"}, {}, r"south\.csv has a header, but no rows"),
        ({"north": content(), "south": "y,x\n1,2,3\n"}, {}, r"south\.csv, row 2: it has 3 cells"),
        ({"north": content(), "south": content()}, {"silo": "x"}, r"silo = 'x': .*Leave silo out"),
    ],
)
def test_what_is_no_folder_of_silos_is_refused(tmp_path, files, keys, message):
    with pytest.raises(DataError, match=message):
        look(sites(tmp_path / "sites", **files), **keys)


def test_one_silo_has_one_file(tmp_path):
    folder = sites(tmp_path / "sites", north=content(), south=content())
    (folder / "north.tsv").write_text(content())
    with pytest.raises(DataError, match=r"north\.csv and north\.tsv are both of silo 'north'"):
        look(folder)


def test_a_folder_is_known_by_what_lies_in_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = sites(tmp_path / "sites", north=content(), south=content())
    for name in ("sites", "sites/", "./sites", str(folder), f"folder:{folder}"):
        assert recognised(DataConfig(dataset=name)).dataset == f"silos:{folder}"
    decoded = open_source(DataConfig(dataset="sites", label="y")).decode()
    assert decoded.silo_names == ("north", "south")
    (folder / "plan.png").write_bytes(b"")
    assert recognised(DataConfig(dataset="sites")).is_table


@pytest.mark.parametrize(
    "names",
    [
        ("train-00000-of-00001.parquet", "test-00000-of-00001.parquet"),
        ("data/train.parquet", "data/test.parquet"),
        ("train/metadata.csv", "train/1.png"),
        ("labels.csv", "1.png", "2.png"),
        ("a/1.png", "b/2.png"),
        ("deep/er/than/this.csv",),
    ],
)
def test_a_folder_of_pictures_is_no_folder_of_silos(tmp_path, names):
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    config = DataConfig(dataset=str(tmp_path))
    assert recognised(config) == config


def test_file_names_may_be_anything(tmp_path):
    folder = sites(tmp_path / "sites", **{"<b>x": content(), "=1+1": content(), "a,b": content()})
    with open(os.fsencode(folder) + b"/caf\xe9.csv", "w") as file:
        file.write(content())
    made = tmp_path / "made.parquet"
    parquet.write_table(pa.table({"y": ["a", "b"], "x": [1, 2]}), made)
    made.rename(os.fsdecode(os.fsencode(folder) + b"/\xe9.parquet"))
    found = look(folder)
    assert set(found.contract.silos) == {"<b>x", "=1+1", "a,b", r"caf\udce9", r"\udce9"}


def test_parquet_files_of_splits_are_tables_where_they_hold_no_pictures(tmp_path):
    for name in ("train", "test"):
        parquet.write_table(pa.table({"y": ["a", "b"], "x": [1, 2]}), tmp_path / f"{name}.parquet")
    with pytest.raises(DataError, match=r"train\.parquet and test\.parquet are called as splits"):
        open_source(DataConfig(dataset=str(tmp_path), label="y"))
    for name in ("train", "test"):
        pictures = pa.table({"y": ["a"], "x": pa.array([b"png"], pa.binary())})
        parquet.write_table(pictures, tmp_path / f"{name}.parquet")
    config = DataConfig(dataset=str(tmp_path))
    assert recognised(config) == config


def test_a_place_that_is_no_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"gone does not exist"):
        look(tmp_path / "gone")
    with pytest.raises(DataError, match=r"t\.csv is a file"):
        look(write_csv(tmp_path / "t.csv", rows()))


def test_folders_that_say_nothing_are_refused(tmp_path):
    sites(tmp_path / "north", a=content(), b=content())
    with pytest.raises(DataError, match=r"which silo has north/a\.csv cannot be told"):
        look(tmp_path)


def test_the_identity_follows_the_names_and_contents_of_the_files_alone(tmp_path):
    def identity(folder):
        return open_source(DataConfig(dataset=f"silos:{folder}", label="y")).identity()

    first = sites(tmp_path / "a", north=content(), south=content())
    same = sites(tmp_path / "b", north=content(), south=content())
    assert identity(first) == identity(same)
    (same / "south.csv").rename(same / "east.csv")
    assert identity(first) != identity(same)
    sites(first, south=content().replace("a,1\n", "a,2\n"))
    assert identity(first) != identity(sites(tmp_path / "c", north=content(), south=content()))


def test_silos_are_called_by_their_files(tmp_path):
    columns = patients(120)
    found = look(split_up(tmp_path / "sites", columns, "hospital"), label="outcome")
    assert found.contract.silos == ("site 7", "Torgersen", "東京")
    assert set(found.contract.silos) == set(SITES)
    numbered = sites(tmp_path / "n", **{"2": content(), "10": content(), "1.5": content()})
    decoded = open_source(DataConfig(dataset=f"silos:{numbered}", label="y")).decode()
    assert decoded.silo_names == ("silo 1.5", "silo 2", "silo 10")


@pytest.mark.parametrize(
    ("cells", "points"),
    [
        (["1,5", "2,25", "1.234,5", "7"], ["1.5", "2.25", "1234.5", "7"]),
        (["1,5", "?", "oops", "0,123"], ["1.5", "?", "oops", "0.123"]),
        (["1,5", "a", "b", "c"], ["1,5", "a", "b", "c"]),
        (["01.02.2020", "1,5", "", ""], ["01.02.2020", "1,5", "", ""]),
    ],
)
def test_a_column_of_numbers_gets_points_where_another_file_has_them(cells, points):
    text, sure = (column_of(pa.array(own)) for own in (cells, ["0,5"] * 9))
    other = {"v": column_of(pa.array(["1.5"]))}
    (found, same), changed = with_one_decimal_sign([{"v": text, "w": sure}, other])
    assert list(found["v"]) == points
    assert same == other
    assert changed == [0]


@pytest.mark.parametrize("cells", [["1,234"], ["1.234"], ["7"], ["1,5", "1.5", "2.5"], ["p,1"]])
def test_what_may_be_thousands_or_text_is_no_decimal_comma(cells):
    tables = [{"v": column_of(pa.array(own))} for own in (cells, ["1.5"])]
    assert with_one_decimal_sign(tables) == (tables, [])


def test_labels_may_be_numbers_in_each_files_own_notation(tmp_path):
    values = [n * n / 8 for n in range(40)]
    folder = sites(
        tmp_path / "sites",
        north=content(v=values),
        south=content(v=[f'"{value}"'.replace(".", ",") for value in values]),
    )
    found = look(folder, label="v", task="regression")
    assert found.contract.number
    assert found.contract.number.mean == pytest.approx(np.mean(values), rel=0.2)
    labels = [
        rows.table.columns["v"][row] for rows in (found.train, found.test) for row in rows.numbers
    ]
    assert sorted(map(float, labels)) == sorted(values * 2)


def test_groups_are_held_out_whole_over_all_files(tmp_path):
    people = [f"p{n // 2}" for n in range(40)]
    folder = sites(tmp_path / "sites", north=content(who=people), south=content(who=people))
    found = look(folder, group="who")
    own = [
        {rows.table.columns["who"][row] for row in rows.numbers}
        for rows in (found.train, found.test)
    ]
    assert own[0].isdisjoint(own[1])
    assert any(
        "20 groups (who), such as p0, have examples in several silos" in note
        for note in found.notes
    )
