"""What a transform is given: a silo's examples of one split, and a generator of its own."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fedcompare.data.tables.contract import Contract, Kind

Inputs = npt.NDArray[np.float32]
LOWEST, HIGHEST = -1.0, 1.0  # of a picture's pixels: black and white


@dataclass(frozen=True, slots=True)
class Column:
    """Where a numeric column of a table lies among the inputs, and the input that says it lacks."""

    place: int
    gap: int | None


Columns = Mapping[str, Column]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """Inputs float32 [N, ...] as a silo sees them, and a generator seeded for this transform alone.

    Pictures are [N, C, H, W] in [-1, 1] and have no columns. A table has rows [N, F], whose numeric
    columns are in deviations from the mean.
    """

    inputs: Inputs
    columns: Columns
    generator: np.random.Generator

    def measured(self, change: Callable[[Inputs], Inputs], columns: Sequence[str] = ()) -> Inputs:
        """Return the inputs with what was measured changed: all pixels, or numbers of a table.

        Those of all numeric columns or of the named ones, where they are not missing. `change` is
        given them as [N, C, H, W], or a column at a time as [n].
        """
        if not self.columns:
            return np.clip(change(self.inputs), LOWEST, HIGHEST)
        changed = self.inputs.copy()
        for name in columns or self.columns:
            column = self.columns[name]
            rows = slice(None) if column.gap is None else self.inputs[:, column.gap] == 0
            changed[rows, column.place] = change(self.inputs[rows, column.place])
        return changed


def numeric_columns(contract: Contract) -> Iterator[tuple[str, Column]]:
    """Yield each column that is standardised, with its place among the inputs."""
    start = 0
    for feature in contract.features:
        if feature.kind in (Kind.NUMBER, Kind.DAY):
            yield feature.name, Column(start, start + 1 if feature.gaps else None)
        start += feature.width
