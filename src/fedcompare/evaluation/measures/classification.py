"""What is measured of answers that are classes."""

from typing import cast

import numpy as np
import numpy.typing as npt

from fedcompare.evaluation.answers import Answers

Floats = npt.NDArray[np.float64]
_BINS = 15


def correctness(answers: Answers) -> Floats:
    """Return 1 for each right answer and 0 for each wrong one, float64 [N]."""
    right: Floats = (answers.predicted == answers.labels).astype(np.float64)
    return right


def loss(answers: Answers) -> float | None:
    """Return the mean cross-entropy in nats; None without examples."""
    if not len(answers.labels):
        return None
    assert answers.probabilities is not None
    own = answers.probabilities[np.arange(len(answers.labels)), answers.labels]
    return float(-np.log(np.maximum(own.astype(np.float64), np.finfo(np.float32).tiny)).mean())


def confusion(answers: Answers) -> npt.NDArray[np.int64]:
    """Return the confusion matrix [true class, predicted class] of counts."""
    from sklearn.metrics import confusion_matrix

    classes = _classes(answers)
    return cast(
        "npt.NDArray[np.int64]",
        confusion_matrix(answers.labels, answers.predicted, labels=list(classes)),
    )


def recall(answers: Answers) -> tuple[float, ...]:
    """Return the accuracy on each class's examples, float [num_classes]; NaN without any."""
    from sklearn.metrics import recall_score

    classes = _classes(answers)
    scores = recall_score(
        answers.labels, answers.predicted, labels=list(classes), average=None, zero_division=np.nan
    )
    return tuple(scores.tolist())


def macro_f1(answers: Answers) -> float:
    """Return the mean of the F1 score over the classes that have examples, in [0, 1]."""
    from sklearn.metrics import f1_score

    tested = np.unique(answers.labels)
    return float(f1_score(answers.labels, answers.predicted, labels=tested, average="macro"))


def calibration_error(answers: Answers) -> float:
    """Return the expected calibration error over 15 bins of confidence, in [0, 1].

    The mean over examples of |accuracy - confidence| of the example's bin (Guo et al.
    2017, On Calibration of Modern Neural Networks, equation 3).
    """
    from sklearn.calibration import calibration_curve

    confidence = np.minimum(answers.confidence.astype(np.float64), 1.0)
    right = answers.predicted == answers.labels
    accuracies, confidences = calibration_curve(right, confidence, n_bins=_BINS)
    edges = np.linspace(0.0, 1.0, _BINS + 1)
    sizes = np.bincount(np.searchsorted(edges[1:-1], confidence), minlength=_BINS)
    return float(np.abs(accuracies - confidences) @ sizes[sizes > 0] / len(right))


def _classes(answers: Answers) -> range:
    assert answers.probabilities is not None
    return range(answers.probabilities.shape[1])
