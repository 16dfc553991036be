"""What a model answered on the test set."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save

from fedcompare.errors import ResultsError, WeightsError
from fedcompare.learning.weights import read_tensors


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """One forward pass over some test examples, told by their `ids`.

    `ids` int [N] are row numbers of the test split, `labels` int [N] the true classes,
    `probabilities` float32 [N, num_classes].
    """

    ids: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64]
    probabilities: npt.NDArray[np.float32]

    @property
    def predicted(self) -> npt.NDArray[np.int64]:
        """Return the most probable class of each example, int [N]."""
        return cast("npt.NDArray[np.int64]", self.probabilities.argmax(axis=1))

    @property
    def confidence(self) -> npt.NDArray[np.float32]:
        """Return the probability of the predicted class, in (0, 1], float32 [N]."""
        return cast("npt.NDArray[np.float32]", self.probabilities.max(axis=1))

    def mask(self, classes: Iterable[int] | None) -> npt.NDArray[np.bool_]:
        """Return which examples are of `classes` (None: all), bool [N]."""
        if classes is None:
            return np.ones(len(self.labels), dtype=bool)
        return np.isin(self.labels, sorted(classes))

    def of_classes(self, classes: Iterable[int] | None) -> "Answers":
        """Return the answers on the examples of `classes` (None: all)."""
        mask = self.mask(classes)
        return Answers(
            ids=self.ids[mask], labels=self.labels[mask], probabilities=self.probabilities[mask]
        )

    def at(self, ids: npt.NDArray[np.int64]) -> "Answers":
        """Return the answers on the examples of these ids, in their order.

        Raises:
            ResultsError: one of them was not answered.
        """
        if np.array_equal(ids, self.ids):
            return self
        order = np.argsort(self.ids, kind="stable")
        places = np.searchsorted(self.ids, ids, sorter=order)
        rows = order[np.minimum(places, len(order) - 1)] if len(order) else places
        if not len(order) or not np.array_equal(self.ids[rows], ids):
            raise ResultsError("models answered other test examples, so they cannot be paired")
        return Answers(ids=ids, labels=self.labels[rows], probabilities=self.probabilities[rows])


def answers_to_bytes(answers: Answers) -> bytes:
    """Return answers in the safetensors format: `labels`, `predicted`, `probabilities`.

    `ids` are there too, unless they are those of all test examples in their order.
    """
    tensors = {
        "labels": torch.from_numpy(answers.labels),
        "predicted": torch.from_numpy(answers.predicted),
        "probabilities": torch.from_numpy(answers.probabilities),
    }
    if not np.array_equal(answers.ids, np.arange(len(answers.labels))):
        tensors["ids"] = torch.from_numpy(answers.ids)
    return save(tensors)


def read_answers(path: Path) -> Answers:
    """Read the answers that `answers_to_bytes` wrote.

    Raises:
        WeightsError: the file is corrupt, or holds something else.
    """
    tensors = read_tensors(path)
    labels, probabilities = tensors.get("labels"), tensors.get("probabilities")
    if (
        labels is None
        or probabilities is None
        or labels.dtype != torch.int64
        or probabilities.dtype != torch.float32
        or probabilities.dim() != 2
        or labels.shape != probabilities.shape[:1]
    ):
        raise WeightsError(f"{path} holds no predictions of fedcompare's; make it again")
    ids = tensors.get("ids", torch.arange(len(labels)))
    if ids.dtype != torch.int64 or ids.shape != labels.shape:
        raise WeightsError(f"{path} holds no predictions of fedcompare's; make it again")
    return Answers(ids=ids.numpy(), labels=labels.numpy(), probabilities=probabilities.numpy())
