"""The two containers of data that everything else reads."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examples:
    """Ready-to-train examples: `inputs` float32 [N, C, H, W] in [-1, 1], `labels` int64 [N]."""

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
    """Training and test examples, the classes' names, and a digest of the raw data."""

    train: Examples
    test: Examples
    class_names: tuple[str, ...]
    fingerprint: str
    notes: tuple[str, ...] = ()

    @property
    def example_bytes(self) -> int:
        """Return the raw size of one example: a byte per value, and one for its label."""
        return self.train.inputs[0].numel() + 1
