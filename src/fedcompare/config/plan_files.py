"""A partition as a file: which row of the data went to which silo, for others to use again.

    {"format": 1, "data": "<the data's fingerprint>", "digest": "<SHA-256 of the rows>",
     "silos": [{"train": [5, 0, 2], "test": [1]}, ...]}

Rows are numbered from 0 in each split, in the order of the source; their order in a silo is the
one that training starts from. A plan that is written by hand has no digest.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fedcompare.config.choices import Choice
from fedcompare.errors import PartitionError
from fedcompare.text.typed import shown

PLAN = "plan"
_FORMAT = 1
_PREFIX = f"{PLAN}:"
Rows = Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFile:
    """The rows of each silo's examples by split, and the digests of the data and of the rows.

    `partition` and `seed` say what the plan was made by; nothing depends on them.
    """

    train: tuple[Rows, ...]
    test: tuple[Rows, ...]
    data: str
    digest: str | None = None
    partition: str = ""
    seed: int | None = None


def parse_partition(value: object) -> Choice:
    """Read a partitioner with its arguments, or "plan:FILE", whose file may have any name.

    Raises:
        ValueError: it has another form.
    """
    if isinstance(value, str) and value.strip().startswith(_PREFIX):
        file = value.strip().removeprefix(_PREFIX)
        if not file:
            raise ValueError(f"name the plan's file: {_PREFIX}FILE")
        return Choice(PLAN, (("file", file),))
    return Choice.parse(value)


def format_partition(choice: Choice) -> str:
    """Return what `parse_partition` reads."""
    file = plan_path(choice)
    return str(choice) if file is None else f"{_PREFIX}{file}"


def plan_path(choice: Choice) -> str | None:
    """Return the file that a choice of a plan names."""
    file = choice.keywords.get("file") if choice.name == PLAN else None
    return file if isinstance(file, str) else None


def format_plan(plan: PlanFile) -> str:
    """Return the text of a plan's file: a line for each silo's rows of a split."""
    head: Mapping[str, object] = {
        "format": _FORMAT,
        "partition": plan.partition,
        "seed": plan.seed,
        "data": plan.data,
        "digest": plan.digest,
    }
    facts = [f" {json.dumps(key)}: {json.dumps(value)}," for key, value in head.items()]
    silos = [
        f'  {{"train": {json.dumps(list(train))},\n   "test": {json.dumps(list(test))}}}'
        for train, test in zip(plan.train, plan.test, strict=True)
    ]
    return "\n".join(["{", *facts, ' "silos": [', ",\n".join(silos), " ]", "}", ""])


def read_plan(file: str) -> PlanFile:
    """Read a plan; whether its rows are those of the data is not known here.

    Raises:
        PartitionError: it is missing, unreadable, or has another form; the place is named.
    """
    try:
        content = json.loads(Path(os.path.expanduser(file)).read_text(encoding="utf-8-sig"))
        return _plan(content)
    except OSError as error:
        raise PartitionError(f"{_PREFIX}{file}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise PartitionError(
            f"{_PREFIX}{file}: no partition plan: {error}; fedcompare partition --export writes one"
        ) from error


def _plan(content: Any) -> PlanFile:
    silos, data, digest = map(_table(content).get, ("silos", "data", "digest"))
    if content.get("format") != _FORMAT:
        raise ValueError(f'its "format" is {shown(content.get("format"))}, not {_FORMAT}')
    if not isinstance(data, str) or not isinstance(digest, str | None):
        raise ValueError('"data" and "digest" must be text: the fingerprint of the data, and rows')
    if not isinstance(silos, list) or not silos:
        raise ValueError('"silos" must be a list with the rows of each silo')
    train, test = (tuple(_rows(silos, split)) for split in ("train", "test"))
    return PlanFile(train=train, test=test, data=data, digest=digest)


def _rows(silos: Sequence[object], split: str) -> Iterator[Rows]:
    for number, silo in enumerate(silos, start=1):
        rows = _table(silo).get(split)
        if not isinstance(rows, list):
            raise ValueError(f'silo {number} has no list of rows "{split}"')
        for odd in (row for row in rows if type(row) is not int or row < 0):
            raise ValueError(f"silo {number}, {split}: {shown(odd)} is no row number")
        yield rows


def _table(value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{shown(value)} stands where a table is expected")
    return value
