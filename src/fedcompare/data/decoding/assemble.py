"""From two splits of encoded pictures and stored labels to decoded data."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from fedcompare.data.decoding.labels import encode_labels
from fedcompare.data.decoding.pictures import Encoded, Picture
from fedcompare.data.decoding.pixels import decode_pictures, stack_pictures
from fedcompare.data.decoding.sizes import count_bytes
from fedcompare.data.examples import Decoded


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredSplit:
    """A split's name, its pictures (to be read once), and their labels."""

    name: str
    pictures: Iterable[Encoded | Picture]
    labels: Sequence[Any]


def assemble(
    train: StoredSplit,
    test: StoredSplit,
    *,
    class_names: Sequence[str] | None,
    side: int,
    notes: Sequence[str],
) -> Decoded:
    """Return the decoded data, with a fingerprint of their content and class names.

    Args:
        train: what is trained on.
        test: the held-out examples.
        class_names: what labels 0, 1, ... are called; without, labels are their own names.
        side: the width and height of all pictures, 0 to keep them as they are.
        notes: what was found before.

    Raises:
        DataError: a label or picture is missing or damaged, or the pictures do not fit together.
    """
    labels, names, label_notes = encode_labels(
        [(split.name, split.labels) for split in (train, test)], names=class_names
    )
    train_pixels, test_pixels, pixel_notes = stack_pictures(
        decode_pictures(train.pictures, side=side),
        decode_pictures(test.pictures, side=side),
        side=side,
    )
    tensors = (torch.from_numpy(train_pixels), labels[0], torch.from_numpy(test_pixels), labels[1])
    return Decoded(
        train_pixels=tensors[0],
        train_labels=tensors[1],
        test_pixels=tensors[2],
        test_labels=tensors[3],
        class_names=names,
        stored_names=tuple(class_names or names),
        fingerprint=_digest(tensors, names),
        example_bytes=count_bytes(train_pixels.shape),
        notes=(*notes, *pixel_notes, *label_notes),
    )


def _digest(tensors: Iterable[torch.Tensor], names: Sequence[str]) -> str:
    """Return the SHA-256 over the tensors' shapes and contents, and the classes' names."""
    total = hashlib.sha256(json.dumps(names).encode())
    for tensor in tensors:
        total.update(f"\n{tensor.dtype} {[*tensor.shape]}\n".encode())
        total.update(tensor.numpy().data)
    return total.hexdigest()
