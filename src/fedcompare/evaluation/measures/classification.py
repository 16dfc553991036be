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


def positive_scores(answers: Answers) -> Floats:
    """Return the probability of the second class, float64 [N]."""
    return _probabilities(answers)[:, 1]


def log_losses(answers: Answers) -> Floats:
    """Return each example's cross-entropy in nats, float64 [N], as of no less than 1e-38."""
    own = _probabilities(answers)[np.arange(len(answers.labels)), answers.labels]
    losses: Floats = -np.log(np.maximum(own, np.finfo(np.float32).tiny))
    return losses


def squared_misses(answers: Answers) -> Floats:
    """Return what each example adds to the Brier score (1950), float64 [N].

    It is the sum over the classes of (probability - truth)^2, in [0, 2]; of two classes that of the
    second one alone, in [0, 1], as is usual.
    """
    probabilities = _probabilities(answers)
    truth = answers.labels[:, None] == np.arange(probabilities.shape[1])
    squares: Floats = np.square(probabilities - truth)
    return squares[:, 1] if probabilities.shape[1] == 2 else squares.sum(axis=1)


def loss(answers: Answers) -> float | None:
    """Return the mean cross-entropy in nats; None without examples."""
    return float(log_losses(answers).mean()) if len(answers.labels) else None


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


def average_precision(answers: Answers) -> float | None:
    """Return the mean precision over the recalls of the second class; None without any of it."""
    from sklearn.metrics import average_precision_score

    if not answers.labels.any():
        return None
    return float(average_precision_score(answers.labels, positive_scores(answers)))


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


def _probabilities(answers: Answers) -> Floats:
    """Return the probabilities of classes in the precision that sums need."""
    assert answers.probabilities is not None
    return answers.probabilities.astype(np.float64)
