"""From two splits of encoded pictures and stored labels to decoded data."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import torch

from fedcompare.data.decoding.labels import encode_labels
from fedcompare.data.decoding.pictures import Encoded, Picture
from fedcompare.data.decoding.pixels import decode_pictures, stack_pictures
from fedcompare.data.decoding.sizes import count_bytes
from fedcompare.data.examples import Decoded, Split
from fedcompare.data.groups import Members, group_notes, number_groups
from fedcompare.data.owners import Owners, find_owners
from fedcompare.text.wording import plural


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StoredSplit:
    """A split's name, its pictures (to be read once), their labels, and whose they are.

    `silos` names each picture's silo, "" where it has none; None where nothing names silos. So do
    `groups` with what a picture belongs to. In a fold `rows` are the pictures' numbers in all data.
    """

    name: str
    pictures: Iterable[Encoded | Picture]
    labels: Sequence[Any]
    silos: Sequence[str] | None = None
    groups: Sequence[str] | None = None
    rows: Sequence[int] | None = None


def assemble(
    train: StoredSplit,
    test: StoredSplit,
    *,
    class_names: Sequence[str] | None,
    side: int,
    notes: Sequence[str],
    silo: str = "",
    group: str = "",
    is_dealt: bool = False,
) -> Decoded:
    """Return the decoded data, with a fingerprint of their content and class names.

    Args:
        train: what is trained on.
        test: the held-out examples.
        class_names: what labels 0, 1, ... are called; without, labels are their own names.
        side: the width and height of all pictures, 0 to keep them as they are.
        notes: what was found before.
        silo: what names the silos.
        group: what names the groups.
        is_dealt: as `Decoded` has it.

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
    owners = find_owners(train.silos, test.silos, column=silo)
    groups, group_told = _find_groups(train, test, owners, group)
    splits = [
        Split(
            inputs=torch.from_numpy(pixels),
            labels=own,
            silos=silos,
            groups=members,
            rows=None if stored.rows is None else torch.tensor(stored.rows),
        )
        for stored, pixels, own, silos, members in zip(
            (train, test),
            (train_pixels, test_pixels),
            labels,
            (owners.train, owners.test),
            groups,
            strict=True,
        )
    ]
    return Decoded(
        train=splits[0],
        test=splits[1],
        class_names=names,
        stored_names=tuple(class_names or names),
        silo_names=owners.names,
        fingerprint=_digest(splits, names, owners.names),
        example_bytes=count_bytes(train_pixels.shape),
        notes=(*notes, *pixel_notes, *label_notes, *owners.notes, *group_told),
        is_dealt=is_dealt,
    )


def _find_groups(
    train: StoredSplit, test: StoredSplit, owners: Owners, key: str
) -> tuple[list[torch.Tensor | None], list[str]]:
    """Return the number of each picture's group in both splits, and notes on groups."""
    if train.groups is None or test.groups is None:
        return [None, None], []
    numbers = number_groups(train.groups, test.groups)
    members = [
        Members(groups=own, silos=np.zeros_like(own) if silos is None else silos.numpy())
        for own, silos in zip(numbers, (owners.train, owners.test), strict=True)
    ]
    names = dict(zip(chain(*numbers), chain(train.groups, test.groups), strict=True))
    is_fold = train.rows is not None
    told = group_notes(key, members[0], members[1], name=names.__getitem__, is_fold=is_fold)
    notes = list(told)
    if nameless := sum(not name for name in names.values()):
        notes.append(f"{plural(nameless, 'picture')} without {key}: each is a group of its own.")
    return [torch.from_numpy(own) for own in numbers], notes


def _digest(splits: Iterable[Split], names: Sequence[str], silo_names: Sequence[str]) -> str:
    """Return the SHA-256 over the tensors' shapes and contents, and the names in them."""
    named = [names, silo_names] if silo_names else names
    total = hashlib.sha256(json.dumps(named).encode())
    for split in splits:
        for tensor in split.tensors.values():
            total.update(f"\n{tensor.dtype} {[*tensor.shape]}\n".encode())
            total.update(tensor.numpy().data)
    return total.hexdigest()
