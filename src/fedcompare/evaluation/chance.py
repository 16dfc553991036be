"""Whether anything was learnt at all: the best model against always answering one class."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from fedcompare.statistics.significance import wilson
from fedcompare.text.wording import percent, plural


def nothing_learnt(
    accuracies: Mapping[str, float], labels: npt.NDArray[np.int64], class_names: Sequence[str]
) -> str | None:
    """Return in two sentences that no model beats the commonest class; None where one does.

    `accuracies` are the models' on the whole test set (means over seeds), by what people call
    them; `labels` int [N] are the test set's. The best model beats always answering the
    commonest class where the lower end of its 95 % Wilson interval, for N examples, is above
    that class's share: choosing the best of many models makes this rule the milder one.
    """
    sizes = np.bincount(labels, minlength=len(class_names))
    commonest, share = int(sizes.argmax()), float(sizes.max() / len(labels))
    best = max(accuracies, key=lambda name: accuracies[name])
    accuracy = accuracies[best]
    low, _ = wilson(round(accuracy * len(labels)), len(labels))
    if low > share:
        return None
    return (
        f"Nothing was learnt: no model is surely better than always answering "
        f"{class_names[commonest]}, the commonest class, which is right on {percent(share)} % of "
        f"{plural(len(labels), 'test example')}. The best one ({best}) gets {percent(accuracy)} % "
        f"right (95 % interval from {percent(low)} %), so differences between models mean nothing."
    )
