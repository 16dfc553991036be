"""What a killed run left half-written goes, and nothing else does."""

import os

import pytest

from fedcompare.runs.files import replacing
from fedcompare.runs.leftovers import remove_leftovers


def make(folder, content="whole"):
    folder.mkdir(parents=True)
    (folder / "file").write_text(content)
    return folder


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_dir())


@pytest.mark.parametrize(
    "name",
    [
        "seed-5/.isolated-abcd_123",
        "seed-5/.isolated-equal-abcd_123",
        "seed-5/.coalition-1-2-abcd_123",
        "seed-5/.predictions-abcd_123",
        ".comparison-abcd_123",
    ],
)
def test_what_is_half_written_goes_and_a_whole_part_stays(tmp_path, name):
    make(tmp_path / name, "half")
    make(tmp_path / "seed-5" / "isolated")
    make(tmp_path / "comparison")
    remove_leftovers(tmp_path)
    assert names(tmp_path) == ["comparison", "seed-5", "seed-5/isolated"]


def test_an_old_part_whose_successor_never_came_is_put_back(tmp_path):
    make(tmp_path / ".comparison-abcd_123", "the new one, half")
    make(tmp_path / ".comparison-abcd_123-old", "the old one, whole")
    remove_leftovers(tmp_path)
    assert names(tmp_path) == ["comparison"]
    assert (tmp_path / "comparison/file").read_text() == "the old one, whole"


def test_an_old_part_whose_successor_is_there_goes(tmp_path):
    make(tmp_path / "seed-5/.federated-abcd_123-old", "old")
    make(tmp_path / "seed-5/federated", "new")
    remove_leftovers(tmp_path)
    assert names(tmp_path) == ["seed-5", "seed-5/federated"]
    assert (tmp_path / "seed-5/federated/file").read_text() == "new"


def test_of_two_old_parts_the_later_is_put_back(tmp_path):
    for age, name in ((50, ".comparison-aaaaaaaa-old"), (10, ".comparison-bbbbbbbb-old")):
        folder = make(tmp_path / name, name)
        os.utime(folder, (10**9 - age, 10**9 - age))
    remove_leftovers(tmp_path)
    assert (tmp_path / "comparison/file").read_text() == ".comparison-bbbbbbbb-old"
    assert names(tmp_path) == ["comparison"]


def test_what_a_living_run_makes_is_spared(tmp_path):
    make(tmp_path / "seed-5/.isolated-abcd_123")
    make(tmp_path / "seed-5/.federated-abcd_123")
    make(tmp_path / "seed-6/.federated-abcd_123")
    remove_leftovers(tmp_path, spared=["seed-5/isolated", "seed-6"])
    left = ["seed-5", "seed-5/.isolated-abcd_123", "seed-6", "seed-6/.federated-abcd_123"]
    assert names(tmp_path) == left


@pytest.mark.parametrize(
    "name", [".vscode-settings", ".git", ".mine-abcd_123", "isolated-abcd_123"]
)
def test_other_peoples_folders_stay(tmp_path, name):
    make(tmp_path / "seed-5" / name)
    make(tmp_path / name)
    remove_leftovers(tmp_path)
    assert names(tmp_path) == sorted([name, "seed-5", f"seed-5/{name}"])


def test_the_names_are_those_of_parts_on_their_way(tmp_path):
    with replacing(tmp_path / "comparison") as folder:
        assert folder.exists()
        remove_leftovers(tmp_path)
        assert not folder.exists()
        folder.mkdir()
