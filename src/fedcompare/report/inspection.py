"""What `fedcompare inspect` shows: silos, how much they differ, and what becomes of columns."""

from collections.abc import Iterator, Sequence

from fedcompare.classes import listed
from fedcompare.data.inspection.found import Inspection, SiloExamples
from fedcompare.report import skew
from fedcompare.report.blocks import Cell, Sheet
from fedcompare.text.units import PLAIN
from fedcompare.text.wording import DASH, count, percent, plural

_MOST_CLASSES = 12  # with a column each
_MOST_SILOS = 100
_COMMONEST = 3


def headline(found: Inspection) -> str:
    """Return how many examples there are, and of what form."""
    classes = f"; {plural(len(found.classes), 'class', 'classes')}" if found.classes else ""
    return (
        f"{found.place}: {plural(found.examples, found.noun)}, {found.train} to train on, "
        f"{found.test} held out; {found.form}{classes}"
    )


def sheets(found: Inspection) -> Iterator[Sheet]:
    """Yield the tables, in the order in which they are read."""
    yield silos_sheet(found)
    if differing := skew.skew_sheet(found.skew, _names(found)):
        yield differing
    if found.columns:
        yield columns_sheet(found)


def sentences(found: Inspection) -> Iterator[str]:
    """Yield how much silos differ, and what is to be known of the data."""
    if found.has_silos:
        sizes = [silo.train for silo in found.silos]
        yield from skew.sentences(sizes, found.skew, _names(found))
    yield from found.notes


def silos_sheet(found: Inspection) -> Sheet:
    """Return a row for each silo: its examples to train and to test on, and of each class.

    Many classes are counted, and the commonest named.
    """
    shown = found.silos[:_MOST_SILOS]
    total = sum(silo.train for silo in found.silos)
    labels = {one.silo: skew.distance_cell(one) for one in found.skew.labels}
    wide = len(found.classes) > _MOST_CLASSES
    rows = [
        (
            Cell(silo.name),
            Cell(count(silo.train)),
            Cell(percent(silo.train / total)),
            Cell(count(silo.test)),
            *([labels.get(number, Cell(DASH))] if labels else []),
            *(_summed_up(silo, found.classes) if wide else map(Cell, map(count, silo.by_class))),
            *(
                Cell(PLAIN.value(value))
                for value in (silo.mean, silo.deviation)
                if value is not None
            ),
        )
        for number, silo in enumerate(shown, start=1)
    ]
    distance = ("label distance",) if labels else ()
    names = ("classes", "commonest") if wide else found.classes
    is_number = any(silo.mean is not None for silo in shown)
    of_label = ("mean label", "deviation") if is_number else ()
    columns = ("silo", "to train on", "%", "held out", *distance, *names, *of_label)
    more = len(found.silos) - len(shown)
    return Sheet(
        key="table-silos",
        caption=f"Silos: {found.noun}s to train on and held out, and "
        + ("the label in both" if is_number else "of each class in both")
        + (f"; the first {len(shown)} of {len(found.silos)}" if more else ""),
        columns=columns,
        rows=tuple(rows),
        words=frozenset({len(columns) - 1} if wide else ()),
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


def _names(found: Inspection) -> list[str]:
    return [silo.name for silo in found.silos]


def _summed_up(silo: SiloExamples, classes: Sequence[str]) -> tuple[Cell, Cell]:
    """Return how many classes a silo has, and which are its commonest."""
    has = [label for label, number in enumerate(silo.by_class) if number]
    most = sorted(has, key=lambda label: -silo.by_class[label])[:_COMMONEST]
    total = sum(silo.by_class)
    named = ", ".join(
        f"{listed([classes[label]])} ({percent(silo.by_class[label] / total, 0)} %)"
        for label in most
    )
    return Cell(f"{len(has)} of {len(classes)}"), Cell(named or DASH)
