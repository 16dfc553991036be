"""Pictures as bytes in one Parquet file, in the forms that pandas and the hub write."""

import datasets
import pandas as pd
import pytest
import torch

from fedcompare.config.groups import DataConfig
from fedcompare.data.sources.catalog import open_source
from fedcompare.data.sources.parquet_pictures import ParquetPictures
from fedcompare.errors import DataError
from made_up_pictures import encoded, noise, table

LABELS = [0, 1] * 10
SITES = ["north"] * 10 + ["south"] * 10
CONTENTS = [encoded(noise(seed=seed)) for seed in range(20)]


def decode(path, **keys):
    source = open_source(DataConfig(dataset=str(path), **keys))
    assert isinstance(source, ParquetPictures)
    return source.decode()


def as_bytes(path, **more):
    pd.DataFrame({"picture": CONTENTS, "label": LABELS, **more}).to_parquet(path)
    return path


def as_structs(path, **more):
    cells = [{"bytes": content, "path": None} for content in CONTENTS]
    pd.DataFrame({"picture": cells, "label": LABELS, **more}).to_parquet(path)
    return path


def as_the_hub_does(path, **more):
    features = {"label": datasets.Value("int64"), **{n: datasets.Value("string") for n in more}}
    rows = table({"label": LABELS, **more}, features)
    rows.rename_column("image", "picture").to_parquet(path)
    return path


WRITERS = pytest.mark.parametrize("write", [as_bytes, as_structs, as_the_hub_does])


@WRITERS
def test_pictures_are_the_same_in_whatever_form_their_bytes_are(tmp_path, write):
    data = decode(write(tmp_path / "p.parquet"))
    assert (len(data.train.labels), len(data.test.labels)) == (16, 4)
    assert data.test.labels.bincount().tolist() == [2, 2]
    assert data.fingerprint == decode(as_bytes(tmp_path / "same.parquet")).fingerprint
    assert "Held out for the test: 4 of 20 pictures" in data.notes[0]


@WRITERS
def test_a_column_names_the_silos_each_of_which_has_its_share_held_out(tmp_path, write):
    data = decode(write(tmp_path / "p.parquet", site=SITES), silo="site")
    assert data.silo_names == ("north", "south")
    assert data.test.silos.bincount().tolist() == [2, 2]


def test_pictures_of_a_group_are_held_out_together(tmp_path):
    groups = [f"P{index // 2}" for index in range(20)]
    data = decode(as_bytes(tmp_path / "p.parquet", patient=groups), group="patient")
    assert not set(data.train.groups.tolist()) & set(data.test.groups.tolist())
    assert data.test.groups.unique(return_counts=True)[1].tolist() == [2, 2]
    assert "2 of 10 groups (patient) as a whole" in data.notes[0]


def test_a_column_or_another_file_says_what_is_held_out(tmp_path):
    parts = ["train"] * 15 + ["test"] * 5
    by_column = decode(as_bytes(tmp_path / "p.parquet", part=parts), split_column="part")
    frame = pd.DataFrame({"picture": CONTENTS, "label": LABELS})
    frame[:15].to_parquet(tmp_path / "train.parquet")
    frame[15:].to_parquet(tmp_path / "test.parquet")
    by_file = decode(tmp_path / "train.parquet", test_data=str(tmp_path / "test.parquet"))
    assert torch.equal(by_column.train.inputs, by_file.train.inputs)
    assert torch.equal(by_column.test.labels, by_file.test.labels)


def test_names_of_classes_that_the_hub_stores_are_kept(tmp_path):
    rows = table({"label": LABELS}, {"label": datasets.ClassLabel(names=["cat", "dog"])})
    rows.to_parquet(tmp_path / "p.parquet")
    assert decode(tmp_path / "p.parquet").class_names == ("cat", "dog")


def test_a_damaged_picture_is_named_by_its_row(tmp_path):
    contents = [*CONTENTS[:5], CONTENTS[5][:40], *CONTENTS[6:]]
    pd.DataFrame({"picture": contents, "label": LABELS}).to_parquet(tmp_path / "p.parquet")
    with pytest.raises(DataError, match=r"p\.parquet, row 5 is no picture"):
        decode(tmp_path / "p.parquet")


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ({"label": "sickness"}, "label = 'sickness' is no label column; found: label"),
        ({"silo": "sites"}, "silo = 'sites' is no silo column; found: label, site"),
        ({"group": "person"}, "group = 'person' is no group column; found: label, site"),
        ({"split_column": "part"}, "split-column = 'part': .* has no such column"),
        ({"split_column": "site"}, "no row has 'train', but 'north', 'south'. Set train-split"),
    ],
)
def test_a_key_that_names_no_column_is_refused(tmp_path, keys, problem):
    with pytest.raises(DataError, match=problem):
        decode(as_bytes(tmp_path / "p.parquet", site=SITES), **{"label": "label"} | keys)


def test_bytes_that_are_no_pictures_make_no_pictures_of_a_table(tmp_path):
    path = tmp_path / "t.parquet"
    pd.DataFrame({"blob": [b"x"] * 20, "age": range(20), "label": LABELS}).to_parquet(path)
    source = open_source(DataConfig(dataset=str(path), label="label"))
    assert source.kind == "table"
