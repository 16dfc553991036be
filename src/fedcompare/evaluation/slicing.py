"""What a measure is told of a test set of a comparison, and whether it can be asked of it."""

import numpy as np

from fedcompare.evaluation.cases import Cases, Floats
from fedcompare.evaluation.measures.catalog import Measure
from fedcompare.evaluation.measures.ordering import ORDERED_PAIRS
from fedcompare.evaluation.measures.slices import Slice
from fedcompare.findings.test_sets import Kind, TestSet


def slice_of(
    cases: Cases, test_set: TestSet, seed_index: int, weights: Floats | None = None
) -> Slice:
    """Return the examples of a test set in a seed; `weights` [N] where they are known already."""
    owners, folds = cases.owners, cases.fold_numbers
    everybodys = np.zeros(len(cases.ids), np.int64)
    return Slice(
        weights=cases.weights(test_set, seed_index) if weights is None else weights,
        classes=cases.strata,
        silos=everybodys if owners is None else owners[seed_index],
        folds=everybodys if folds is None else folds[seed_index],
        class_names=cases.class_names,
        num_silos=0 if owners is None else len(cases.silos),
        num_folds=1 if folds is None else cases.folds,
    )


def why_not_measured(cases: Cases, test_set: TestSet, measure: Measure | None = None) -> str:
    """Return why nothing can be said of a test set by a measure, as a clause; empty where it can.

    What some seed lacks is lacking. Without a measure it is the one that verdicts are about.
    """
    asked = measure or cases.measure
    if asked.form is ORDERED_PAIRS and test_set.kind is Kind.OWN and cases.owners is None:
        return f"an {asked.name} is the same however common classes are, as on the whole test set"
    seeds = range(cases.class_shares.shape[1])
    reasons = (asked.missing(slice_of(cases, test_set, index)) for index in seeds)
    return next(filter(None, reasons), "")


def left_out(cases: Cases, test_set: TestSet) -> tuple[int, ...]:
    """Return the silos whose rows, in some seed, say nothing to the measure of verdicts."""
    seeds = range(cases.class_shares.shape[1])
    every = (cases.measure.form.left_out(slice_of(cases, test_set, index)) for index in seeds)
    return tuple(sorted({silo for silos in every for silo in silos}))
