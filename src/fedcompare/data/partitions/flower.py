"""Rows dealt by one of Flower Datasets' own partitioners, whatever order they came in."""

import hashlib
import inspect
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from fedcompare.config.choices import Choice, Value
from fedcompare.config.plan_files import format_partition
from fedcompare.data.examples import Dataset, Indices
from fedcompare.data.partitions.attempts import Attempts
from fedcompare.data.partitions.by_value import Values, deal_nearest
from fedcompare.data.partitions.case import Case
from fedcompare.data.partitions.limits import Limits
from fedcompare.data.partitions.rows import Column, Plan, read_rows
from fedcompare.data.partitions.shares import deal_by_shares
from fedcompare.data.partitions.units import Units, things_of
from fedcompare.errors import PartitionError
from fedcompare.names import silo_name
from fedcompare.seeds import derive_seed
from fedcompare.tasks import NUMBERS
from fedcompare.text.typed import plain

if TYPE_CHECKING:
    from flwr_datasets.partitioner import Partitioner

GIVEN = {
    "num_partitions": "it is the key num-silos",
    "partition_by": "it is the label",
    "seed": "it follows from the key seed",
    "shuffle": "rows are always shuffled",
}
"""The arguments that a partitioner gets from here, and why nobody chooses them."""

# How they say that something cannot be made, where they say it at all.
_FAILURES = (ValueError, TypeError, ArithmeticError, LookupError, AssertionError)
_KEY = "key"  # the column that they deal by
_VERSION = 1  # of what is dealt; to be raised when the same choice gives other rows


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowerRule:
    """A choice of a partitioner of Flower Datasets, of which `load` returns the class.

    Rows are dealt by their labels, or by the `values` of another column.

    All rows are shuffled first, by a stream of the seed of its own: several partitioners take
    rows as they come, and a file that is sorted would make silos of it. Test rows follow the
    training rows, as `deal_by_shares` and `deal_nearest` say.
    """

    choice: Choice
    num_silos: int
    load: Callable[[], type]
    limits: Limits
    attempts: Attempts
    values: Values | None = None
    told: ClassVar[bool] = True
    of_groups: ClassVar[str] = (
        "{groups} of {rows} are dealt whole: sizes and shares of partition count groups."
    )
    remedy: ClassVar[str] = "choose other arguments of partition, or lower num-silos"

    def identity(self) -> Mapping[str, object]:
        """Return the partitioner with its arguments, and what it deals by but for labels."""
        found: dict[str, object] = {"partitioner": str(self.choice), "dealt by": _VERSION}
        if self.values:
            both = (self.values.train, self.values.test)
            found["values"] = [hashlib.sha256(own.data).hexdigest() for own in both]
        return found

    def deal(self, dataset: Dataset, seed: int) -> Plan:
        """Return the rows of each silo.

        Raises:
            PartitionError: the partitioner cannot make such parts of the data; what would work
                is named.
        """
        if dataset.task in NUMBERS and self._deals_by_label():
            raise self._refusal(
                "it deals rows by their class, and the labels are numbers; use a partitioner of "
                "sizes, such as iid, size or linear"
            )
        units = Units.of(dataset.train.strata, dataset.train_groups)
        test_units = Units.of(dataset.test.strata, dataset.test_groups)
        # Partitioners take labels for 0, 1, ...: a class that only the test split has makes a gap.
        _, codes = np.unique(units.labels, return_inverse=True)
        case = Case(
            arguments=self.choice.keywords,
            num_silos=self.num_silos,
            class_sizes=tuple(np.bincount(codes).tolist()),
            things=things_of(dataset),
        )
        if problems := list(self.limits(case)):
            raise self._refusal("; ".join(problems))
        key = units.means(self.values.train) if self.values else codes
        try:
            train = self._deal_train(case, key, seed)
        except _CannotDeal as error:
            raise self._refusal(f"{error}; {self._instead(case, key, seed)}", seed) from error
        test = self._deal_test(train, units, test_units, derive_seed(seed, "partition", "test"))
        return Plan(train=tuple(map(units.rows, train)), test=tuple(map(test_units.rows, test)))

    def _deals_by_label(self) -> bool:
        taken = inspect.signature(self.load()).parameters
        return self.values is None and "partition_by" in taken

    def _deal_train(self, case: Case, key: Column, seed: int) -> tuple[Indices, ...]:
        order = np.random.default_rng(derive_seed(seed, "partition", "order")).permutation(len(key))
        with warnings.catch_warnings():  # what they warn of, rows without a silo, is told by us
            warnings.simplefilter("ignore")
            try:
                partitioner = self._build(case, derive_seed(seed, "partition", "train"))
                rows = read_rows(partitioner, {_KEY: key[order]}, case.num_silos)
            except _FAILURES as error:
                (reason, *_) = plain(str(error)).split(". ")
                raise _CannotDeal(f"Flower Datasets: {reason.rstrip('.')}") from error
        _check_dealt(rows, case)
        return tuple(order[own] for own in rows)

    def _deal_test(
        self, train: Sequence[Indices], units: Units, test_units: Units, seed: int
    ) -> tuple[Indices, ...]:
        if self.values is None:
            return deal_by_shares(train, units.labels, test_units.labels, seed=seed)
        values, test_values = units.means(self.values.train), test_units.means(self.values.test)
        return deal_nearest(train, values, test_values, seed=seed)

    def _build(self, case: Case, seed: int) -> "Partitioner":
        given = {
            "num_partitions": case.num_silos,
            "partition_by": _KEY,
            "seed": seed,
            "shuffle": True,
        }
        kind = self.load()
        chosen = {name: _as_flower(value) for name, value in case.arguments.items()}
        chosen.pop("partition_by", None)
        taken = inspect.signature(kind).parameters
        return kind(**chosen, **{name: given[name] for name in given if name in taken})

    def _instead(self, case: Case, key: Column, seed: int) -> str:
        """Return what would work in place of a case that does not, found out by trying."""
        for other in self.attempts(case):
            if any(self.limits(other)):
                continue
            try:
                self._deal_train(other, key, seed)
            except _CannotDeal:
                continue
            if other.num_silos != case.num_silos:
                return f"num-silos = {other.num_silos} works"
            return f'partition = "{replace(self.choice, arguments=other.written)}" works'
        return self.remedy

    def _refusal(self, problem: str, seed: int | None = None) -> PartitionError:
        when = "" if seed is None else f" (seed {seed})"
        return PartitionError(f'partition = "{format_partition(self.choice)}"{when}: {problem}')


class _CannotDeal(Exception):
    """A partitioner gave up, or left a silo with no data."""


def _check_dealt(rows: Iterable[Indices], case: Case) -> None:
    parts = list(rows)
    for silo, own in enumerate(parts, start=1):
        if not len(own):
            raise _CannotDeal(f"{silo_name(silo)} is left with no data")
    dealt = np.concatenate(parts)
    if len(np.unique(dealt)) != len(dealt):
        raise _CannotDeal(f"it deals some of the {case.total} {case.things} twice")


def _as_flower(value: Value) -> Any:
    """Return a value in the form that Flower Datasets takes: lists, and tables as arrays."""
    if not isinstance(value, tuple):
        return value
    return np.asarray(value) if value and isinstance(value[0], tuple) else list(value)
