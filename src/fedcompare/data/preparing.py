"""From what a source decoded to what models are trained on."""

import torch
import xxhash

from fedcompare.data.cache import Entry
from fedcompare.data.examples import Decoded, DecodedTable


def prepare(decoded: Decoded | DecodedTable) -> Entry:
    """Return decoded data as they are cached; float32 pixels are changed in place."""
    match decoded:
        case Decoded():
            return _prepare_pictures(decoded)
        case DecodedTable():
            return _prepare_table(decoded)


def _prepare_table(decoded: DecodedTable) -> Entry:
    equal = _count_equal(decoded.train.inputs, decoded.test.inputs)
    note = f"{equal} of {len(decoded.test.labels)} test rows equal a training row."
    return Entry(
        tensors={
            f"{name}_{kind}": tensor
            for name, split in (("train", decoded.train), ("test", decoded.test))
            for kind, tensor in (
                ("inputs", split.inputs),
                ("labels", split.labels),
                ("silos", split.silos),
            )
        },
        facts={
            "class_names": decoded.class_names,
            "stored_names": decoded.class_names,
            "silo_names": decoded.silo_names,
            "contract": decoded.contract,
            "fingerprint": decoded.fingerprint,
            "example_bytes": decoded.example_bytes,
            "notes": [*decoded.notes, *([note] if equal else [])],
        },
    )


def _prepare_pictures(decoded: Decoded) -> Entry:
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
    """Return how many rows of `test` are also in `train`; both are [N, ...] of one kind."""
    digest = xxhash.xxh3_128_digest
    known = set(map(digest, train.numpy()))
    return sum(row in known for row in map(digest, test.numpy()))
