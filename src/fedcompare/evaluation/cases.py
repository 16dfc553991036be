"""The test sets of a comparison: which test examples count, and how much."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fedcompare.classes import class_list, lacked_by_all, listed
from fedcompare.errors import DataError
from fedcompare.findings.scores import SiloFacts, TestSet
from fedcompare.findings.test_sets import ALL, own, read_key, seen, unseen
from fedcompare.names import silo_name

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cases:
    """Labels int [N], and per silo the share of each class in its training data by seed.

    `class_shares` is float [S, K, C] for S silos, K seeds and C classes.
    """

    labels: Labels
    class_shares: Floats
    class_names: tuple[str, ...]
    subsets: tuple[tuple[int, ...], ...]

    @classmethod
    def build(
        cls,
        labels: Labels,
        label_counts: Sequence[Sequence[Sequence[int]]],
        class_names: tuple[str, ...],
        subsets: Iterable[tuple[int, ...]],
    ) -> "Cases":
        """Return the cases for `label_counts` [K seeds][S silos][C classes].

        Raises:
            DataError: a silo has a class of which there is no test example.
        """
        counts = np.asarray(label_counts, dtype=np.float64)
        check_own_cases(labels, counts.sum(axis=0), class_names)
        shares = (counts / counts.sum(axis=2, keepdims=True)).transpose(1, 0, 2)
        cases = cls(labels=labels, class_shares=shares, class_names=class_names, subsets=())
        unseen_sets = [cases.unseen_classes(silo) for silo in cases.silos]
        distinct = tuple(subset for subset in subsets if subset not in unseen_sets)
        return cls(labels=labels, class_shares=shares, class_names=class_names, subsets=distinct)

    @property
    def silos(self) -> range:
        """Return the silos' ids."""
        return range(1, len(self.class_shares) + 1)

    def seen_classes(self, silo: int) -> tuple[int, ...]:
        """Return the classes that a silo has in any seed."""
        return tuple(np.flatnonzero(self.class_shares[silo - 1].any(axis=0)).tolist())

    def unseen_classes(self, silo: int) -> tuple[int, ...]:
        """Return the classes that a silo has in no seed."""
        return tuple(np.flatnonzero(~self.class_shares[silo - 1].any(axis=0)).tolist())

    def tested(self, classes: Iterable[int]) -> tuple[int, ...]:
        """Return those of `classes` of which there are test examples."""
        sizes = np.bincount(self.labels, minlength=len(self.class_names))
        return tuple(label for label in classes if sizes[label])

    def nobodys_classes(self) -> tuple[int, ...]:
        """Return the classes that no silo has in any seed."""
        return lacked_by_all([self.unseen_classes(silo) for silo in self.silos])

    def learnable_classes(self, silo: int) -> tuple[int, ...]:
        """Return the tested classes that a silo lacks and that another silo has."""
        nobodys = self.nobodys_classes()
        lacks = self.tested(self.unseen_classes(silo))
        return tuple(label for label in lacks if label not in nobodys)

    def mask(self, classes: Sequence[int]) -> npt.NDArray[np.bool_]:
        """Return which test examples are of `classes`, bool [N]."""
        return np.isin(self.labels, classes)

    def names(self, classes: Iterable[int]) -> tuple[str, ...]:
        """Return the classes' names."""
        return tuple(self.class_names[c] for c in classes)

    def test_sets(self) -> tuple[TestSet, ...]:
        """Return all test sets that have examples, in the order of tables."""
        found = [TestSet(key=ALL, label="whole population", num_examples=len(self.labels))]
        for silo in self.silos:
            has = self.seen_classes(silo)
            label = f"own cases of {silo_name(silo)}"
            found.append(self._test_set(own(silo), label, has))
        for silo in self.silos:
            lacks = self.unseen_classes(silo)
            label = f"never seen by {silo_name(silo)} ({self._never_seen(silo)})"
            found.append(self._test_set(unseen(silo), label, lacks))
        for silo in self.silos:
            label = f"classes {silo_name(silo)} has"
            found.append(self._test_set(seen(silo), label, self.seen_classes(silo)))
        for subset in self.subsets:
            label = f"classes {listed(self.names(subset))}"
            found.append(self._test_set(class_list(subset, self.class_names), label, subset))
        return tuple(test_set for test_set in found if test_set.num_examples)

    def weights(self, key: str, seed_index: int) -> Floats:
        """Return each test example's weight in a test set, float [N] that sums to 1."""
        match read_key(key):
            case "own", int(silo):
                shares = self.class_shares[silo - 1, seed_index]
                sizes = np.bincount(self.labels, minlength=len(shares))
                own_weights: Floats = shares[self.labels] / sizes[self.labels]
                return own_weights
            case "seen", int(silo):
                classes = self.seen_classes(silo)
            case "unseen", int(silo):
                classes = self.unseen_classes(silo)
            case "all", _:
                classes = tuple(range(len(self.class_names)))
            case _:
                classes = {class_list(s, self.class_names): s for s in self.subsets}[key]
        mask = self.mask(classes)
        plain: Floats = mask / mask.sum()
        return plain

    def silo_facts(self, label_counts: Sequence[Sequence[Sequence[int]]]) -> tuple[SiloFacts, ...]:
        """Return what each silo has; `label_counts` as for `build`."""
        means = np.asarray(label_counts, dtype=np.float64).mean(axis=0)
        return tuple(
            SiloFacts(
                silo=silo,
                label_counts=tuple(means[silo - 1].tolist()),
                seen=self.names(self.seen_classes(silo)),
                unseen=self.names(lacks),
                unknown=self.names(self.nobodys_classes()),
                untested=self.names(label for label in lacks if label not in self.tested(lacks)),
            )
            for silo in self.silos
            for lacks in [self.unseen_classes(silo)]
        )

    def _never_seen(self, silo: int) -> str:
        """Name the tested classes that a silo lacks, those that nobody has apart."""
        learnable = self.learnable_classes(silo)
        nobodys = self.tested(self.nobodys_classes())
        parts = [listed(self.names(learnable))] if learnable else []
        parts += [f"by no silo: {listed(self.names(nobodys))}"] if nobodys else []
        return "; ".join(parts)

    def _test_set(self, key: str, label: str, classes: Sequence[int]) -> TestSet:
        return TestSet(key=key, label=label, num_examples=int(self.mask(classes).sum()))


def check_own_cases(labels: Labels, counts: Floats, class_names: Sequence[str]) -> None:
    """Raise if a silo has a class of which there is no test example; `counts` is [S, C].

    Raises:
        DataError: its own cases could not be measured then; silo and class are named.
    """
    tested = np.bincount(labels, minlength=counts.shape[1]) > 0
    for silo, own_counts in enumerate(counts, start=1):
        if missing := np.flatnonzero((own_counts > 0) & ~tested).tolist():
            names = listed(class_names[c] for c in missing)
            raise DataError(
                f"{silo_name(silo)} trains on class {names}, but the test set has no example of "
                "it, so its own cases cannot be measured. Add test examples, or exclude the class "
                "in excluded-classes"
            )


def accuracy(right: npt.NDArray[np.bool_], weights: Floats) -> float:
    """Return the weighted share of `right` answers, bool [N], in [0, 1]."""
    return min(float(right @ weights), 1.0)  # weights add up to 1 but for rounding
