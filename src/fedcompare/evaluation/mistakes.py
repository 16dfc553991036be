"""What models answer instead of the right class."""

import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from fedcompare.evaluation.answers import Predictions
from fedcompare.evaluation.scores import Evaluation
from fedcompare.findings.scores import Mistake

_COMMONEST = 3


def mistakes(evaluation: Evaluation) -> Iterator[Mistake]:
    """Yield, per isolated model and unseen class, the commonest wrong answers, commonest first."""
    for model in evaluation.models:
        if model.silo is not None:
            lacks = evaluation.unseen_classes[model.silo - 1]
            yield from mistakes_of(model.predictions, model.silo, lacks, evaluation.class_names)


def mistakes_of(
    answers: Predictions, silo: int, unseen_classes: Iterable[int], class_names: Sequence[str]
) -> Iterator[Mistake]:
    """Yield one silo's commonest wrong answers per unseen class, commonest first."""
    for true in unseen_classes:
        mask = answers.mask([true])
        wrong = answers.predicted[mask & (answers.predicted != true)]
        counts = np.bincount(wrong, minlength=len(class_names))
        for taken in np.argsort(-counts, kind="stable")[:_COMMONEST]:
            if counts[taken]:
                own = mask & (answers.predicted == taken)
                yield Mistake(
                    silo=silo,
                    unseen_class=class_names[true],
                    taken_for=class_names[taken],
                    share=float(counts[taken] / mask.sum()),
                    confidence=float(answers.confidence[own].mean(dtype=np.float64)),
                    num_examples=int(counts[taken]),
                )


def commonest(mistakes: Iterable[Mistake]) -> Iterator[Mistake]:
    """Yield the first of each model's and class's mistakes."""
    for _, own in itertools.groupby(mistakes, key=lambda m: (m.silo, m.unseen_class)):
        yield next(own)
