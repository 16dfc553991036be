"""The containers of data that everything else reads."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from fedcompare.tasks import Task

Indices = npt.NDArray[np.int64]
Labels = npt.NDArray[np.int64]
Pixels = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The mean of labels that are numbers, and their deviation: a model's output is in these."""

    mean: float
    deviation: float

    def standardised(self, labels: torch.Tensor) -> torch.Tensor:
        """Return labels as models learn them, float32 of the same shape."""
        return ((labels - self.mean) / self.deviation).float()

    def restored(self, outputs: torch.Tensor) -> torch.Tensor:
        """Return a model's outputs in the labels' own unit, float64 of the same shape."""
        return outputs.double() * self.deviation + self.mean


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Examples:
    """Ready-to-train examples: `inputs` float32 [N, ...], `labels` and `ids` int64 [N].

    With a `scale`, labels are no classes but numbers, float64 [N] in their own unit.

    An id is the row number of an example within its split, in the order of the source; in a fold it
    is that within all data. Answers of several subsets, or folds, can be joined by it.

    Pictures are [N, C, H, W] in [-1, 1]; only where pixels of more than 8 bits are scaled by the
    training data's range, test inputs may lie outside. Rows of a table are [N, F].
    """

    inputs: torch.Tensor
    labels: torch.Tensor
    ids: torch.Tensor
    scale: Scale | None = None

    @classmethod
    def numbered(
        cls,
        *,
        inputs: torch.Tensor,
        labels: torch.Tensor,
        ids: torch.Tensor | None = None,
        scale: Scale | None = None,
    ) -> "Examples":
        """Return the examples of a whole split, their ids 0, 1, ... if it has no others."""
        numbers = torch.arange(len(labels)) if ids is None else ids
        return cls(inputs=inputs, labels=labels, ids=numbers, scale=scale)

    @property
    def targets(self) -> torch.Tensor:
        """Return what outputs are to be: classes int64 [N], or standardised labels float32 [N]."""
        return self.labels if self.scale is None else self.scale.standardised(self.labels)

    @property
    def strata(self) -> torch.Tensor:
        """Return by what examples are counted and dealt, int64 [N]: classes; numbers are alike."""
        return self.labels if self.scale is None else torch.zeros_like(self.ids)

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, indices: Indices) -> "Examples":
        """Return the examples at `indices`, in that order."""
        rows = torch.from_numpy(indices)
        return Examples(
            inputs=self.inputs[rows],
            labels=self.labels[rows],
            ids=self.ids[rows],
            scale=self.scale,
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dataset:
    """Training and test examples, the classes' names, and a digest of the raw data.

    Where labels are numbers, there are no names of classes.
    `fingerprint` depends on content alone: the same data in another folder have the same.
    `example_bytes` is the raw size of one example with its label, as its source counts it.
    `notes` says in a sentence each what was converted, scaled, left out, or is suspicious.
    `stored_names` are the names in the source's own numbering, those without examples included.
    Where the data say themselves who has which examples, `silo_names` names the silos in the order
    of their ids, and `train_silos` and `test_silos`, int64 [N], hold positions in it, or -1 where
    an example is nobody's. `train_groups` and `test_groups`, int64 [N], number what must stay
    together, as a patient's pictures, over both splits. `contract` is the JSON of how rows of a
    table became inputs. `is_dealt` says that which examples are held out was decided here, by no
    split of the data's own.
    """

    train: Examples
    test: Examples
    class_names: tuple[str, ...]
    fingerprint: str
    example_bytes: int
    notes: tuple[str, ...] = ()
    stored_names: tuple[str, ...] = ()
    silo_names: tuple[str, ...] = ()
    train_silos: torch.Tensor | None = None
    test_silos: torch.Tensor | None = None
    train_groups: torch.Tensor | None = None
    test_groups: torch.Tensor | None = None
    contract: str = ""
    is_dealt: bool = False

    @property
    def task(self) -> Task:
        """Return what models are to tell."""
        return Task.of(self.class_names)

    @property
    def num_outputs(self) -> int:
        """Return how many outputs a model needs: one for each class, or one for a number."""
        return len(self.class_names) or 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """One split as its source has it: inputs, labels int64 [N], and who each example belongs to.

    Inputs are the rows of a table as models take them, float32 [N, F], or pixels [N, C, H, W]:
    uint8, or float32 where stored values of more than 8 bits were scaled, the training data's range
    to [0, 1]. `silos` and `groups` are as a `Dataset` has them; None where nothing names any. In a
    fold `rows`, int64 [N], are the examples' numbers in all data.
    """

    inputs: torch.Tensor
    labels: torch.Tensor
    silos: torch.Tensor | None = None
    groups: torch.Tensor | None = None
    rows: torch.Tensor | None = None

    @property
    def tensors(self) -> dict[str, torch.Tensor]:
        """Return by name what there is."""
        found = {
            "inputs": self.inputs,
            "labels": self.labels,
            "silos": self.silos,
            "groups": self.groups,
            "rows": self.rows,
        }
        return {name: tensor for name, tensor in found.items() if tensor is not None}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Decoded:
    """What a source makes of its files, before it is prepared; the rest is as `Dataset` has it."""

    train: Split
    test: Split
    class_names: tuple[str, ...]
    stored_names: tuple[str, ...]
    fingerprint: str
    example_bytes: int
    notes: tuple[str, ...]
    silo_names: tuple[str, ...] = ()
    contract: str = ""
    scale: Scale | None = None
    is_dealt: bool = False

    @property
    def is_pictures(self) -> bool:
        """Return whether examples are pictures, whose pixels are not yet scaled to [-1, 1]."""
        return self.train.inputs.dim() == 4
