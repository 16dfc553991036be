"""LEAF's JSON: users are silos, FEMNIST's vectors are pictures, and all others rows of a table."""

import json

import numpy as np
import pytest
import torch

from fedcompare.config.groups import DataConfig
from fedcompare.data.sources.catalog import open_source
from fedcompare.data.sources.folder import recognised
from fedcompare.data.tables.study import study
from fedcompare.errors import DataError
from made_up_tables import write_csv

USERS = ("f_2", "f_10", "東京")


def user(count, width=3, *, seed=0, shift=0.0):
    """Return a user's part of `user_data`: vectors that depend on their labels, 0.0 and 1.0."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    vectors = random.random((count, width)).round(3) / 2 + labels[:, None] / 2 + shift
    return {"x": vectors.tolist(), "y": labels.astype(float).tolist()}


def leaf(of, /, **changes):
    """Return what a file of these users holds."""
    return {
        "users": [*of],
        "num_samples": [len(own["x"] or ()) for own in of.values()],
        "user_data": of,
        **changes,
    }


def store(folder, **files):
    """Write files of JSON, train__a for train/a.json."""
    for name, content in files.items():
        path = folder / f"{name.replace('__', '/')}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def users(count=8, width=3, names=USERS):
    return {name: user(count, width, seed=seed) for seed, name in enumerate(names)}


def decode(folder, **keys):
    return open_source(DataConfig(dataset=f"leaf:{folder}", **keys)).decode()


def test_users_are_silos_and_vectors_are_rows(tmp_path):
    folder = store(tmp_path, train__a=leaf(users()), test__b=leaf(users(4)))
    found = decode(folder)
    assert found.silo_names == ("f_2", "f_10", "東京")
    assert found.class_names == ("0", "1")
    assert found.train.inputs.shape == (24, 3)
    assert np.bincount(found.test.silos).tolist() == [4, 4, 4]
    assert not found.is_pictures


def test_rows_give_what_the_same_table_gives(tmp_path):
    every = users()
    folder = store(tmp_path / "leaf", a=leaf(every))
    columns = {
        **{
            f"x{n + 1}": [vector[n] for own in every.values() for vector in own["x"]]
            for n in range(3)
        },
        "y": [int(label) for own in every.values() for label in own["y"]],
        "user": [name for name, own in every.items() for _ in own["y"]],
    }
    table = write_csv(tmp_path / "table.csv", columns)
    other = open_source(DataConfig(dataset=str(table), label="y", silo="user")).decode()
    own = decode(folder)
    assert own.contract == other.contract
    assert own.fingerprint == other.fingerprint


def test_vectors_of_784_numbers_are_pictures(tmp_path):
    folder = store(tmp_path, train__a=leaf(users(4, 784)), test__b=leaf(users(2, 784)))
    found = decode(folder)
    assert found.is_pictures
    assert found.train.inputs.shape == (12, 1, 28, 28)
    assert found.silo_names == ("f_2", "f_10", "東京")
    assert found.class_names == ("0", "1")
    first = torch.tensor(user(4, 784)["x"])
    span = found.train.inputs[:4].flatten(1)
    flat = (first - first.min()) / (first.max() - first.min())
    assert torch.corrcoef(torch.stack([span.flatten(), flat.flatten()]))[0, 1] > 0.999


def test_without_folders_of_splits_rows_are_held_out_of_each_silo(tmp_path):
    folder = store(tmp_path / "p", a=leaf(users(10, 784, USERS[:2])), b=leaf({"c": user(10, 784)}))
    for found in (decode(folder), decode(store(tmp_path / "t", a=leaf(users(10))))):
        assert np.bincount(found.test.silos).tolist() == [2, 2, 2]
        assert np.bincount(found.train.silos).tolist() == [8, 8, 8]
        assert any("Held out for the test: 6 of 30" in note for note in found.notes)


@pytest.mark.parametrize("width", [3, 784])
def test_users_without_training_rows_are_told_and_have_nothing(tmp_path, width):
    known = users(8, width)
    train = leaf({**known, "empty": {"x": [], "y": []}})
    folder = store(tmp_path, train__a=train, test__a=leaf(users(2, width, (*USERS, "late"))))
    found = decode(folder)
    assert found.silo_names == ("f_2", "f_10", "東京")
    notes = "\n".join(found.notes)
    assert "1 user without examples, such as empty: left out." in notes
    assert (
        "late" in notes or "Test rows whose user no training row has, 2 (late): left out." in notes
    )


def test_a_user_without_test_rows_is_a_silo(tmp_path):
    folder = store(tmp_path, train__a=leaf(users()), test__a=leaf(users(4, 3, USERS[:2])))
    found = decode(folder)
    assert len(found.silo_names) == 3
    assert np.bincount(found.test.silos, minlength=3).tolist() == [4, 4, 0]


def test_other_files_and_hierarchies_are_told(tmp_path):
    folder = store(
        tmp_path,
        train__a=leaf(users(), hierarchies=[]),
        test__a=leaf(users(4)),
        all_data__a=leaf(users()),
        test__keys={"writers": []},
    )
    notes = decode(folder).notes
    assert "train/a.json: hierarchies of users are not used." in notes
    assert any(note.startswith("Files that are not used, 2, such as all_data/a") for note in notes)


def test_a_folder_of_leaf_is_known_by_its_files(tmp_path):
    folder = store(tmp_path / "a", train__a=leaf(users()), test__a=leaf(users()))
    store(folder, a_first_one={"a": 1}, empty="")
    assert recognised(DataConfig(dataset=str(folder))).dataset == f"leaf:{folder}"
    other = DataConfig(dataset=str(store(tmp_path / "b", config={"a": 1}, empty="")))
    assert recognised(other) == other


def test_missing_numbers_and_labels_are_as_in_any_table(tmp_path):
    own = user(12)
    own["x"][2][1] = float("nan")
    own["y"][3] = None
    folder = store(tmp_path, a=leaf({"a": own, "b": user(12)}))
    found = decode(folder)
    notes = "\n".join(found.notes)
    assert "1 row without y, first a.json, user a, row 4: left out." in notes
    assert len(found.train.labels) + len(found.test.labels) == 23


def test_keys_choose_among_the_columns(tmp_path):
    folder = store(tmp_path, a=leaf(users()))
    config = DataConfig(dataset=f"leaf:{folder}", ignore="x2")
    assert [feature.name for feature in study(config).contract.features] == ["x1", "x3"]


@pytest.mark.parametrize(
    ("width", "keys", "message"),
    [
        (3, {"silo": "user"}, r"silo = 'user' has no effect"),
        (3, {"image_size": 9}, r"image-size = 9 has no effect on .* which holds vectors"),
        (3, {"label": "z"}, r"label = 'z': .* has no such column"),
        (784, {"label": "z"}, r"label = 'z': LEAF's labels are called y"),
        (784, {"features": "x1"}, r"features = 'x1' has no effect on .* which holds pictures"),
    ],
)
def test_keys_without_effect_are_refused(tmp_path, width, keys, message):
    with pytest.raises(DataError, match=message):
        decode(store(tmp_path, a=leaf(users(4, width))), **keys)


def changed(**parts):
    """Return LEAF's JSON of two users, the first of them with other parts."""
    return leaf({"a": {**user(4), **parts}, "b": user(4)}, num_samples=[4, 4])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", r"a\.json is no complete JSON"),
        ('{"users": [', r"a\.json is no complete JSON: .*Restore"),
        ("", r"a\.json is no complete JSON"),
        ("[1]", r"holds no JSON of LEAF's"),
        ({"users": []}, r"a\.json is no JSON of LEAF's: it lacks 'user_data'"),
        ({"users": 1, "user_data": {}}, r"users is no list"),
        (leaf({"a": user(4)}, users=["a", "c"]), r"user 'c' is in users, but not in user_data"),
        (leaf({"a": user(4), "c": user(4)}, users=["a"]), r"user 'c' is in user_data, not in"),
        (leaf({"a": user(4)}, num_samples=[4, 4]), r"num_samples is no list of a number for each"),
        (leaf({"a": user(4)}, num_samples=[5]), r"user 'a' has 4 examples, but num_samples says 5"),
        (leaf({"a": user(4)}, users=["a", "a"], num_samples=[4, 4]), r"user 'a' stands twice"),
        (changed(y=[1, 2]), r"user 'a' has 4 examples in x, but 2 labels in y"),
        (changed(x=None), r"user 'a' has no lists x and y"),
        (changed(x=[[1], [1, 2], [1], [1]]), r"user 'a', row 2: x has 2 numbers, but row 1 has 1"),
        (changed(x=[[1], ["b"], [1], [1]]), r"user 'a': x holds no vectors of numbers"),
        (changed(x=[1, 2, 3, 4]), r"user 'a': x holds no vectors of numbers, but such as 1"),
        (changed(x=[[1, 2]] * 4), r"user 'b': vectors have 3 numbers, but those of 'a' in .* 2"),
        (changed(x=["the quick"] * 4), r"x holds text, such as 'the quick'"),
        (changed(x=[["1", "me", "I like"]] * 4), r"x holds text, such as '1'"),
        (changed(x=["0001.jpg"] * 4), r"x names files of pictures, such as '0001\.jpg'"),
        (changed(y=[[1], [0], [1], [0]]), r"row 1: y is \[1\], and no single label"),
        (leaf({"a": {"x": [], "y": []}}), r"no user has an example"),
        (leaf({"a": user(8)}), r"all training rows are of one silo"),
    ],
)  # fmt: skip
def test_what_is_no_leaf_is_refused(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        decode(store(tmp_path, a=content))


def test_pictures_need_classes_and_several_users(tmp_path):
    own = user(4, 784)
    own["y"][1] = 0.5
    with pytest.raises(DataError, match=r"user a, row 2: y is 0\.5, which is no class"):
        decode(store(tmp_path, a=leaf({"a": own, "b": user(4, 784)})))
    with pytest.raises(DataError, match=r"all training examples are of one silo"):
        decode(store(tmp_path, a=leaf({"a": user(4, 784)})))


def test_one_split_is_not_both(tmp_path):
    folder = store(tmp_path, train__a=leaf(users()), test__a=leaf(users()))
    with pytest.raises(DataError, match=r"train-split and test-split are both 'train'"):
        decode(folder, test_split="train")


def test_a_place_without_leaf_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"gone does not exist"):
        decode(tmp_path / "gone")
    with pytest.raises(DataError, match=r"holds no JSON of LEAF's.* that of train and test"):
        decode(tmp_path)


def test_the_identity_follows_the_content_of_the_files(tmp_path):
    def identity(folder):
        return open_source(DataConfig(dataset=f"leaf:{folder}")).identity()

    one, two = (store(tmp_path / name, a=leaf(users())) for name in "ab")
    assert identity(one) == identity(two)
    assert identity(one) != identity(store(tmp_path / "c", a=leaf(users(4))))


def test_test_rows_may_lie_in_another_folder(tmp_path):
    train = store(tmp_path / "train data", a=leaf(users()))
    test = store(tmp_path / "test data", a=leaf(users(4, 3, USERS[:2])))
    config = DataConfig(dataset=f"leaf:{train}", test_data=str(test))
    before = open_source(config).identity()
    found = open_source(config).decode()
    assert (len(found.train.labels), len(found.test.labels)) == (24, 8)
    store(test, a=leaf(users(6)))
    assert open_source(config).identity() != before
