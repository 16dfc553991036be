"""What a model answered on the test set, and everything that is derived from it."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save

from fedcompare.errors import WeightsError
from fedcompare.learning.weights import read_tensors

_BINS = 15


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Predictions:
    """One forward pass: `labels` int [N], `probabilities` float32 [N, num_classes]."""

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

    def accuracy(self, classes: Iterable[int] | None = None) -> tuple[float | None, int]:
        """Return (accuracy in [0, 1], number of examples) on the examples of `classes`.

        The accuracy of no examples is None.
        """
        mask = self.mask(classes)
        count = int(mask.sum())
        correct = int((self.predicted == self.labels)[mask].sum())
        return (correct / count if count else None), count

    def loss(self, classes: Iterable[int] | None = None) -> float | None:
        """Return the mean cross-entropy in nats on the examples of `classes`; None without any."""
        mask = self.mask(classes)
        if not mask.any():
            return None
        own = self.probabilities[mask, self.labels[mask]].astype(np.float64)
        return float(-np.log(np.maximum(own, np.finfo(np.float32).tiny)).mean())

    def confusion(self) -> npt.NDArray[np.int64]:
        """Return the confusion matrix [true class, predicted class] of counts."""
        from sklearn.metrics import confusion_matrix

        classes = range(self.probabilities.shape[1])
        return cast(
            "npt.NDArray[np.int64]",
            confusion_matrix(self.labels, self.predicted, labels=list(classes)),
        )

    def recall(self) -> tuple[float, ...]:
        """Return the accuracy on each class's examples, float [num_classes]; NaN without any."""
        from sklearn.metrics import recall_score

        classes = range(self.probabilities.shape[1])
        scores = recall_score(
            self.labels, self.predicted, labels=list(classes), average=None, zero_division=np.nan
        )
        return tuple(scores.tolist())

    def macro_f1(self) -> float:
        """Return the mean of the F1 score over the classes that have examples, in [0, 1]."""
        from sklearn.metrics import f1_score

        tested = np.unique(self.labels)
        return float(f1_score(self.labels, self.predicted, labels=tested, average="macro"))

    def calibration_error(self) -> float:
        """Return the expected calibration error over 15 bins of confidence, in [0, 1].

        The mean over examples of |accuracy - confidence| of the example's bin (Guo et al.
        2017, On Calibration of Modern Neural Networks, equation 3).
        """
        from sklearn.calibration import calibration_curve

        confidence = np.minimum(self.confidence.astype(np.float64), 1.0)
        right = self.predicted == self.labels
        accuracies, confidences = calibration_curve(right, confidence, n_bins=_BINS)
        edges = np.linspace(0.0, 1.0, _BINS + 1)
        sizes = np.bincount(np.searchsorted(edges[1:-1], confidence), minlength=_BINS)
        return float(np.abs(accuracies - confidences) @ sizes[sizes > 0] / len(right))


def predictions_to_bytes(predictions: Predictions) -> bytes:
    """Return predictions in the safetensors format: `labels`, `predicted`, `probabilities`."""
    return save(
        {
            "labels": torch.from_numpy(predictions.labels),
            "predicted": torch.from_numpy(predictions.predicted),
            "probabilities": torch.from_numpy(predictions.probabilities),
        }
    )


def read_predictions(path: Path) -> Predictions:
    """Read the predictions that `predictions_to_bytes` wrote.

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
    return Predictions(labels=labels.numpy(), probabilities=probabilities.numpy())
