import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torchvision import transforms

from fedcompare.config.groups import DataConfig
from fedcompare.config.held_out import Fold
from fedcompare.data.dataset import read_dataset, reload_dataset
from fedcompare.data.preparing import normalise
from fedcompare.data.sources.catalog import open_source
from fedcompare.errors import DataError, HubError
from made_up_pictures import noise, table, write_class_folders, write_simple, write_tables
from support import idx_bytes, made_up_images, write_idx

SPLITS = {"train": (40, 1), "test": (20, 2)}
NAMES = [f"class-{label}" for label in range(10)]


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """A cache of this test's own."""
    monkeypatch.setenv("FEDCOMPARE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def write_image_folder(folder, *, flip=False):
    """Write PNG files in the hub's "imagefolder" layout: split/class/file."""
    for split, (count, seed) in SPLITS.items():
        for row, (image, label) in enumerate(zip(*made_up_images(count, seed=seed), strict=True)):
            path = folder / split / NAMES[label] / f"{row:05}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(255 - image if flip else image).save(path)
    return folder


def write_parquet(folder, *, colour=False, image="image", label="label"):
    """Write parquet files in the layout of most hub datasets: data/split-*.parquet."""
    features = {image: datasets.Image(), label: datasets.ClassLabel(names=NAMES)}
    for split, (count, seed) in SPLITS.items():
        images, labels = made_up_images(count, seed=seed)
        pixels = [Image.fromarray(np.stack([i] * 3, axis=-1) if colour else i) for i in images]
        rows = datasets.Dataset.from_dict(
            {image: pixels, label: labels.tolist()}, features=datasets.Features(features)
        )
        (folder / "data").mkdir(parents=True, exist_ok=True)
        rows.to_parquet(folder / "data" / f"{split}-00000-of-00001.parquet")
    return folder


def expected_inputs(split):
    return expected_inputs_of(*SPLITS[split])


def expected_inputs_of(count, seed=1):
    return normalise(torch.from_numpy(made_up_images(count, seed=seed)[0]).unsqueeze(1))


def load_hub(folder, **columns):
    return read_dataset(DataConfig(dataset=f"hub:{folder}", **columns))


@pytest.mark.parametrize("channels", [1, 3])
def test_normalise_is_torchvisions_per_item_way(channels):
    images = np.random.default_rng(0).integers(0, 256, (50, 8, 8, channels), dtype=np.uint8)
    half = (0.5,) * channels
    one_by_one = transforms.Compose([transforms.ToTensor(), transforms.Normalize(half, half)])
    expected = torch.stack([one_by_one(image) for image in images])
    found = normalise(torch.from_numpy(images).permute(0, 3, 1, 2).contiguous())
    assert found.dtype == torch.float32
    assert torch.equal(found, expected)


def test_an_idx_folder_is_loaded(cache, tmp_path):
    dataset = read_dataset(DataConfig(dataset=f"idx:{write_idx(tmp_path / 'idx')}"))
    assert dataset.train.inputs.shape == (300, 1, 8, 8)
    assert len(dataset.test) == 100
    assert dataset.class_names == tuple("0123456789")
    assert -1 <= dataset.train.inputs.min() < dataset.train.inputs.max() <= 1


def test_a_cached_dataset_equals_the_first(cache, tmp_path):
    config = DataConfig(dataset=f"idx:{write_idx(tmp_path / 'idx')}")
    first = read_dataset(config)
    again = read_dataset(config)
    assert torch.equal(first.train.inputs, again.train.inputs)
    assert torch.equal(first.test.labels, again.test.labels)
    assert first.fingerprint == again.fingerprint


def test_a_corrupt_cache_is_built_again(cache, tmp_path, caplog):
    config = DataConfig(dataset=f"idx:{write_idx(tmp_path / 'idx')}")
    first = read_dataset(config)
    (stored,) = cache.glob("idx-*.safetensors")
    stored.write_bytes(b"rubbish")
    assert torch.equal(read_dataset(config).train.inputs, first.train.inputs)
    assert str(stored) in caplog.text
    assert torch.equal(load_file(stored)["train_labels"], first.train.labels)


def test_a_cache_that_cannot_be_written_costs_only_time(cache, tmp_path, caplog):
    cache.write_text("a file where a folder should be")
    dataset = read_dataset(DataConfig(dataset=f"idx:{write_idx(tmp_path / 'idx')}"))
    assert len(dataset.train) == 300
    assert "cannot be written" in caplog.text


def test_a_cache_leaves_no_unfinished_files(cache, tmp_path):
    read_dataset(DataConfig(dataset=f"idx:{write_idx(tmp_path / 'idx')}"))
    assert [path.suffix for path in cache.iterdir()] == [".safetensors"]


def test_changed_data_are_not_taken_from_the_cache(cache, tmp_path):
    config = DataConfig(dataset=f"idx:{write_idx(tmp_path / 'idx')}")
    first = read_dataset(config)
    write_idx(tmp_path / "idx", train=200)
    second = read_dataset(config)
    assert len(second.train) == 200
    assert first.fingerprint != second.fingerprint


@pytest.mark.parametrize("name", ["mnistt", "mnist:", "idx:", "hub:", "cifar10"])
def test_an_unknown_name_lists_the_known_forms(name):
    with pytest.raises(
        DataError,
        match="use mnist, folder:FOLDER, idx:FOLDER, npz:FILE, hub:NAME, csv:FILE, parquet:FILE, ",
    ):
        read_dataset(DataConfig(dataset=name))


def test_a_folder_of_images_in_hub_layout(cache, tmp_path):
    dataset = load_hub(write_image_folder(tmp_path / "pictures"))
    assert dataset.class_names == tuple(NAMES)
    assert dataset.train.inputs.shape == (40, 1, 8, 8)
    order = np.argsort(made_up_images(20, seed=2)[1], kind="stable")  # by class folder
    assert torch.equal(dataset.test.inputs, expected_inputs("test")[order])


def test_parquet_in_hub_layout(cache, tmp_path):
    dataset = load_hub(write_parquet(tmp_path / "tables"))
    assert torch.equal(dataset.train.inputs, expected_inputs("train"))
    assert dataset.train.labels.tolist() == made_up_images(40, seed=1)[1].tolist()
    assert len(dataset.test) == 20


def test_colour_images_have_three_channels_first(cache, tmp_path):
    dataset = load_hub(write_parquet(tmp_path / "colour", colour=True))
    assert dataset.test.inputs.shape == (20, 3, 8, 8)
    assert torch.equal(dataset.test.inputs[:, 2:], expected_inputs("test"))


def test_hub_data_come_from_the_cache_the_second_time(cache, tmp_path, monkeypatch):
    folder = write_parquet(tmp_path / "tables")
    first = load_hub(folder)
    monkeypatch.setattr("fedcompare.data.sources.hub.HubDataset.decode", None)
    again = load_hub(folder)
    assert torch.equal(first.test.inputs, again.test.inputs)
    assert first.fingerprint == again.fingerprint


def test_two_folders_with_the_same_last_name_are_not_mixed(cache, tmp_path):
    first = load_hub(write_image_folder(tmp_path / "a" / "digits"))
    second = load_hub(write_image_folder(tmp_path / "b" / "digits", flip=True))
    assert torch.allclose(first.train.inputs, -second.train.inputs, atol=1e-6)
    assert first.fingerprint != second.fingerprint


def test_columns_are_found_by_type_or_by_name(cache, tmp_path):
    folder = write_parquet(tmp_path / "tables", image="img", label="fine_label")
    assert len(load_hub(folder).train) == 40
    assert len(load_hub(folder, image_column="img", label_column="fine_label").train) == 40


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"image_column": "label"}, "image-column = 'label' is no Image column; found: image"),
        ({"label_column": "y"}, "label = 'y' is no label column; found: label"),
        ({"test_split": "validation"}, "has no split 'validation'; it has train, test"),
    ],
)
def test_a_wrong_column_or_split_is_named(cache, tmp_path, columns, problem):
    with pytest.raises(DataError, match=problem):
        load_hub(write_parquet(tmp_path / "tables"), **columns)


def test_an_unreachable_hub_names_the_offline_way(cache):
    with pytest.raises(HubError, match=r"hub:nobody/nothing cannot be loaded.*Offline, use"):
        load_hub("nobody/nothing")


def test_an_empty_folder_is_no_dataset(cache, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="cannot be loaded"):  # the hub has no part in it
        load_hub(tmp_path / "empty")


def inputs_of(monkeypatch, config):
    """Return the inputs that a dataset is cached under."""
    seen = []

    def record(kind, inputs, build):
        seen.append((kind, json.dumps(inputs, sort_keys=True)))
        return build()

    monkeypatch.setattr("fedcompare.data.dataset.cached", record)
    with suppress(DataError):  # what is wrong with a key is found later
        read_dataset(config)
    return seen[0]


CHANGED = {
    "image_size": 4,
    "image_column": "image",
    "label_column": "label",
    "train_split": "dev",
    "test_split": "dev",
    "dataset_config": "default",
    "label": "label",
    "silo": "site",
    "group": "patient",
    "features": "age",
    "ignore": "age",
    "encoding": "cp1252",
    "categories": "age",
    "columns": "a,b",
    "held_out": Fold(number=1, folds=5, seed=1).choice,
    "test_fraction": 0.5,
    "split_column": "part",
    "test_data": "test.csv",
}


@pytest.mark.parametrize("key", sorted(set(DataConfig.model_fields) - {"dataset", "task"}))
@pytest.mark.parametrize("layout", ["folders", "tables", "idx"])
def test_every_key_is_in_the_key_of_the_cache_or_refused(cache, tmp_path, monkeypatch, key, layout):
    write = {"folders": write_image_folder, "tables": write_parquet, "idx": write_idx}[layout]
    folder = write(tmp_path / "data")
    config = DataConfig(dataset=f"{'idx' if layout == 'idx' else 'hub'}:{folder}")
    other = config.model_copy(update={key: CHANGED[key]})
    reads = open_source(config).reads
    if layout != "idx":
        reads |= {"dataset_config"}  # class folders are Hugging Face's to read then
    if key in reads:
        assert inputs_of(monkeypatch, config) != inputs_of(monkeypatch, other)
    else:
        with pytest.raises(DataError, match=f"^{key.replace('_', '-')} = .* has no effect on"):
            read_dataset(other)


@pytest.mark.parametrize("key", ["silo", "label", "test_fraction", "train_split"])
def test_a_key_that_says_nothing_of_the_bundled_digits_is_refused(cache, key):
    with pytest.raises(
        DataError, match=r"has no effect on mnist\. Leave it out; what has is image"
    ):
        read_dataset(DataConfig(**{key: CHANGED[key]}))


@pytest.mark.parametrize("name", ["hub:{}", "npz:{}.npz", "folder:{}", "parquet:{}.parquet"])
def test_no_source_tests_on_what_is_trained_on(tmp_path, name):
    write_image_folder(tmp_path / "data")
    np.savez(tmp_path / "data.npz", train_images=np.ones((4, 2, 2)), train_labels=[0, 1, 0, 1])
    table({"label": [0, 1]}, {"label": datasets.Value("int64")}).to_parquet(
        tmp_path / "data.parquet"
    )
    config = DataConfig(dataset=name.format(tmp_path / "data"), test_split="Train")
    with pytest.raises(DataError, match="train-split and test-split are both 'train'"):
        open_source(config)


def test_the_decoders_versions_are_in_the_key_of_the_cache(cache, tmp_path, monkeypatch):
    config = DataConfig(dataset=f"idx:{write_idx(tmp_path / 'idx')}")
    first = inputs_of(monkeypatch, config)
    monkeypatch.setattr("fedcompare.data.dataset.versions", lambda packages: {"pillow": "1"})
    assert inputs_of(monkeypatch, config) != first


def test_two_label_columns_do_not_share_a_cache(cache, tmp_path):
    """A second run used to train on the first one's labels, silently."""
    coarse = datasets.ClassLabel(names=["animal", "tree"])
    fine = datasets.ClassLabel(names=["cat", "dog", "oak", "elm"])
    labels = [0, 1, 2, 3]
    splits = {
        split: table(
            {"fine": labels, "coarse": [label // 2 for label in labels]},
            {"fine": fine, "coarse": coarse},
            first_seed=seed,
        )
        for split, seed in (("train", 0), ("test", 10))
    }
    folder = write_tables(tmp_path / "tables", splits)
    first, second = (load_hub(folder, label_column=column) for column in ("fine", "coarse"))
    assert first.class_names == ("cat", "dog", "oak", "elm")
    assert first.train.labels.tolist() == labels
    assert second.class_names == ("animal", "tree")
    assert second.train.labels.tolist() == [0, 0, 1, 1]
    assert first.fingerprint != second.fingerprint


def rewrite_silently(path, content):
    """Give a file other content of the same size, with the time of change that it had."""
    before = path.stat()
    assert len(content) == before.st_size
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_reloading_notices_files_that_changed_while_their_time_stayed(cache, tmp_path):
    images, _ = made_up_images(60, seed=3)
    for number, image in enumerate(images):
        path = tmp_path / "data" / ("train", "test")[number % 2] / f"{number % 3}" / f"{number}.bmp"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    config = DataConfig(dataset=f"hub:{tmp_path / 'data'}")
    first = read_dataset(config)
    assert reload_dataset(config).fingerprint == first.fingerprint
    path = tmp_path / "data/train/0/0.bmp"
    rewrite_silently(path, path.read_bytes()[:-1] + b"\x07")
    assert (
        read_dataset(config).fingerprint == first.fingerprint
    )  # the cache has what was trained on
    assert reload_dataset(config).fingerprint != first.fingerprint


@pytest.mark.parametrize("write", [write_idx, write_image_folder, write_parquet])
def test_reloading_uses_no_cache_and_gives_the_same(cache, tmp_path, monkeypatch, write):
    kind = "idx" if write is write_idx else "hub"
    config = DataConfig(dataset=f"{kind}:{write(tmp_path / 'data')}")
    first = read_dataset(config)
    monkeypatch.setattr("fedcompare.data.dataset.cached", None)
    again = reload_dataset(config)
    assert (again.fingerprint, again.notes) == (first.fingerprint, first.notes)
    for split in ("train", "test"):
        old, new = getattr(first, split), getattr(again, split)
        assert torch.equal(old.inputs, new.inputs)
        assert torch.equal(old.labels, new.labels)


@pytest.mark.parametrize("write", [write_idx, write_image_folder, write_parquet])
def test_the_same_content_in_another_folder_is_the_same_data(cache, tmp_path, write):
    kind = "idx" if write is write_idx else "hub"
    found = [
        read_dataset(DataConfig(dataset=f"{kind}:{write(tmp_path / place)}")).fingerprint
        for place in ("a", "b")
    ]
    assert found[0] == found[1]


def test_notes_are_kept_in_the_cache(cache, tmp_path):
    folder = write_simple(tmp_path / "data")
    (tmp_path / "data/train/notes.txt").write_text("")
    first = load_hub(folder)
    assert first.notes
    assert load_hub(folder).notes == first.notes


def test_test_pictures_that_equal_training_pictures_are_counted(cache, tmp_path):
    pictures = [noise(seed=seed) for seed in range(8)]
    copied = [pictures[0], pictures[5], noise(seed=99), pictures[0]]
    dataset = load_hub(write_class_folders(tmp_path / "data", train=pictures, test=copied))
    assert "3 of 4 test pictures equal a training picture, pixel for pixel." in dataset.notes


def test_other_pictures_are_not_said_to_be_equal(cache, tmp_path):
    assert load_hub(write_simple(tmp_path / "data")).notes == ()


def test_the_bundled_data_need_no_note():
    dataset = read_dataset(DataConfig())
    assert dataset.notes == ()
    assert dataset.class_names == tuple("0123456789")
    assert dataset.fingerprint.startswith("6358ac21bab07e26be7b41e9c6eeaedf")


def test_idx_labels_from_one_on_are_named_by_their_numbers(cache, tmp_path):
    folder = write_idx(tmp_path)
    for split in ("train", "t10k"):
        path = folder / f"{split}-labels-idx1-ubyte"
        content = path.read_bytes()
        path.write_bytes(content[:8] + bytes(label + 1 for label in content[8:]))
    dataset = read_dataset(DataConfig(dataset=f"idx:{folder}"))
    assert dataset.class_names == tuple(map(str, range(1, 11)))
    assert set(dataset.train.labels.tolist()) == set(range(10))


def test_idx_pictures_of_two_sizes_are_refused_or_resized(cache, tmp_path):
    folder = write_idx(tmp_path)
    images = np.zeros((100, 4, 16), dtype=np.uint8)
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx_bytes(images))
    sizes = r"8 x 8 \(300, such as .*train-images.*16 x 4 \(100, .*image-size = 8"
    with pytest.raises(DataError, match=sizes):
        read_dataset(DataConfig(dataset=f"idx:{folder}"))
    dataset = read_dataset(DataConfig(dataset=f"idx:{folder}", image_size=8))
    assert dataset.test.inputs.shape == (100, 1, 8, 8)
    assert torch.equal(dataset.train.inputs, expected_inputs_of(300))
    assert dataset.notes[0].startswith("100 of 400 pictures were resized to 8 x 8 pixels, from 16")


def test_idx_files_without_a_checksum_are_reported(cache, tmp_path):
    folder = write_idx(tmp_path)
    assert read_dataset(DataConfig(dataset=f"idx:{folder}")).notes == ()
    labels = folder / "train-labels-idx1-ubyte"
    digest = hashlib.sha256(labels.read_bytes()).hexdigest()
    (folder / "SHA256SUMS").write_text(f"{digest}  {labels.name}\n")
    (note,) = read_dataset(DataConfig(dataset=f"idx:{folder}")).notes
    assert note.startswith("SHA256SUMS does not list train-images-idx3-ubyte, ")
