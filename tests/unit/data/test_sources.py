import pytest
import torch

from fedcompare.config.groups import DataConfig, DatasetName
from fedcompare.data.dataset import read_dataset
from fedcompare.data.examples import Decoded, Split
from fedcompare.data.sources import catalog
from fedcompare.errors import DataError


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [("mnist", "mnist", None), ("idx:", "idx", ""), ("hub:a/b:c", "hub", "a/b:c")],
)
def test_a_name_is_its_kind_and_its_place(text, kind, place):
    name = DataConfig(dataset=text).source
    assert (name, str(name)) == (DatasetName(kind, place), text)


@pytest.mark.parametrize("make", ["mkdir", "touch"])
def test_what_is_there_is_located_whatever_its_kind(tmp_path, monkeypatch, make):
    monkeypatch.chdir(tmp_path)
    getattr(tmp_path / "data", make)()
    assert str(DatasetName("kind", "data").located()) == f"kind:{tmp_path / 'data'}"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert str(DatasetName("kind", "~/data").located()) == f"kind:{tmp_path / 'data'}"


@pytest.mark.parametrize("text", ["mnist", "idx:", "hub:owner/name", "idx:~nobody-at-all/x"])
def test_what_is_not_there_keeps_its_name(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert str(DatasetName.parse(text).located()) == text


class Constant:
    """A source of black and white pictures."""

    kind = "constant"

    def __init__(self, place):
        self._place = place

    reads = frozenset()

    def identity(self):
        return {"place": self._place}

    def decode(self):
        pixels = torch.tensor([0, 255], dtype=torch.uint8).reshape(2, 1, 1, 1)
        return Decoded(
            train=Split(inputs=pixels, labels=torch.tensor([0, 1])),
            test=Split(inputs=pixels, labels=torch.tensor([0, 1])),
            class_names=("black", "white"),
            stored_names=("black", "white"),
            fingerprint="made up",
            example_bytes=1000,
            notes=(),
        )


def test_a_source_is_its_row_and_counts_its_own_bytes(monkeypatch, tmp_path):
    monkeypatch.setenv("FEDCOMPARE_CACHE", str(tmp_path))
    row = catalog.Row(
        line="",
        form=DatasetName("constant", "COLOUR"),
        open=lambda place, config, fresh: Constant(place),
    )
    monkeypatch.setattr(catalog, "CATALOG", (*catalog.CATALOG, row))
    made, stored = (read_dataset(DataConfig(dataset="constant:grey")) for _ in range(2))
    assert made.train.inputs.flatten().tolist() == [-1, 1]
    assert made.example_bytes == stored.example_bytes == 1000
    with pytest.raises(DataError, match=r"use mnist, .*, leaf:FOLDER, or constant:COLOUR"):
        read_dataset(DataConfig(dataset="constant:"))
