"""What models answer instead of the right class."""

import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from fedcompare.evaluation.answers import Answers
from fedcompare.findings.scores import Mistake

_COMMONEST = 3


def find_mistakes(
    answers: Sequence[Answers], silo: int, unseen_classes: Iterable[int], class_names: Sequence[str]
) -> Iterator[Mistake]:
    """Yield the commonest wrong answers of one silo's model per unseen class, commonest first.

    `answers` are those of each seed: shares and confidences are over the examples of all.
    """
    unseen = tuple(unseen_classes)
    if not unseen:
        return
    labels = np.concatenate([own.labels for own in answers])
    predicted = np.concatenate([own.predicted for own in answers])
    confidence = np.concatenate([own.confidence for own in answers])
    for true in unseen:
        mask = labels == true
        counts = np.bincount(predicted[mask & (predicted != true)], minlength=len(class_names))
        for taken in np.argsort(-counts, kind="stable")[:_COMMONEST]:
            if counts[taken]:
                own = mask & (predicted == taken)
                yield Mistake(
                    silo=silo,
                    unseen_class=class_names[true],
                    taken_for=class_names[taken],
                    share=float(counts[taken] / mask.sum()),
                    confidence=float(confidence[own].mean(dtype=np.float64)),
                    num_examples=int(counts[taken]),
                )


def commonest(mistakes: Iterable[Mistake]) -> Iterator[Mistake]:
    """Yield the first of each model's and class's mistakes."""
    for _, own in itertools.groupby(mistakes, key=lambda m: (m.silo, m.unseen_class)):
        yield next(own)
