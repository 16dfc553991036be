"""What is dealt as a whole: an example, or all examples of a group."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from fedcompare.data.examples import Dataset, Indices
from fedcompare.data.groups import most_frequent


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Units:
    """The class of each unit of one split, int64 [U], and where groups are, each row's unit [N].

    A group's class is the one that most of its examples have.
    """

    labels: Indices
    members: Indices | None = None

    @classmethod
    def of(cls, labels: torch.Tensor, groups: torch.Tensor | None) -> "Units":
        """Return the units of a split with these labels, and these groups if any."""
        if groups is None:
            return cls(labels=labels.numpy())
        members = number_anew(groups.numpy())
        return cls(labels=most_frequent(members, labels.numpy()), members=members)

    def rows(self, dealt: Indices) -> Indices:
        """Return the rows of these units, in their order."""
        return dealt if self.members is None else rows_of(self.members, dealt)

    def means(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Return each unit's mean of its rows' values."""
        if self.members is None:
            return values
        means: npt.NDArray[np.float64] = np.bincount(self.members, values) / np.bincount(
            self.members
        )
        return means


def things_of(dataset: Dataset) -> str:
    """Return what is dealt of the training data, in words."""
    return "training examples" if dataset.train_groups is None else "groups to train on"


def number_anew(groups: Indices) -> Indices:
    """Return the groups' numbers without gaps, in the order of the old ones."""
    return np.unique(groups, return_inverse=True)[1].astype(np.int64)


def rows_of(members: Indices, groups: Indices) -> Indices:
    """Return the rows of these groups, one group after another; `members` is each row's group."""
    order = np.argsort(members, kind="stable")
    sizes = np.bincount(members)
    starts = np.cumsum(sizes) - sizes
    own = sizes[groups]
    before = np.cumsum(own) - own
    found: Indices = order[np.repeat(starts[groups] - before, own) + np.arange(own.sum())]
    return found
