"""What a model answered on the test set."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save

from fedcompare.errors import ResultsError, WeightsError
from fedcompare.learning.weights import read_tensors

Labels = npt.NDArray[np.int64] | npt.NDArray[np.float64]
Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """One forward pass over some test examples, told by their `ids`.

    `ids` int [N] are row numbers of the test split, `labels` [N] what is true, and `predicted` [N]
    what was answered: classes, int, or numbers in the labels' own unit, float64. `probabilities`,
    float32 [N, num_classes], are of classes, and None where only the most probable was kept.
    """

    ids: npt.NDArray[np.int64]
    labels: Labels
    predicted: Labels
    probabilities: Probabilities | None = None

    @classmethod
    def of(
        cls,
        outputs: Probabilities | npt.NDArray[np.float64],
        *,
        ids: npt.NDArray[np.int64],
        labels: Labels,
    ) -> "Answers":
        """Return what `learning.forward.predict` answered: probabilities of classes, or numbers."""
        if outputs.ndim == 1:
            return cls(ids=ids, labels=labels, predicted=outputs.astype(np.float64))
        return cls(
            ids=ids,
            labels=labels,
            predicted=outputs.argmax(axis=1),
            probabilities=outputs.astype(np.float32, copy=False),
        )

    @property
    def outputs(self) -> Probabilities | npt.NDArray[np.float64]:
        """Return what `of` makes the same answers of."""
        if self.probabilities is not None:
            return self.probabilities
        return self.predicted.astype(np.float64)

    @property
    def confidence(self) -> npt.NDArray[np.float32]:
        """Return the probability of the predicted class, in (0, 1], float32 [N]."""
        assert self.probabilities is not None
        found: npt.NDArray[np.float32] = self.probabilities.max(axis=1)
        return found

    def mask(self, classes: Iterable[int] | None) -> npt.NDArray[np.bool_]:
        """Return which examples are of `classes` (None: all), bool [N]."""
        if classes is None:
            return np.ones(len(self.labels), dtype=bool)
        return np.isin(self.labels, sorted(classes))

    def of_classes(self, classes: Iterable[int] | None) -> "Answers":
        """Return the answers on the examples of `classes` (None: all)."""
        return self._where(self.mask(classes))

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
        return self._where(rows)

    @classmethod
    def joined(cls, parts: Sequence["Answers"]) -> "Answers":
        """Return the answers on the examples of all parts, which share none, one after another."""
        kept = [part.probabilities for part in parts if part.probabilities is not None]
        return cls(
            ids=np.concatenate([part.ids for part in parts]),
            labels=np.concatenate([part.labels for part in parts]),
            predicted=np.concatenate([part.predicted for part in parts]),
            probabilities=np.concatenate(kept) if len(kept) == len(parts) else None,
        )

    def take(self, rows: npt.NDArray[np.int64]) -> "Answers":
        """Return the answers at these places, in this order."""
        return self._where(rows)

    def _where(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> "Answers":
        return Answers(
            ids=self.ids[rows],
            labels=self.labels[rows],
            predicted=self.predicted[rows],
            probabilities=None if self.probabilities is None else self.probabilities[rows],
        )


def answers_to_bytes(answers: Answers) -> bytes:
    """Return answers in the safetensors format: `labels`, `predicted`, of classes `probabilities`.

    `ids` are there too, unless they are those of all test examples in their order.
    """
    tensors = {
        "labels": torch.from_numpy(answers.labels),
        "predicted": torch.from_numpy(answers.predicted),
    }
    if answers.probabilities is not None:
        tensors["probabilities"] = torch.from_numpy(answers.probabilities)
    if not np.array_equal(answers.ids, np.arange(len(answers.labels))):
        tensors["ids"] = torch.from_numpy(answers.ids)
    return save(tensors)


def read_answers(path: Path) -> Answers:
    """Read the answers that `answers_to_bytes` wrote.

    Raises:
        WeightsError: the file is corrupt, or holds something else.
    """
    tensors = read_tensors(path)
    labels = tensors.get("labels")
    kind = (torch.float32, 2, torch.int64) if "probabilities" in tensors else _NUMBERS
    outputs = tensors.get("probabilities", tensors.get("predicted"))
    if (
        labels is None
        or outputs is None
        or (outputs.dtype, outputs.dim(), labels.dtype) != kind
        or labels.shape != outputs.shape[:1]
    ):
        raise WeightsError(f"{path} holds no predictions of fedcompare's; make it again")
    ids = tensors.get("ids", torch.arange(len(labels)))
    if ids.dtype != torch.int64 or ids.shape != labels.shape:
        raise WeightsError(f"{path} holds no predictions of fedcompare's; make it again")
    return Answers.of(outputs.numpy(), ids=ids.numpy(), labels=labels.numpy())


_NUMBERS = (torch.float64, 1, torch.float64)
