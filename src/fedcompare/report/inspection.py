"""What `fedcompare inspect` shows of a table: its silos, and what becomes of its columns."""

from fedcompare.data.inspection.found import Inspection
from fedcompare.report.blocks import Cell, Sheet
from fedcompare.text.wording import DASH, count


def silos_sheet(found: Inspection) -> Sheet:
    """Return a row for each silo: its rows to train and to test on, and those of each class."""
    rows = [
        (
            Cell(silo.name),
            *(Cell(count(n)) for n in (silo.train, silo.test, *silo.by_class)),
        )
        for silo in found.silos
    ]
    return Sheet(
        key="table-silos",
        caption="Rows of each silo, and of all its rows those of each class",
        columns=("silo", "to train on", "held out", *found.classes),
        rows=tuple(rows),
    )


def columns_sheet(found: Inspection) -> Sheet:
    """Return a row for each column: what it is, what becomes of it, and what is missing in it."""
    rows = [
        (
            Cell(column.name),
            Cell(column.kind),
            Cell(DASH if column.missing is None else count(column.missing)),
            Cell(column.treatment),
        )
        for column in found.columns
    ]
    return Sheet(
        key="table-columns",
        caption="Columns, and what becomes of them",
        columns=("column", "kind", "missing", "treatment"),
        rows=tuple(rows),
        words=frozenset({1, 3}),
    )
