"""What silos have, whoever said which examples are theirs."""

from collections.abc import Iterator

import numpy as np

from fedcompare.data.inspection.found import SiloExamples
from fedcompare.data.silos import Silos
from fedcompare.names import silo_name


def silo_examples(silos: Silos) -> Iterator[SiloExamples]:
    """Yield each silo's name, sizes and examples of each class, of which numbers have none."""
    strata, count = silos.dataset.test.strata.numpy(), silos.dataset.num_outputs
    for silo, train, test in zip(silos.ids, silos.label_counts, silos.plan.test, strict=True):
        held_out = np.bincount(strata[test], minlength=count)
        yield SiloExamples(
            name=silo_name(silo, silos.names),
            train=sum(train),
            test=len(test),
            by_class=tuple((np.array(train) + held_out).tolist()) if silos.class_names else (),
        )
