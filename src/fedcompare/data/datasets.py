"""From the configured name of a dataset to ready tensors."""

import functools

import torch
import xxhash

from fedcompare.cache import Entry, cached
from fedcompare.config.groups import DataConfig
from fedcompare.data.examples import Dataset, Examples
from fedcompare.data.sources import Source, open_source
from fedcompare.machine.environment import versions

_FORMAT = 3  # of what is cached; to be raised when the same files are decoded to something else
_DECODERS = ("datasets", "numpy", "pillow", "torch", "torchvision")


@functools.lru_cache(maxsize=2)
def load_dataset(config: DataConfig) -> Dataset:
    """Return the dataset that `config` names: "mnist", "idx:FOLDER" or "hub:NAME".

    Raises:
        DataError: the name has another form, or files or labels are missing, damaged, or do not
            fit together.
        HubError: the hub cannot be reached.
    """
    source = open_source(config)
    inputs = {
        **config.model_dump(exclude={"dataset"}),
        **source.identity(),
        "format": _FORMAT,
        "versions": versions(_DECODERS),
    }
    return _dataset(cached(source.kind, inputs, lambda: _prepare(source)))


def reload_dataset(config: DataConfig) -> Dataset:
    """Return the dataset, decoded anew from its files: no cache is read or written.

    It tells whether files have changed whose size and time have not: `fingerprint` is then
    another than that of `load_dataset`.

    Raises:
        FedcompareError: as `load_dataset`.
    """
    return _dataset(_prepare(open_source(config, fresh=True)))


def _prepare(source: Source) -> Entry:
    decoded = source.decode()
    equal = _count_equal(decoded.train_pixels, decoded.test_pixels)
    total = len(decoded.test_labels)
    note = f"{equal} of {total} test pictures equal a training picture, pixel for pixel."
    return Entry(
        tensors={
            "train_inputs": normalise(decoded.train_pixels),
            "train_labels": decoded.train_labels,
            "test_inputs": normalise(decoded.test_pixels),
            "test_labels": decoded.test_labels,
        },
        facts={
            "class_names": decoded.class_names,
            "stored_names": decoded.stored_names,
            "fingerprint": decoded.fingerprint,
            "notes": [*decoded.notes, *([note] if equal else [])],
        },
    )


def _count_equal(train: torch.Tensor, test: torch.Tensor) -> int:
    """Return how many rows of `test` are also in `train`; both are [N, C, H, W] of one kind."""
    digest = xxhash.xxh3_128_digest
    known = set(map(digest, train.numpy()))
    return sum(row in known for row in map(digest, test.numpy()))


def normalise(images: torch.Tensor) -> torch.Tensor:
    """Return images [N, C, H, W] as float32, their range as [-1, 1] (mean .5, sd .5).

    The range is 0 to 255 of uint8, and 0 to 1 of float32, which is changed in place.
    """
    from torchvision import transforms

    half = [0.5] * images.shape[1]
    ready: torch.Tensor = transforms.Compose(
        [
            transforms.ConvertImageDtype(torch.float32),
            transforms.Normalize(half, half, inplace=True),
        ]
    )(images)
    return ready


def _dataset(entry: Entry) -> Dataset:
    tensors, facts = entry.tensors, entry.facts
    return Dataset(
        train=Examples(inputs=tensors["train_inputs"], labels=tensors["train_labels"]),
        test=Examples(inputs=tensors["test_inputs"], labels=tensors["test_labels"]),
        class_names=tuple(facts["class_names"]),
        stored_names=tuple(facts["stored_names"]),
        fingerprint=facts["fingerprint"],
        notes=tuple(facts["notes"]),
    )
