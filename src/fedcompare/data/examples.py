"""The containers of data that everything else reads."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

Indices = npt.NDArray[np.int64]
Pixels = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examples:
    """Ready-to-train examples: `inputs` float32 [N, C, H, W], `labels` int64 [N].

    Inputs are in [-1, 1]; only where pixels of more than 8 bits are scaled by the training
    data's range, test inputs may lie outside.
    """

    inputs: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, indices: Indices) -> "Examples":
        """Return the examples at `indices`, in that order."""
        rows = torch.from_numpy(indices)
        return Examples(inputs=self.inputs[rows], labels=self.labels[rows])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """Training and test examples, the classes' names, and a digest of the raw data.

    `fingerprint` depends on content alone: the same data in another folder have the same.
    `notes` says in a sentence each what was converted, scaled, left out, or is suspicious.
    `stored_names` are the names in the source's own numbering, those without examples included.
    """

    train: Examples
    test: Examples
    class_names: tuple[str, ...]
    fingerprint: str
    notes: tuple[str, ...] = ()
    stored_names: tuple[str, ...] = ()

    @property
    def example_bytes(self) -> int:
        """Return the raw size of one example: a byte per value, and one for its label."""
        return self.train.inputs[0].numel() + 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decoded:
    """What a source makes of its files, before it is prepared.

    Pixels are uint8 [N, C, H, W], or float32 of the same shape where stored values of more than
    8 bits were scaled, the training data's range to [0, 1]; labels are int64 [N].
    """

    train_pixels: torch.Tensor
    train_labels: torch.Tensor
    test_pixels: torch.Tensor
    test_labels: torch.Tensor
    class_names: tuple[str, ...]
    stored_names: tuple[str, ...]
    fingerprint: str
    notes: tuple[str, ...]
