"""From a source's pixels to what models are trained on."""

import torch
import xxhash

from fedcompare.data.cache import Entry
from fedcompare.data.examples import Decoded


def prepare(decoded: Decoded) -> Entry:
    """Return decoded data as they are cached; float32 pixels are changed in place."""
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
            "example_bytes": decoded.example_bytes,
            "notes": [*decoded.notes, *([note] if equal else [])],
        },
    )


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
    """Return how many rows of `test` are also in `train`; both are [N, C, H, W] of one kind."""
    digest = xxhash.xxh3_128_digest
    known = set(map(digest, train.numpy()))
    return sum(row in known for row in map(digest, test.numpy()))
