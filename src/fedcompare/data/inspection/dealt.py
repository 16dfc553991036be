"""What silos have, whoever said which examples are theirs."""

from collections.abc import Iterator

import numpy as np

from fedcompare.data.inspection.found import SiloExamples
from fedcompare.data.silos import Silos
from fedcompare.names import silo_name
from fedcompare.tasks import Task


def silo_examples(silos: Silos) -> Iterator[SiloExamples]:
    """Yield each silo's name, sizes and examples of each class, of which numbers have none."""
    dataset = silos.dataset
    if silos.task is Task.REGRESSION:
        labels, test_labels = dataset.train.labels.numpy(), dataset.test.labels.numpy()
        for silo in silos.ids:
            train_rows, test_rows = silos.plan.rows(silo)
            name = silo_name(silo, silos.names)
            yield SiloExamples.of_numbers(name, labels[train_rows], test_labels[test_rows])
        return
    labels, count = dataset.test.labels.numpy(), dataset.num_outputs
    for silo, train, test in zip(silos.ids, silos.label_counts, silos.plan.test, strict=True):
        held_out = np.bincount(labels[test], minlength=count)
        yield SiloExamples(
            name=silo_name(silo, silos.names),
            train=sum(train),
            test=len(test),
            by_class=tuple((np.array(train) + held_out).tolist()),
        )
