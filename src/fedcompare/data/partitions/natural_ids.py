"""Several of the silos that data name as one: a region of hospitals, a clinic of doctors."""

import hashlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from fedcompare.classes import listed
from fedcompare.config.choices import Choice
from fedcompare.config.groups import PartitionConfig
from fedcompare.data.examples import Dataset, Indices
from fedcompare.data.partitions.rows import Plan, read_rows
from fedcompare.errors import PartitionError

if TYPE_CHECKING:
    from flwr_datasets.partitioner import Partitioner

NATURAL_ID, GROUPED = "natural-id", "grouped-natural-id"
_MOST_NAMES = 3  # of one silo; of more the first and the last say which


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NaturalIds:
    """A number of natural silos each: `train` and `test` are whose a row is, -1 for nobody's.

    Silos are taken together in their natural order.
    """

    choice: Choice
    names: tuple[str, ...]
    train: Indices
    test: Indices
    told: ClassVar[bool] = True
    of_groups: ClassVar[str] = ""
    remedy: ClassVar[str] = "choose another group_size or mode"

    @classmethod
    def of(cls, config: PartitionConfig, dataset: Dataset) -> "NaturalIds":
        """Return the rule for what a dataset's silos are.

        Raises:
            PartitionError: it names none, or they make another number of silos.
        """
        choice = config.partition
        train, test = dataset.train_silos, dataset.test_silos
        if not dataset.silo_names or train is None or test is None:
            raise _refusal(choice, "the data name no silos; name a column by partition_by")
        count = number_of_silos(choice, len(dataset.silo_names))
        if config.num_silos != count:
            raise _refusal(
                choice, f"it makes {count} silos, and num-silos = {config.num_silos}; leave it out"
            )
        return cls(
            choice=choice,
            names=dataset.silo_names,
            train=train.numpy(),
            test=test.numpy(),
        )

    def identity(self) -> Mapping[str, object]:
        """Return the choice, and whose each row is."""
        owners = [hashlib.sha256(own.data).hexdigest() for own in (self.train, self.test)]
        return {"partitioner": str(self.choice), "owners": owners}

    def deal(self, dataset: Dataset, seed: int) -> Plan:
        """Return the rows of each silo, the same for every seed."""
        order = np.argsort(self.train, kind="stable")
        order = order[self.train[order] >= 0]
        count = number_of_silos(self.choice, len(self.names))
        parts = read_rows(self._partitioner(), {"id": self.train[order]}, count)
        train = tuple(np.sort(order[own]) for own in parts)
        test = (np.flatnonzero(np.isin(self.test, self.train[own])) for own in train)
        return Plan(train=train, test=tuple(test))

    def _partitioner(self) -> "Partitioner":
        from flwr_datasets.partitioner import GroupedNaturalIdPartitioner

        return GroupedNaturalIdPartitioner("id", *_arguments(self.choice))

    def called(self, train: Sequence[Indices]) -> tuple[str, ...]:
        """Return the silos' names, by those of whom each is made."""
        return tuple(map(self._called, train))

    def _called(self, rows: Indices) -> str:
        names = [self.names[one] for one in np.unique(self.train[rows])]
        if len(names) <= _MOST_NAMES:
            return " + ".join(names)
        return f"{names[0]} to {names[-1]} ({len(names)})"

    def notes(self, train: Sequence[Indices]) -> Iterator[str]:
        """Say of how many natural silos each silo is made, where they differ."""
        sizes = [len(np.unique(self.train[rows])) for rows in train]
        if len(set(sizes)) > 1:
            yield (
                f"{self.choice.name} makes silos of {min(sizes)} to {max(sizes)} of the "
                f"{len(self.names)} in the data, in their natural order."
            )


def number_of_silos(choice: Choice, ids: int) -> int:
    """Return how many silos a choice makes of so many natural ones.

    Raises:
        PartitionError: it makes none, or not all alike where they must be; what works is named.
    """
    size, mode = _arguments(choice)
    if size < 1 or (size > ids and mode != "allow-smaller"):
        raise _refusal(choice, f"group_size must be 1 to {ids}, the number of silos in the data")
    if mode == "strict" and ids % size:
        works = [str(one) for one in range(1, ids + 1) if ids % one == 0]
        raise _refusal(
            choice, f"the {ids} silos in the data are no multiple of {size}; {listed(works)} work"
        )
    return math.ceil(ids / size) if mode == "allow-smaller" else ids // size


def _arguments(choice: Choice) -> tuple[int, str]:
    """Return the number of natural silos in one, and what is done with the remainder."""
    size = choice.keywords.get("group_size", 1)
    mode = choice.keywords.get("mode", "allow-smaller")
    assert isinstance(size, int)
    assert isinstance(mode, str)
    return size, mode


def _refusal(choice: Choice, problem: str) -> PartitionError:
    return PartitionError(f'partition = "{choice}": {problem}')
