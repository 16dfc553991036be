"""Everything that is found out about a table before it becomes examples."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import pyarrow.compute as pc

from fedcompare.classes import listed
from fedcompare.config.groups import DataConfig, DatasetName
from fedcompare.data.groups import NAMELESS, Members, group_notes, number_codes
from fedcompare.data.held_out import check_ours, split_rows
from fedcompare.data.splits import check_splits
from fedcompare.data.tables.agreement import Agreement, agree
from fedcompare.data.tables.column import UNKNOWN, Column, Indices, join, same_word
from fedcompare.data.tables.contract import Contract, Feature
from fedcompare.data.tables.encoding import surprises
from fedcompare.data.tables.kinds import alike_notes
from fedcompare.data.tables.leaks import leak_notes
from fedcompare.data.tables.numeric_label import find_number, numbers_in, with_scale
from fedcompare.data.tables.raw import RawTable
from fedcompare.data.tables.reading import read_table
from fedcompare.data.tables.roles import (
    Roles,
    check_classes,
    find_roles,
    is_filled,
    label_texts,
    names_in,
    positions,
)
from fedcompare.data.tables.values import Floats, Mask
from fedcompare.errors import DataError
from fedcompare.tasks import Task
from fedcompare.text.typed import shown
from fedcompare.text.wording import plural


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """Rows of a table: their numbers in it, the position of each one's class and silo, its group.

    Groups are numbered over training and test; None where no column names any. Labels that are
    numbers are as they are, float64.
    """

    table: RawTable
    numbers: Indices
    labels: Indices | Floats
    silos: Indices
    groups: Indices | None

    def __len__(self) -> int:
        return len(self.numbers)

    def where(self, mask: Mask) -> "Rows":
        """Return the rows of a mask."""
        return Rows(
            table=self.table,
            numbers=self.numbers[mask],
            labels=self.labels[mask],
            silos=self.silos[mask],
            groups=None if self.groups is None else self.groups[mask],
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """The columns' roles, what was agreed on, who has which rows, and sentences on all of it."""

    roles: Roles
    contract: Contract
    agreement: Agreement
    train: Rows
    test: Rows
    notes: tuple[str, ...]
    is_dealt: bool
    is_fold: bool


def study(config: DataConfig) -> Study:
    """Read a table and find out everything that its columns and rows are.

    Without a label all rows are of one class, without a silo all rows are one silo's: that is
    enough to look at a table.

    Raises:
        DataError: a file, a column, a row or a class is not what it has to be; it is named.
    """
    return study_table(read_table(config.source, config), config)


def study_table(table: RawTable, config: DataConfig) -> Study:
    """Return what is found out about a table that was read; raises as `study`."""
    roles = find_roles(table, config)
    number, task_note = _number(table, roles, config)
    training, testing, split_notes = _split(table, roles, config, number)
    classes, silos = _names(table, roles, training.numbers, config, number)
    groups = _number_groups(roles, training, testing)
    train = _rows(training, roles, classes, silos, groups[0], number)
    every = _rows(testing, roles, classes, silos, groups[1], number)
    test, test_notes = _known(every, roles)
    by_silo = [train.numbers[train.silos == silo] for silo in range(len(silos))]
    if number:
        of_silos = [train.labels[train.silos == silo] for silo in range(len(silos))]
        where = f"label = {shown(roles.label)} ({table.place})"
        number = with_scale(number, [own.astype(np.float64) for own in of_silos], where)
    agreement = agree(
        table,
        roles.features,
        by_silo,
        asked=bool(config.features),
        categories=roles.categories,
    )
    if not agreement.features:
        raise DataError(f"{table.place}: {_nothing_left(agreement)}")
    ignored = dict.fromkeys(roles.ignored, "as asked for")
    contract = Contract(
        label=roles.label,
        silo=roles.silo,
        group=roles.group,
        classes=classes if roles.label and not number else (),
        number=number,
        silos=silos if roles.silo else (),
        features=agreement.features,
        left_out={**table.left_out, **ignored, **agreement.left_out},
    )
    notes = chain(
        table.notes,
        [task_note or f"Task: {Task.of(classes)}, {plural(len(classes), 'class', 'classes')}."]
        if roles.label
        else [],
        split_notes,
        (f"{roles.silo}: {note}" for note in alike_notes(silos)),
        (f"{roles.label}: {note}" for note in alike_notes(contract.classes)),
        agreement.notes,
        leak_notes(contract, table, train.numbers, train.labels, train.silos),
        test_notes,
        _group_notes(train, test, roles, is_fold=config.fold is not None),
        _surprise_notes(contract, test),
    )
    return Study(
        roles=roles,
        contract=contract,
        agreement=agreement,
        train=train,
        test=test,
        notes=tuple(notes),
        is_dealt=not (config.test_data or roles.split),
        is_fold=config.fold is not None,
    )


def _number(table: RawTable, roles: Roles, config: DataConfig) -> tuple[Feature | None, str]:
    """Return the label as a number, if it is one, and a note on that.

    Rows of the test split, or of a test file, have no say.
    """
    if not roles.label:
        return None, ""
    rows = np.arange(len(table))
    if roles.split and not config.test_data:
        column = table.columns[roles.split]
        is_train = np.asarray(pc.equal(pc.utf8_lower(column.words), config.train_split.lower()))
        rows = np.flatnonzero(is_train[column.codes])
    return find_number(table, roles.label, rows, config.task)


def _names(
    table: RawTable, roles: Roles, training: Indices, config: DataConfig, number: Feature | None
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the classes and the silos of the training rows; without such columns, one each."""
    silos = names_in(_column(table, roles.silo), training)
    label = label_texts(_column(table, "" if number else roles.label))
    classes = names_in(label, training)
    if roles.label and not number:
        check_classes(table, roles.label, len(training), classes, config.task)
    if roles.silo and len(silos) < 2:
        raise DataError(
            f"silo = {shown(roles.silo)} ({table.place}): all training rows are of one silo, "
            f"{listed(silos)}: there is nobody to federate with. Choose another column"
        )
    return classes, silos


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """Some rows of a table."""

    table: RawTable
    numbers: Indices

    def where(self, mask: Mask) -> "_Part":
        """Return the rows of a mask."""
        return replace(self, numbers=self.numbers[mask])


def _split(
    table: RawTable, roles: Roles, config: DataConfig, number: Feature | None
) -> tuple[_Part, _Part, tuple[str, ...]]:
    """Return the rows to train on, those to test on, and notes of what is left out."""
    usable, notes = _usable(table, roles, number)
    if roles.split or config.test_data:
        check_ours(config, "test-data" if config.test_data else roles.split)
    if config.test_data:
        if roles.split:
            said = f"the folders of {table.place}" if table.given.split else "split-column"
            raise DataError(f"test-data and {said} both say what is held out. Choose one.")
        other = _test_table(table, roles, config)
        own, more = _usable(other, roles, number)
        of_test = (f"Of the test data: {note}" for note in (*other.notes, *more))
        testing = _Part(table=other, numbers=own)
        return _Part(table=table, numbers=usable), testing, (*notes, *of_test)
    part = _Part(table=table, numbers=usable)
    if roles.split:
        return _split_by_column(part, roles, config, notes)
    labels = (
        numbers_in(table.columns[roles.label], number)[usable]
        if number
        else _codes(_column(table, roles.label), usable)
    )
    silos = _codes(_column(table, roles.silo), usable)
    (groups,) = _number_groups(roles, part)
    held, note = split_rows(config, labels, silos, groups, noun="row", key=roles.group)
    return part.where(~held), part.where(held), (*notes, note)


def _split_by_column(
    part: _Part, roles: Roles, config: DataConfig, notes: list[str]
) -> tuple[_Part, _Part, tuple[str, ...]]:
    column, usable = part.table.columns[roles.split], part.numbers
    words, codes = pc.utf8_lower(column.words), column.codes[usable]
    wanted = (config.train_split, config.test_split)
    check_splits(wanted)
    train, test = (np.asarray(pc.equal(words, name.lower()))[codes] for name in wanted)
    for name, mask, key in zip(wanted, (train, test), ("train-split", "test-split"), strict=True):
        if not mask.any():
            there = [*dict.fromkeys(Column(words, column.codes).words_of(usable).to_pylist())]
            raise DataError(
                f"split-column = {shown(roles.split)}: no row has {shown(name)}, but "
                f"{listed(there[:10])}. Set {key}."
            )
    if others := int((~train & ~test).sum()):
        notes.append(f"Rows of other splits than {listed(wanted)}, {others}: left out.")
    return part.where(train), part.where(test), tuple(notes)


def _test_table(table: RawTable, roles: Roles, config: DataConfig) -> RawTable:
    """Return the table of `test_data`, which must have all columns that are used."""
    other = read_table(DatasetName.parse(config.test_data), config)
    if other.given.split:
        raise DataError(
            f"test-data = {shown(config.test_data)} has folders of splits itself. Name the one of "
            "the test rows"
        )
    needed = [name for name in (roles.label, roles.silo, roles.group, *roles.features) if name]
    if lacking := [name for name in needed if name not in other.columns]:
        raise DataError(
            f"test-data = {shown(config.test_data)} lacks {plural(len(lacking), 'column')} of "
            f"{table.place}: {listed(lacking)}. Both need the same ones; leave them out with "
            f"ignore, or add them{_as_files(table, lacking)}"
        )
    return other


def _as_files(table: RawTable, lacking: Sequence[str]) -> str:
    """Return how test rows may say whose they are, where that is not said."""
    if table.given.silo not in lacking:
        return ""
    return (
        f"; {table.given.silo} is the file's name where test-data is a folder as {table.place} is"
    )


def _usable(table: RawTable, roles: Roles, number: Feature | None) -> tuple[Indices, list[str]]:
    """Return the rows that have a label and a silo, and notes on the others."""
    kept = np.ones(len(table), dtype=np.bool_)
    notes = []
    for name in filter(None, (roles.label, roles.silo)):
        what = name
        filled = is_filled(table.columns[name])
        if number and name == number.name:
            what = f"a number as {name}"
            found = numbers_in(table.columns[name], number)
            filled, infinite = ~np.isnan(found), np.isinf(found)
            notes += _left_out(table, infinite, f"whose {name} is infinite")
            kept &= ~infinite
        notes += _left_out(table, ~filled, f"without {what}")
        kept &= filled
    if not kept.any():
        raise DataError(f"{table.place} has no row with a label and a silo")
    if roles.group and (single := int((kept & ~is_filled(table.columns[roles.group])).sum())):
        notes.append(f"{plural(single, 'row')} without {roles.group}: each is a group of its own.")
    return np.flatnonzero(kept), notes


def _left_out(table: RawTable, mask: Mask, what: str) -> list[str]:
    """Return a note on the rows of a mask, if there are any."""
    if not mask.any():
        return []
    first = table.row(int(np.argmax(mask)))
    return [f"{plural(int(mask.sum()), 'row')} {what}, first {first}: left out."]


def _rows(
    part: _Part,
    roles: Roles,
    classes: Sequence[str],
    silos: Sequence[str],
    groups: Indices | None,
    number: Feature | None,
) -> Rows:
    table, numbers = part.table, part.numbers
    labels = (
        numbers_in(table.columns[roles.label], number)
        if number
        else positions(label_texts(_column(table, roles.label)), classes)
    )
    return Rows(
        table=table,
        numbers=numbers,
        labels=labels[numbers],
        silos=positions(_column(table, roles.silo), silos)[numbers],
        groups=groups,
    )


def _known(test: Rows, roles: Roles) -> tuple[Rows, list[str]]:
    """Return the test rows whose class and silo training has, and notes on the others."""
    notes = []
    for name, found in ((roles.label, test.labels), (roles.silo, test.silos)):
        if len(rows := test.numbers[_is_unknown(found)]):
            there = listed(names_in(test.table.columns[name], rows), most=3)
            notes.append(
                f"Test rows whose {name} no training row has, {len(rows)} ({there}): left out."
            )
    known = test.where(~_is_unknown(test.labels) & ~_is_unknown(test.silos))
    if not len(known):
        reason = (
            f": groups ({roles.group}) are held out whole, and classes or silos have too few. "
            "Choose another group, or leave it out"
            if roles.group
            else ". Set test-fraction"
        )
        raise DataError(f"{test.table.place} leaves no row to test on{reason}")
    return known, notes


def _is_unknown(found: Indices | Floats) -> Mask:
    """Return which rows have a class or silo that training has not; a number is never one."""
    if found.dtype != np.int64:
        return np.zeros(len(found), dtype=np.bool_)
    unknown: Mask = found == UNKNOWN
    return unknown


def _number_groups(roles: Roles, *parts: _Part) -> list[Indices | None]:
    """Return the group of each row of each part, numbered over all of them.

    Of training rows these numbers do not depend on any test row, if their part comes first.
    """
    if not roles.group:
        return [None] * len(parts)
    columns = [label_texts(part.table.columns[roles.group]) for part in parts]
    own = [
        Column(column.words, column.codes[part.numbers])
        for column, part in zip(columns, parts, strict=True)
    ]
    together = join(own)
    nameless = pc.index(together.words, "").as_py()
    codes = np.where(together.codes == nameless, NAMELESS, together.codes).astype(np.int64)
    return [*number_codes(*np.split(codes, np.cumsum([len(column) for column in own])[:-1]))]


def _group_notes(train: Rows, test: Rows, roles: Roles, *, is_fold: bool) -> Iterator[str]:
    """Say which groups the split or the silos do not keep together."""
    own, other = train.groups, test.groups
    if own is None or other is None:
        return

    def name(group: int) -> str:
        rows, groups = (train, own) if (own == group).any() else (test, other)
        return rows.table.columns[roles.group][int(rows.numbers[np.argmax(groups == group)])]

    yield from group_notes(
        roles.group,
        Members(groups=own, silos=train.silos),
        Members(groups=other, silos=test.silos),
        name=name,
        is_fold=is_fold,
    )


def _column(table: RawTable, name: str) -> Column:
    """Return a column, or one in which all cells are alike where there is none."""
    return table.columns[name] if name else same_word("", len(table))


def _codes(column: Column, rows: Indices) -> Indices:
    """Return a number for each row's value, the same numbers in whatever order rows come."""
    texts = label_texts(column)
    return positions(texts, sorted(texts.words_of(rows).to_pylist()))[rows]


def _nothing_left(agreement: Agreement) -> str:
    reasons = "; ".join(f"{name}: {reason}" for name, reason in agreement.left_out.items())
    return f"no column is left to learn from ({reasons})"


def _surprise_notes(contract: Contract, test: Rows) -> Iterator[str]:
    """Say what test rows hold that no training row prepared for."""
    for found in surprises(contract, test.table, test.numbers):
        verb = "holds" if found.count == 1 else "hold"
        yield (
            f"{found.name}: {plural(found.count, 'test row')} {verb} what training rows do not "
            f"(first {shown(found.first)} in {test.table.row(found.row)}); it counts as missing."
        )
