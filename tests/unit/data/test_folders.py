import os

import numpy as np
import pytest
import torch

from fedcompare.config.groups import DataConfig
from fedcompare.data.sources.catalog import open_source
from fedcompare.data.sources.class_folders import ClassFolders
from fedcompare.errors import DataError
from made_up_pictures import encoded, noise, write_class_folders, write_simple


def decode(folder, **keys):
    source = open_source(DataConfig(dataset=f"hub:{folder}", **keys))
    assert isinstance(source, ClassFolders)
    return source.decode()


def test_the_class_is_the_folder_and_the_order_that_of_names(tmp_path):
    pictures = [noise(seed=seed) for seed in range(6)]
    write_class_folders(tmp_path, train=pictures[:4], test=pictures[4:])
    data = decode(tmp_path)
    assert data.class_names == ("cat", "dog")
    assert data.train.labels.tolist() == [0, 0, 1, 1]
    expected = np.stack([np.asarray(pictures[n])[None] for n in (0, 2, 1, 3)])
    np.testing.assert_array_equal(data.train.inputs.numpy(), expected)
    assert data.notes == ()


@pytest.mark.parametrize("name", ["train", "test", "test-1", "eval", "validation"])
def test_names_that_are_those_of_splits_move_no_picture(tmp_path, name):
    write_simple(tmp_path, names=(name, "zebra"))
    (tmp_path / "train" / "zebra" / "001.png").rename(tmp_path / "train/zebra/test_001.png")
    data = decode(tmp_path)
    assert data.class_names == (name, "zebra")
    assert (len(data.train.labels), len(data.test.labels)) == (4, 2)


def test_other_splits_can_be_named(tmp_path):
    write_simple(tmp_path)
    (tmp_path / "test").rename(tmp_path / "held out")
    assert len(decode(tmp_path, test_split="held out").test.labels) == 2


def test_a_picture_one_folder_deeper_counts_and_it_is_said(tmp_path):
    write_simple(tmp_path)
    (tmp_path / "train/dog/later").mkdir()
    (tmp_path / "train/dog/001.png").rename(tmp_path / "train/dog/later/001.png")
    data = decode(tmp_path)
    assert data.train.labels.tolist() == [0, 0, 1, 1]
    (note,) = data.notes
    assert "1, such as train/dog/later/001.png" in note


def test_folders_that_may_be_no_classes_are_refused(tmp_path):
    write_simple(tmp_path)
    for split in ("train", "test"):
        (tmp_path / split / "dog").rename(tmp_path / split / "later")
        (tmp_path / split / "dog").mkdir()
        (tmp_path / split / "later").rename(tmp_path / split / "dog" / "later")
    with pytest.raises(DataError, match="no picture lies in class folder 'dog' itself"):
        decode(tmp_path)


@pytest.mark.parametrize("moved", [1, 2])
def test_pictures_in_no_class_folder_are_counted(tmp_path, moved):
    write_simple(tmp_path)
    for path in sorted((tmp_path / "train/cat").iterdir())[:moved]:
        path.rename(tmp_path / "train" / path.name)
    with pytest.raises(
        DataError, match=rf"{moved} of 4 pictures in .*train lie in no class folder"
    ):
        decode(tmp_path)


def test_a_linked_class_folder_does_not_vanish(tmp_path):
    write_simple(tmp_path / "data")
    (tmp_path / "data/train/dog").rename(tmp_path / "elsewhere")
    (tmp_path / "data/train/dog").symlink_to(tmp_path / "elsewhere")
    assert decode(tmp_path / "data").train.labels.tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("target", "problem"), [("nowhere", "is a link to nothing"), ("..", "a folder that it lies in")]
)
def test_a_link_that_leads_to_no_data_is_named(tmp_path, target, problem):
    write_simple(tmp_path)
    (tmp_path / "train/dog/x.png").symlink_to(target)
    with pytest.raises(DataError, match=rf"dog/.*x\.png .*{problem}"):
        decode(tmp_path)


def test_a_pipe_among_the_pictures_is_not_waited_for(tmp_path):
    write_simple(tmp_path)
    os.mkfifo(tmp_path / "train/dog/x.png")
    with pytest.raises(DataError, match=r"x\.png is no file"):
        decode(tmp_path)


def test_files_that_are_no_pictures_are_left_out_and_it_is_said(tmp_path):
    write_simple(tmp_path)
    (tmp_path / "train/dog/notes.txt").write_text("seen by two")
    (tmp_path / "train/dog/._001.png").write_text("hidden")
    (tmp_path / ".git/x").mkdir(parents=True)
    data = decode(tmp_path)
    assert len(data.train.labels) == 4
    assert data.notes == ("Files that are no pictures, 1, such as train/dog/notes.txt: left out.",)


def test_an_empty_class_folder_is_no_class_and_it_is_said(tmp_path):
    write_simple(tmp_path)
    (tmp_path / "train/ant").mkdir()
    data = decode(tmp_path)
    assert (data.class_names, data.train.labels.tolist()) == (("cat", "dog"), [0, 0, 1, 1])
    assert data.notes == ("Classes without any example are left out: ant.",)


@pytest.mark.parametrize("content", [b"", encoded(noise(seed=1, side=40))[:600]])
@pytest.mark.parametrize("place", ["train/dog/001.png", "test/cat/000.png"])
def test_an_empty_or_truncated_picture_is_named(tmp_path, content, place):
    write_simple(tmp_path)
    (tmp_path / place).write_bytes(content)
    with pytest.raises(DataError, match=place):
        decode(tmp_path)


def test_a_split_without_pictures_is_named(tmp_path):
    write_class_folders(tmp_path, train=[noise(seed=1), noise(seed=2)], test=[])
    (tmp_path / "test").mkdir()
    with pytest.raises(DataError, match="split 'test' has no examples"):
        decode(tmp_path)


def test_equal_content_has_one_fingerprint_wherever_it_lies(tmp_path):
    first, second = (decode(write_simple(tmp_path / place)) for place in "ab")
    assert first.fingerprint == second.fingerprint
    assert torch.equal(first.train.inputs, second.train.inputs)


@pytest.mark.parametrize(
    "changes", [{"names": ("cat", "eel")}, {"names": ("dog", "cat")}, {"first_seed": 7}]
)
def test_other_content_or_names_have_another_fingerprint(tmp_path, changes):
    first, second = (
        decode(write_simple(tmp_path / "a")),
        decode(write_simple(tmp_path / "b", **changes)),
    )
    assert first.fingerprint != second.fingerprint


def test_the_identity_changes_with_every_file_and_folder(tmp_path):
    write_simple(tmp_path)

    def identity():
        return open_source(DataConfig(dataset=f"hub:{tmp_path}")).identity()

    found = [identity()]
    (tmp_path / "train/ant").mkdir()
    found.append(identity())
    (tmp_path / "train/cat/000.png").rename(tmp_path / "train/cat/9.png")
    found.append(identity())
    os.utime(tmp_path / "train/cat/9.png", ns=(0, 5))
    found.append(identity())
    (tmp_path / "test/cat/new.txt").write_text("")
    found.append(identity())
    assert all(a != b for n, a in enumerate(found) for b in found[:n])
    assert identity() == found[-1]
