import os
from collections import Counter

import datasets
import numpy as np
import pytest
import torch

from fedcompare.api import configure
from fedcompare.config.groups import DataConfig
from fedcompare.data.silos import load_silos
from fedcompare.data.sources.catalog import open_source
from fedcompare.data.sources.class_folders import ClassFolders
from fedcompare.errors import DataError
from made_up_pictures import (
    encoded,
    noise,
    table,
    write_class_folders,
    write_simple,
    write_tables,
)
from support import write_idx


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
        DataError, match=rf"{moved} of 6 pictures in .* lie in no class folder, such as train/000"
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


def write(folder, places):
    """Write a picture at each place, another one each."""
    for seed, place in enumerate(places):
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        noise(seed=seed).save(path)
    return folder


def owners(data, split):
    names = [*data.silo_names, "nobody"]
    return [names[silo] for silo in getattr(data, split).silos.tolist()]


def classes(data, split):
    return [data.class_names[label] for label in getattr(data, split).labels.tolist()]


def numbered(pattern, count):
    return [pattern.format(n) for n in range(count)]


def test_class_folders_alone_are_split_by_class_the_same_way_every_time(tmp_path):
    places = [place for name in ("cat", "dog") for place in numbered(name + "/{}.png", 5)]
    data = decode(write(tmp_path, places), test_fraction=0.4)
    assert classes(data, "train") == ["cat"] * 3 + ["dog"] * 3
    assert classes(data, "test") == ["cat"] * 2 + ["dog"] * 2
    assert data.silo_names == ()
    assert data.train.silos is None
    assert "Held out for the test: 4 of 10 pictures (test-fraction = 0.4)" in data.notes[0]
    again = decode(tmp_path, test_fraction=0.4)
    assert torch.equal(again.test.inputs, data.test.inputs)


def test_folders_above_classes_are_silos_which_may_know_different_classes(tmp_path):
    places = [
        *numbered("site 10/cat/{}.png", 4),
        *numbered("site 9/cat/{}.png", 4),
        *numbered("site 9/eel/{}.png", 4),
    ]
    data = decode(write(tmp_path, places), test_fraction=0.5)
    assert data.silo_names == ("site 9", "site 10")
    for split in ("train", "test"):
        counts = Counter(zip(owners(data, split), classes(data, split), strict=True))
        assert counts == {("site 9", "cat"): 2, ("site 9", "eel"): 2, ("site 10", "cat"): 2}
    assert "Folders name silos: SILO/CLASS/picture." in data.notes


@pytest.mark.parametrize(
    "pattern", ["{silo}/{split}/{label}/{n}.png", "{split}/{silo}/{label}/{n}.png"]
)
def test_silos_may_have_splits_and_splits_silos(tmp_path, pattern):
    places = [
        pattern.format(silo=silo, split=split, label=label, n=n)
        for silo in ("東京", "a & b")
        for split, count in (("train", 3), ("test", 2))
        for label in ("cat", "dog")
        for n in range(count)
    ]
    data = decode(write(tmp_path, places))
    assert data.silo_names == ("a & b", "東京")
    for split, count in (("train", 3), ("test", 2)):
        counts = Counter(zip(owners(data, split), classes(data, split), strict=True))
        assert set(counts.values()) == {count}
        assert len(counts) == 4


def test_test_pictures_of_a_silo_without_training_pictures_are_nobodys_and_it_is_said(tmp_path):
    places = [
        *numbered("a/train/cat/{}.png", 2),
        *numbered("b/train/dog/{}.png", 2),
        *numbered("b/test/cat/{}.png", 1),
        *numbered("c/test/dog/{}.png", 2),
    ]
    data = decode(write(tmp_path, places))
    assert data.silo_names == ("a", "b")
    assert owners(data, "test") == ["b", "nobody", "nobody"]
    assert any(
        "2 test examples of silos without training examples, such as c" in n for n in data.notes
    )


def test_folders_that_no_two_outer_ones_share_may_be_no_classes(tmp_path):
    places = [f"{label}/patient {n}/{m}.png" for n, label in enumerate("ab") for m in range(3)]
    with pytest.raises(DataError, match=r"no picture lies in class folder 'a' itself.*SILO/CLASS/"):
        decode(write(tmp_path, places))


def test_pictures_of_one_silo_have_nobody_to_federate_with(tmp_path):
    places = [
        f"north/{split}/{c}/{n}.png" for split in ("train", "test") for c in "ab" for n in "12"
    ]
    with pytest.raises(DataError, match="all training examples are of one silo, north"):
        decode(write(tmp_path, places))


def test_a_folder_beside_the_splits_is_left_out_and_it_is_said(tmp_path):
    write_simple(tmp_path)
    write(tmp_path, ["val/dog/1.png"])
    assert decode(tmp_path).notes == ("val is none of the splits: 1 picture left out.",)


def test_silos_folders_are_the_silos_unless_a_partitioner_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("FEDCOMPARE_CACHE", str(tmp_path / "cache"))
    places = [
        f"{s}/{c}/{n}.png" for s in ("north", "south") for c in ("cat", "dog") for n in range(9)
    ]
    folder = write(tmp_path / "scans", places)
    found = load_silos(configure({"dataset": str(folder)}))
    assert found.names == ("north", "south")
    assert [len(silo.train) for silo in found] == [14, 14]
    dealt = load_silos(configure({"dataset": str(folder), "partition": "iid", "num-silos": 4}))
    assert (dealt.names, len(dealt)) == ((), 4)


@pytest.mark.parametrize(
    ("made", "problem"),
    [(None, "does not exist"), ("file", "is a file"), ("empty", "is empty")],
)
def test_a_folder_that_is_none_is_named(tmp_path, made, problem):
    place = tmp_path / "scans"
    if made == "file":
        place.write_text("")
    elif made == "empty":
        place.mkdir()
    with pytest.raises(DataError, match=problem):
        open_source(DataConfig(dataset=str(place)))


def test_a_folder_may_hold_idx_files_or_tables_of_pictures(tmp_path):
    tables = {
        split: table({"label": [0, 1]}, {"label": datasets.Value("int64")})
        for split in ("train", "test")
    }
    found = [
        open_source(DataConfig(dataset=str(folder))).kind
        for folder in (
            write_idx(tmp_path / "idx"),
            write_tables(tmp_path / "hub", tables),
            write_simple(tmp_path / "plain"),
        )
    ]
    assert found == ["idx", "hub", "folders"]
