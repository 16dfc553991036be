"""The test examples of a comparison: which of them count, and how much."""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fedcompare.classes import lacked_by_all, listed
from fedcompare.errors import DataError
from fedcompare.evaluation.answers import Answers, Labels
from fedcompare.evaluation.measures.catalog import Measure, verdict_measure
from fedcompare.findings.scores import SiloFacts, TestSetFacts
from fedcompare.findings.test_sets import ALL, Kind, TestSet, others, own, seen, unseen
from fedcompare.names import silo_name
from fedcompare.tasks import CLASSES, Task

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Counts = Sequence[Sequence[Sequence[float]]]
NOBODYS = 0


@dataclass(frozen=True, kw_only=True, eq=False)
class Cases:
    """The examples' ids and labels, [N], and what silos have of each class.

    `class_shares`, float [S, K, C] for S silos, K seeds and C classes, are the shares of the
    classes in a silo's training data; `silo_names` are what the data call
    them. Answers are joined by id, in whatever order they were given.

    Labels that are numbers have no classes: all are of one, without a name. `owners`, int [K, N],
    where there are any, say whose held-out row each example is, 0 for nobody's: these are a silo's
    own cases, which else are told by the shares of its classes. `groups`, int [N], number examples
    that belong together, and count as one in intervals. Of `folds` folds each example was held out
    in one, by models that trained on the others; `fold_numbers`, int [K, N], say in which, None
    where there is one. `measure` is what verdicts are about.
    """

    ids: Ints
    labels: Labels
    class_shares: Floats
    class_names: tuple[str, ...]
    measure: Measure
    silo_names: tuple[str, ...] = ()
    owners: Ints | None = None
    groups: Ints | None = None
    folds: int = 1
    fold_numbers: Ints | None = None

    @classmethod
    def build(
        cls,
        labels: Labels,
        label_counts: Counts,
        class_names: tuple[str, ...],
        ids: Ints | None = None,
        *,
        silo_names: tuple[str, ...] = (),
        owners: Ints | None = None,
        groups: Ints | None = None,
        measure: Measure | None = None,
        folds: int = 1,
        fold_numbers: Ints | None = None,
    ) -> "Cases":
        """Return the cases for `label_counts` [K seeds][S silos][C classes].

        Without a `measure` it is the task's first one. Without `ids` the examples are the whole
        test set in its order. `owners`, `groups` and `fold_numbers` are in the order of the ids'
        numbers.
        """
        counts = np.asarray(label_counts, dtype=np.float64)
        shares = (counts / counts.sum(axis=2, keepdims=True)).transpose(1, 0, 2)
        numbers = np.arange(len(labels)) if ids is None else ids
        places = np.unique(numbers, return_inverse=True)[1]
        return cls(
            ids=numbers,
            labels=labels,
            class_shares=shares,
            class_names=class_names,
            measure=measure or verdict_measure(Task.of(class_names)),
            silo_names=silo_names,
            owners=None if owners is None else owners[:, places],
            groups=None if groups is None else groups[places],
            folds=folds,
            fold_numbers=None if fold_numbers is None else fold_numbers[:, places],
        )

    def of_seeds(self, indices: Sequence[int]) -> "Cases":
        """Return the same cases for some of the seeds, by position, in this order."""
        chosen = list(indices)
        return replace(
            self,
            class_shares=self.class_shares[:, chosen],
            owners=None if self.owners is None else self.owners[chosen],
            fold_numbers=None if self.fold_numbers is None else self.fold_numbers[chosen],
        )

    @property
    def task(self) -> Task:
        """Return what models are to tell."""
        return Task.of(self.class_names)

    @property
    def strata(self) -> Ints:
        """Return the class of each example, int [N]; numbers are all of one."""
        if self.task is Task.REGRESSION:
            return np.zeros(len(self.labels), dtype=np.int64)
        return self.labels.astype(np.int64, copy=False)

    @property
    def silos(self) -> range:
        """Return the silos' ids."""
        return range(1, len(self.class_shares) + 1)

    @functools.cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Return the number of test examples of each class, int [C]."""
        return np.bincount(self.strata, minlength=self.class_shares.shape[2])

    def seen_classes(self, silo: int) -> tuple[int, ...]:
        """Return the classes that a silo has in any seed."""
        return tuple(np.flatnonzero(self.class_shares[silo - 1].any(axis=0)).tolist())

    def unseen_classes(self, silo: int) -> tuple[int, ...]:
        """Return the classes that a silo has in no seed."""
        return tuple(np.flatnonzero(~self.class_shares[silo - 1].any(axis=0)).tolist())

    def tested(self, classes: Iterable[int]) -> tuple[int, ...]:
        """Return those of `classes` of which there are test examples."""
        return tuple(label for label in classes if self.sizes[label])

    def nobodys_classes(self) -> tuple[int, ...]:
        """Return the classes that no silo has in any seed."""
        return lacked_by_all([self.unseen_classes(silo) for silo in self.silos])

    def learnable_classes(self, silo: int) -> tuple[int, ...]:
        """Return the tested classes that a silo lacks and that another silo has."""
        nobodys = self.nobodys_classes()
        lacks = self.tested(self.unseen_classes(silo))
        return tuple(label for label in lacks if label not in nobodys)

    def classes(self, test_set: TestSet) -> tuple[int, ...]:
        """Return the classes whose examples count in a test set."""
        match test_set:
            case TestSet(kind=Kind.OWN | Kind.SEEN, silo=int(silo)):
                return self.seen_classes(silo)
            case TestSet(kind=Kind.UNSEEN, silo=int(silo)):
                return self.unseen_classes(silo)
            case TestSet(kind=Kind.CLASSES, classes=names):
                return tuple(map(self.class_names.index, names))
            case _:
                return tuple(range(len(self.sizes)))

    def size(self, test_set: TestSet) -> int:
        """Return how many test examples count in a test set; 0 where some seed has none."""
        if (rows := self._rows(test_set)) is not None:
            return int(rows.any(axis=0).sum()) if rows.any(axis=1).all() else 0
        return int(self.sizes[list(self.classes(test_set))].sum())

    def mask(self, classes: Sequence[int]) -> npt.NDArray[np.bool_]:
        """Return which test examples are of `classes`, bool [N]."""
        return np.isin(self.strata, classes)

    def answered(self, predicted: Labels) -> Answers:
        """Return what was answered on these examples, in their order."""
        return Answers(ids=self.ids, labels=self.labels, predicted=predicted)

    def names(self, classes: Iterable[int]) -> tuple[str, ...]:
        """Return the classes' names."""
        return tuple(self.class_names[c] for c in classes)

    def weights(self, test_set: TestSet, seed_index: int) -> Floats:
        """Return each test example's weight, float [N]; they add up to 1, or 0 without examples."""
        if (rows := self._rows(test_set)) is not None:
            mask = rows[seed_index]
        elif self.is_weighted(test_set) and test_set.silo:
            shares = self.class_shares[test_set.silo - 1, seed_index]
            own_weights: Floats = shares[self.strata] / self.sizes[self.strata]
            return own_weights
        else:
            mask = self.mask(self.classes(test_set))
        plain: Floats = mask / max(mask.sum(), 1)
        return plain

    def _rows(self, test_set: TestSet) -> npt.NDArray[np.bool_] | None:
        """Return which rows a test set has in each seed, bool [K, N], if it is one of owners'."""
        if test_set.kind is Kind.OTHERS:
            assert self.owners is not None
            rows = (self.owners != NOBODYS) & (self.owners != test_set.silo)
        elif test_set.kind is Kind.OWN and self.owners is not None:
            rows = self.owners == test_set.silo
        else:
            return None
        return np.asarray(rows)

    def is_weighted(self, test_set: TestSet) -> bool:
        """Return whether examples weigh as their class's share in a silo's training data."""
        return test_set.kind is Kind.OWN and self.owners is None

    def is_told(self, test_set: TestSet) -> bool:
        """Return whether it is known which examples a test set has."""
        return test_set.kind is not Kind.OTHERS or self.owners is not None

    def test_sets(self) -> tuple[TestSet, ...]:
        """Return all test sets that have examples, in the order of tables."""
        kinds = (own, others, unseen, seen) if self.task in CLASSES else (own, others)
        of_silos = (make(silo) for make in kinds for silo in self.silos)
        found = (ALL, *of_silos)
        return tuple(filter(self.size, filter(self.is_told, found)))

    def facts(self, test_set: TestSet) -> TestSetFacts:
        """Return what reports say of a test set."""
        return TestSetFacts(
            key=test_set.key,
            label=self._label(test_set),
            num_examples=self.size(test_set),
            kind=test_set.kind,
            silo=test_set.silo,
        )

    def silo_facts(self, label_counts: Counts) -> tuple[SiloFacts, ...]:
        """Return what each silo has; `label_counts` as for `build`."""
        means = np.asarray(label_counts, dtype=np.float64).mean(axis=0)
        return tuple(
            SiloFacts(
                silo=silo,
                name=silo_name(silo, self.silo_names) if self.silo_names else "",
                label_counts=tuple(means[silo - 1].tolist()),
                seen=self.names(self.seen_classes(silo)) if self.class_names else (),
                unseen=self.names(lacks),
                unknown=self.names(self.nobodys_classes()),
                untested=self.names(label for label in lacks if label not in self.tested(lacks)),
                own_rows=None if self.owners is None else self.size(own(silo)),
            )
            for silo in self.silos
            for lacks in [self.unseen_classes(silo)]
        )

    def _label(self, test_set: TestSet) -> str:
        match test_set:
            case TestSet(kind=Kind.OWN, silo=int(silo)):
                return f"own cases of {silo_name(silo, self.silo_names)}"
            case TestSet(kind=Kind.OTHERS, silo=int(silo)):
                return f"cases of all but {silo_name(silo, self.silo_names)}"
            case TestSet(kind=Kind.UNSEEN, silo=int(silo)):
                return (
                    f"never seen by {silo_name(silo, self.silo_names)} ({self._never_seen(silo)})"
                )
            case TestSet(kind=Kind.SEEN, silo=int(silo)):
                return f"classes {silo_name(silo, self.silo_names)} has"
            case TestSet(kind=Kind.CLASSES, classes=names):
                return f"classes {listed(names)}"
            case _:
                return "whole population"

    def _never_seen(self, silo: int) -> str:
        """Name the tested classes that a silo lacks, those that nobody has apart."""
        learnable = self.learnable_classes(silo)
        nobodys = self.tested(self.nobodys_classes())
        parts = [listed(self.names(learnable))] if learnable else []
        parts += [f"by no silo: {listed(self.names(nobodys))}"] if nobodys else []
        return "; ".join(parts)


def check_own_cases(
    labels: Ints, counts: Floats, class_names: Sequence[str], silo_names: Sequence[str] = ()
) -> None:
    """Raise if a silo has a class of which there is no test example; `counts` is [S, C].

    Raises:
        DataError: its own cases could not be measured then; silo and class are named.
    """
    tested = np.bincount(labels, minlength=counts.shape[1]) > 0
    for silo, own_counts in enumerate(counts, start=1):
        if missing := np.flatnonzero((own_counts > 0) & ~tested).tolist():
            names = listed(class_names[c] for c in missing)
            raise DataError(
                f"{silo_name(silo, silo_names)} trains on class {names}, but the test set has no "
                "example of it, so its own cases cannot be measured. Add test examples, or exclude "
                "the class in excluded-classes or by another partition, or take its rows out of "
                "a table"
            )
