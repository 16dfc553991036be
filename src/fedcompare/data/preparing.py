"""From what a source decoded to what models are trained on."""

from collections.abc import Iterator
from dataclasses import asdict

import torch
import xxhash

from fedcompare.data.cache import Entry
from fedcompare.data.examples import Decoded


def prepare(decoded: Decoded) -> Entry:
    """Return decoded data as they are cached; float32 pixels are changed in place."""
    tensors = {
        f"{name}_{kind}": tensor
        for name, split in (("train", decoded.train), ("test", decoded.test))
        for kind, tensor in split.tensors.items()
    }
    notes = [*decoded.notes, *_equal_notes(decoded)]
    if decoded.is_pictures:
        for name in ("train_inputs", "test_inputs"):
            tensors[name] = normalise(tensors[name])
    return Entry(
        tensors=tensors,
        facts={
            "class_names": decoded.class_names,
            "stored_names": decoded.stored_names,
            "silo_names": decoded.silo_names,
            "contract": decoded.contract,
            "scale": asdict(decoded.scale) if decoded.scale else None,
            "fingerprint": decoded.fingerprint,
            "example_bytes": decoded.example_bytes,
            "is_dealt": decoded.is_dealt,
            "notes": notes,
        },
    )


def _equal_notes(decoded: Decoded) -> Iterator[str]:
    """Say how many examples of the test are in the training data too."""
    if equal := _count_equal(decoded.train.inputs, decoded.test.inputs):
        total = len(decoded.test.labels)
        if decoded.is_pictures:
            yield f"{equal} of {total} test pictures equal a training picture, pixel for pixel."
        else:
            yield f"{equal} of {total} test rows equal a training row."


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


def _count_equal(train: torch.Tensor, test: torch.Tensor) -> int:
    """Return how many rows of `test` are also in `train`; both are [N, ...] of one kind."""
    digest = xxhash.xxh3_128_digest
    known = set(map(digest, train.numpy()))
    return sum(row in known for row in map(digest, test.numpy()))
