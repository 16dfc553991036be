"""A NumPy file of pictures and labels, in the layouts that people write."""

import numpy as np
import pytest

from fedcompare.config.groups import DataConfig
from fedcompare.data.sources.catalog import open_source
from fedcompare.errors import DataError


def arrays(seed=0, *, rows=12, shape=(4, 5), dtype=np.uint8):
    """Return what a file in MedMNIST's layout holds: labels are a column."""
    random = np.random.default_rng(seed)
    return {
        f"{split}_{kind}": values
        for split in ("train", "test")
        for kind, values in (
            ("images", random.integers(0, 256, (rows, *shape)).astype(dtype)),
            ("labels", (np.arange(rows) % 3).reshape(-1, 1)),
        )
    }


NOTHING = np.full((12, 4, 5), np.nan)


def write(path, own):
    np.savez_compressed(path, **own)
    return path


def decode(path, **keys):
    return open_source(DataConfig(dataset=str(path), **keys)).decode()


@pytest.fixture
def path(tmp_path):
    return write(tmp_path / "pictures.npz", arrays())


def test_pictures_and_labels_are_those_of_the_arrays(path):
    own, found = arrays(), decode(path)
    np.testing.assert_array_equal(found.train.inputs, own["train_images"][:, None])
    np.testing.assert_array_equal(found.test.labels, own["test_labels"][:, 0])
    assert (found.class_names, found.notes) == (("0", "1", "2"), ())


@pytest.mark.parametrize("layout", [("x_{}", "y_{}"), ("{}_x", "{}_y")])
def test_other_layouts_hold_the_same(tmp_path, path, layout):
    names = {
        f"{split}_{kind}": name.format(split)
        for split in ("train", "test")
        for kind, name in zip(("images", "labels"), layout, strict=True)
    }
    own = {names[name]: values.squeeze() for name, values in arrays().items()}
    other = decode(write(tmp_path / "other.npz", own))
    assert other.fingerprint == decode(path).fingerprint


def test_what_is_not_used_is_told_and_can_be_chosen(tmp_path):
    own = arrays()
    own |= {f"val_{kind}": own[f"test_{kind}"] for kind in ("images", "labels")}
    path = write(tmp_path / "three.npz", own)
    assert decode(path).notes == ("Arrays that are not used: val_images, val_labels.",)
    assert "test_images" in decode(path, test_split="val").notes[0]


@pytest.mark.parametrize(
    ("shape", "channels"), [((4, 5, 1), 1), ((4, 5, 3), 3), ((4, 5, 4), 4), ((4, 5), 1)]
)
def test_channels_come_first(tmp_path, shape, channels):
    found = decode(write(tmp_path / "p.npz", arrays(shape=shape)))
    assert found.train.inputs.shape == (12, channels, 4, 5)
    assert decode(tmp_path / "p.npz", image_size=3).train.inputs.shape == (12, channels, 3, 3)


def test_bits_are_black_and_white(tmp_path):
    own = arrays()
    bits = {n: v > 127 if n.endswith("images") else v for n, v in own.items()}
    found = decode(write(tmp_path / "bits.npz", bits))
    np.testing.assert_array_equal(
        found.train.inputs[:, 0], np.where(bits["train_images"], 255, 0).astype(np.uint8)
    )


@pytest.mark.parametrize("dtype", [np.uint16, np.int64, np.float32, np.float64])
def test_deep_pixels_are_scaled_by_their_own_range(tmp_path, dtype):
    found = decode(write(tmp_path / "deep.npz", arrays(dtype=dtype)))
    assert (found.train.inputs.min(), found.train.inputs.max()) == (0, 1)
    assert any("scaled by the range" in note for note in found.notes)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["cat", "dog", "eel"], ("cat", "dog", "eel")),
        ([1.0, 2.0, 10.0], ("1", "2", "10")),
        ([True, False, True], ("0", "1")),
    ],
)
def test_labels_may_be_text_whole_floats_or_bits(tmp_path, labels, names):
    own = arrays()
    own |= {f"{split}_labels": np.array(labels * 4) for split in ("train", "test")}
    assert decode(write(tmp_path / "p.npz", own)).class_names == names


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"train_labels": np.zeros((12, 14))}, "several labels an example"),
        ({"train_labels": np.full(12, 0.5)}, "train_labels, row 0 is 0.5, which is no class"),
        ({"train_labels": np.full(12, np.inf)}, "row 0 is inf, which is no class"),
        ({"train_labels": np.full(12, np.nan)}, "row 0 is nan, which is no class"),
        ({"train_labels": np.zeros(12, dtype="S3")}, "Store classes as integers or text"),
        ({"train_labels": np.full(12, -1)}, "12 of 12 examples have no label"),
        ({"train_labels": np.arange(5)}, "12 pictures, train_labels 5 labels"),
        ({"train_images": np.zeros((12, 20))}, "shape .12, 20.; pictures are"),
        ({"train_images": np.zeros((12, 3, 8, 8))}, "1, 3 or 4 channels"),
        ({"train_images": np.zeros((12, 0, 8))}, "shape .12, 0, 8."),
        ({"train_images": np.zeros((12, 4, 5, 3))}, "float64 in 3 channels"),
        (
            dict.fromkeys(["train_images", "test_images"], NOTHING),
            "row 0 has 20 pixels that are not",
        ),
        ({"test_images": np.zeros((12, 9, 9), dtype=np.uint8)}, "must all have one size"),
        ({"train_images": np.array([None] * 12)}, "Write it with numpy.savez_compressed"),
    ],
)
def test_what_is_none_of_pictures_or_labels_is_refused(tmp_path, changes, says):
    with pytest.raises(DataError, match=says):
        decode(write(tmp_path / "p.npz", arrays() | changes))


def test_another_name_of_an_array_is_refused_with_those_there_are(tmp_path):
    own = arrays()
    own["pictures"] = own.pop("train_images")
    with pytest.raises(DataError, match=r"has no arrays train_images .* pictures"):
        decode(write(tmp_path / "p.npz", own))


def spoil_nothing_of(content):
    return b""


def cut(content):
    return content[: len(content) // 2]


def flip(content):
    place = len(content) // 3
    return content[:place] + bytes([content[place] ^ 255] * 40) + content[place + 40 :]


def pickled(content):
    return b"\x80\x04K\x01."


@pytest.mark.parametrize("spoil", [spoil_nothing_of, cut, flip, pickled])
def test_a_damaged_file_is_refused_by_name(path, spoil):
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(DataError, match=str(path)):
        decode(path)


def test_a_single_array_is_no_such_file(tmp_path):
    with (tmp_path / "one.npz").open("wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(DataError, match=r"one.npz is no file"):
        decode(tmp_path / "one.npz")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"nowhere.npz cannot be read: No such file"):
        decode(tmp_path / "nowhere.npz")


def test_equal_files_are_the_same_data_and_others_are_not(tmp_path, path):
    first, same = (open_source(DataConfig(dataset=f"npz:{path}")) for _ in range(2))
    assert first.identity() == same.identity()
    other = open_source(DataConfig(dataset=str(write(tmp_path / "o.npz", arrays(1)))))
    assert other.identity() != first.identity()


def test_a_model_is_trained_on_the_pictures(cli, path, tmp_path):
    keys = ("--set", "num-silos=2", "--set", "excluded-classes=0 1", "--epochs", 1)
    done = cli("isolated", "--data", path, "--results", tmp_path / "results", *keys)
    assert done.code == 0, done.err
    assert (tmp_path / "results" / "pictures").is_dir()


SITES = np.array(["b", "a"] * 6)


@pytest.mark.parametrize(
    "layout", [("{0}_images", "{0}_labels", "{0}_site"), ("x_{0}", "y_{0}", "site_{0}")]
)
def test_an_array_names_the_silos(tmp_path, layout):
    own = arrays()
    stored = {
        name.format(split): values
        for split in ("train", "test")
        for name, values in zip(
            layout, (own[f"{split}_images"], own[f"{split}_labels"], SITES), strict=True
        )
    }
    found = decode(write(tmp_path / "sites.npz", stored), silo="site")
    assert found.silo_names == ("a", "b")
    assert found.train.silos.tolist() == found.test.silos.tolist() == [1, 0] * 6
    assert found.notes == ()


def test_numbers_of_silos_get_the_name_of_their_array(tmp_path):
    own = arrays() | {"train_site": np.arange(12) % 2 + 9, "test_site": np.arange(12) % 2 + 9}
    assert decode(write(tmp_path / "p.npz", own), silo="site").silo_names == ("site 9", "site 10")


def test_an_array_names_the_groups(tmp_path):
    own = arrays() | {
        "train_site": SITES,
        "test_site": SITES,
        "train_patient": np.arange(12) // 2,
        "test_patient": np.arange(12) // 2 + 5,
    }
    found = decode(write(tmp_path / "p.npz", own), silo="site", group="patient")
    assert found.train.groups.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert found.test.groups.tolist() == [5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10]
    told = "\n".join(found.notes)
    assert "1 group (patient), such as 5, has examples in training and in the test, 2 of 12" in told
    assert "6 groups (patient) of the test: intervals" in told
    other = decode(write(tmp_path / "p.npz", own), silo="site")
    assert other.fingerprint != found.fingerprint
    with pytest.raises(DataError, match=r"group = 'person': .* has no array train_person"):
        decode(tmp_path / "p.npz", group="person")


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"train_site": SITES}, "has no array test_site; it has"),
        ({"train_site": SITES, "test_site": SITES[:5]}, "names the silos of 5 pictures"),
        ({"train_site": SITES, "test_site": np.eye(12)}, "several labels an example"),
    ],
)
def test_silos_that_are_not_those_of_the_pictures_are_refused(tmp_path, more, problem):
    with pytest.raises(DataError, match=problem):
        decode(write(tmp_path / "p.npz", arrays() | more), silo="site")
