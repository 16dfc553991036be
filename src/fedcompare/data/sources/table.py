"""A table: a file with a column of labels and, mostly, one of silos, or a file for each silo."""

import functools
import hashlib
from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np
import torch

from fedcompare.config.groups import DataConfig, DatasetName
from fedcompare.config.held_out import SHARE
from fedcompare.data.examples import Decoded, Scale, Split
from fedcompare.data.naming import shown_names
from fedcompare.data.tables.contract import Contract, Feature
from fedcompare.data.tables.encoding import encode
from fedcompare.data.tables.raw import RawTable
from fedcompare.data.tables.reading import read_table, table_identity
from fedcompare.data.tables.study import Rows, Study, study, study_table
from fedcompare.errors import DataError

_FLOAT = 4  # bytes of one input


class TableFile:
    """A file, and that of the test rows where they have their own; not yet read.

    Raises:
        DataError: a file is missing, or no key names the label.
    """

    kind: ClassVar[str] = "table"

    def __init__(self, config: DataConfig) -> None:
        self._config = config
        names = (config.source, *([DatasetName.parse(config.test_data)] * bool(config.test_data)))
        self._contents = [tuple(table_identity(name, config)) for name in names]
        if not config.label:
            place = config.source.place
            raise DataError(
                f"label: no column of {place} is said to be what models tell. Set --label "
                f"COLUMN; see fedcompare inspect {config.dataset}"
            )

    @property
    def reads(self) -> frozenset[str]:
        """Return the keys that have an effect."""
        return frozenset(
            {
                "label",
                "task",
                "silo",
                "group",
                "features",
                "ignore",
                "categories",
                "columns",
                "encoding",
                "held_out",
                "test_fraction",
                "split_column",
                "test_data",
                "train_split",
                "test_split",
            }
        )

    def identity(self) -> Mapping[str, object]:
        """Return the digests of the files' contents: equal files are the same data."""
        return {"contents": self._contents}

    def decode(self) -> Decoded:
        """Return all rows as examples, and the contract that made them so.

        Raises:
            DataError: see `study`.
        """
        if self._config.fold is None:
            return decoded(study(self._config))
        whole = self._config.model_copy(update={"held_out": SHARE})
        return decoded(study_table(_read(whole, tuple(self._contents)), self._config))


@functools.lru_cache(maxsize=1)
def _read(config: DataConfig, contents: tuple[tuple[tuple[str, ...], ...], ...]) -> RawTable:
    """Return the table of all folds, whose files have these digests: it is read but once."""
    return read_table(config.source, config)


def decoded(found: Study) -> Decoded:
    """Return the rows of a table that was studied, as its contract makes examples of them."""
    contract = found.contract
    train, test = (
        _split(contract, rows, is_fold=found.is_fold) for rows in (found.train, found.test)
    )
    return Decoded(
        train=train,
        test=test,
        class_names=contract.classes,
        stored_names=contract.classes,
        silo_names=shown_names(contract.silos, contract.silo),
        contract=contract.to_json(),
        scale=_scale(contract.number),
        fingerprint=_fingerprint(contract, train, test),
        example_bytes=_FLOAT * (contract.width + 1),
        notes=(*_left_out(found), *found.notes),
        is_dealt=found.is_dealt,
    )


def _scale(number: Feature | None) -> Scale | None:
    """Return the scale of a label that is a number."""
    return Scale(mean=number.mean, deviation=number.deviation) if number else None


def _left_out(found: Study) -> Iterator[str]:
    for name, reason in found.contract.left_out.items():
        yield f"Column {name} is left out: {reason}."


def _split(contract: Contract, rows: Rows, *, is_fold: bool) -> Split:
    return Split(
        inputs=torch.from_numpy(encode(contract, rows.table, rows.numbers)),
        labels=torch.from_numpy(np.ascontiguousarray(rows.labels)),
        silos=torch.from_numpy(np.ascontiguousarray(rows.silos)),
        groups=None if rows.groups is None else torch.from_numpy(rows.groups),
        rows=torch.from_numpy(rows.numbers) if is_fold else None,
    )


def _fingerprint(contract: Contract, *splits: Split) -> str:
    """Return the SHA-256 over the contract, and all that it made."""
    total = hashlib.sha256(contract.fingerprint.encode())
    for split in splits:
        for tensor in split.tensors.values():
            total.update(f"\n{tensor.dtype} {[*tensor.shape]}\n".encode())
            total.update(tensor.numpy().data)
    return total.hexdigest()
