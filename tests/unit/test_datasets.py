from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torchvision import transforms

from fedcompare.config import DataConfig
from fedcompare.data.datasets import load_dataset, normalise
from fedcompare.errors import DataError, HubError
from support import made_up_images, write_idx

SPLITS = {"train": (40, 1), "test": (20, 2)}
NAMES = [f"class-{label}" for label in range(10)]


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """A cache of this test's own."""
    monkeypatch.setenv("FEDCOMPARE_CACHE", str(tmp_path / "cache"))
    load_dataset.cache_clear()
    yield tmp_path / "cache"
    load_dataset.cache_clear()


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
    count, seed = SPLITS[split]
    return normalise(torch.from_numpy(made_up_images(count, seed=seed)[0]).unsqueeze(1))


def load_hub(folder, **columns):
    return load_dataset(DataConfig(dataset=f"hub:{folder}", **columns))


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
    dataset = load_dataset(DataConfig(dataset=f"idx:{write_idx(tmp_path / 'idx')}"))
    assert dataset.train.inputs.shape == (300, 1, 8, 8)
    assert len(dataset.test) == 100
    assert dataset.class_names == tuple("0123456789")
    assert -1 <= dataset.train.inputs.min() < dataset.train.inputs.max() <= 1


def test_a_cached_dataset_equals_the_first(cache, tmp_path):
    config = DataConfig(dataset=f"idx:{write_idx(tmp_path / 'idx')}")
    first = load_dataset(config)
    load_dataset.cache_clear()
    again = load_dataset(config)
    assert torch.equal(first.train.inputs, again.train.inputs)
    assert torch.equal(first.test.labels, again.test.labels)
    assert first.fingerprint == again.fingerprint


def test_a_corrupt_cache_is_built_again(cache, tmp_path, caplog):
    config = DataConfig(dataset=f"idx:{write_idx(tmp_path / 'idx')}")
    first = load_dataset(config)
    (stored,) = cache.glob("idx-*.safetensors")
    stored.write_bytes(b"rubbish")
    load_dataset.cache_clear()
    assert torch.equal(load_dataset(config).train.inputs, first.train.inputs)
    assert str(stored) in caplog.text
    assert torch.equal(load_file(stored)["train_labels"], first.train.labels)


def test_a_cache_that_cannot_be_written_costs_only_time(cache, tmp_path, caplog):
    cache.write_text("a file where a folder should be")
    dataset = load_dataset(DataConfig(dataset=f"idx:{write_idx(tmp_path / 'idx')}"))
    assert len(dataset.train) == 300
    assert "cannot be written" in caplog.text


def test_a_cache_leaves_no_unfinished_files(cache, tmp_path):
    load_dataset(DataConfig(dataset=f"idx:{write_idx(tmp_path / 'idx')}"))
    assert [path.suffix for path in cache.iterdir()] == [".safetensors"]


def test_changed_data_are_not_taken_from_the_cache(cache, tmp_path):
    config = DataConfig(dataset=f"idx:{write_idx(tmp_path / 'idx')}")
    first = load_dataset(config)
    write_idx(tmp_path / "idx", train=200)
    load_dataset.cache_clear()
    second = load_dataset(config)
    assert len(second.train) == 200
    assert first.fingerprint != second.fingerprint


@pytest.mark.parametrize("name", ["mnistt", "idx:", "hub:", "cifar10"])
def test_an_unknown_name_lists_the_known_forms(name):
    with pytest.raises(DataError, match="use mnist, idx:FOLDER, or hub:NAME"):
        load_dataset(DataConfig(dataset=name))


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
    load_dataset.cache_clear()
    monkeypatch.setattr("fedcompare.data.hub.HubDataset.decode", None)
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
        ({"label_column": "y"}, "label-column = 'y' is no ClassLabel column; found: label"),
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
    with pytest.raises(HubError, match="cannot be loaded"):
        load_hub(tmp_path / "empty")
