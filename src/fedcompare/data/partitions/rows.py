"""Which examples each silo has, by their row numbers."""

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fedcompare.data.examples import Indices
from fedcompare.names import POOLED, silo_name

if TYPE_CHECKING:
    from flwr_datasets.partitioner import Partitioner

Column = npt.NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """The row numbers of each silo's examples in the training and in the test split.

    `names` are the silos' own, where the data have them. `notes` say in a sentence each which
    examples no silo has, where nobody named them.
    """

    train: tuple[Indices, ...]
    test: tuple[Indices, ...]
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.train)

    def rows(self, silo: int) -> tuple[Indices, Indices]:
        """Return the rows of training and test of the silo with this 1-based id, or of `POOLED`.

        Raises:
            IndexError: there is no such silo.
        """
        if silo == POOLED:
            return np.concatenate(self.train), np.concatenate(self.test)
        if not 1 <= silo <= len(self):
            raise IndexError(f"there is no {silo_name(silo)}, only 1 to {len(self)}")
        return self.train[silo - 1], self.test[silo - 1]

    def places(self, silo: int) -> tuple[dict[int, slice], dict[int, slice]]:
        """Return whose examples lie where among the `rows` of training and of test, by silo."""
        if silo != POOLED:
            return {silo: slice(None)}, {silo: slice(None)}
        return _slices(self.train), _slices(self.test)

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 over the row numbers of every silo."""
        total = hashlib.sha256()
        for rows in itertools.chain(self.train, self.test):
            total.update(len(rows).to_bytes(8, "little"))
            total.update(rows.tobytes())
        return total.hexdigest()


def _slices(parts: Sequence[Indices]) -> dict[int, slice]:
    """Return where each silo's rows lie when those of all follow one another."""
    ends = list(itertools.accumulate(map(len, parts), initial=0))
    return {
        silo: slice(start, end)
        for silo, (start, end) in enumerate(itertools.pairwise(ends), start=1)
    }


def read_rows(
    partitioner: "Partitioner", columns: Mapping[str, Column], num_silos: int
) -> tuple[Indices, ...]:
    """Return the rows of every part, through a column that numbers them.

    A partitioner of Flower Datasets knows rows by their content alone, and may sort them; what it
    deals by are `columns`, each of one length.
    """
    import datasets

    (length, *_) = map(len, columns.values())
    partitioner.dataset = datasets.Dataset.from_dict({**columns, "row": np.arange(length)})
    parts = (partitioner.load_partition(index) for index in range(num_silos))
    return tuple(
        np.array(part.with_format("numpy")["row"][:], dtype=np.int64) if len(part) else _NO_ROWS
        for part in parts
    )


_NO_ROWS = np.empty(0, dtype=np.int64)
