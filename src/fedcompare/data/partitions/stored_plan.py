"""Rows dealt as a plan says that was made before, from the same data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from fedcompare.config.groups import PartitionConfig
from fedcompare.config.plan_files import PlanFile, plan_path, read_plan
from fedcompare.data.examples import Dataset, Indices
from fedcompare.data.partitions.rows import Plan
from fedcompare.errors import PartitionError
from fedcompare.names import silo_name


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlan:
    """The plan in a file, for one dataset; every seed has the same rows."""

    plan: Plan
    told: ClassVar[bool] = True
    of_groups: ClassVar[str] = ""
    remedy: ClassVar[str] = "give it training rows in the plan, or take it out"

    @classmethod
    def of(cls, config: PartitionConfig, dataset: Dataset) -> "StoredPlan":
        """Return the plan whose file `config` names.

        Raises:
            PartitionError: it is missing or damaged, or of other data, rows repeat or are out of
                range, or it has another number of silos.
        """
        file = plan_path(config.partition) or ""
        stored = read_plan(file)
        try:
            _check_facts(stored, config, dataset)
            train = tuple(_rows(stored.train, "train", len(dataset.train)))
            test = tuple(_rows(stored.test, "test", len(dataset.test)))
            plan = Plan(train=train, test=test)
            if stored.digest not in (None, plan.fingerprint):
                raise ValueError(
                    "its rows are not those that its digest was made from; export it again, or "
                    'leave out "digest" if rows were changed on purpose'
                )
        except ValueError as error:
            raise PartitionError(f"plan:{file}: {error}") from error
        return cls(plan=plan)

    def identity(self) -> Mapping[str, object]:
        """Return the digest of the rows."""
        return {"plan": self.plan.fingerprint}

    def deal(self, dataset: Dataset, seed: int) -> Plan:
        """Return the plan, whatever the seed."""
        return self.plan


def _check_facts(stored: PlanFile, config: PartitionConfig, dataset: Dataset) -> None:
    if stored.data != dataset.fingerprint:
        raise ValueError(
            f"it was made for other data: their fingerprint is {stored.data[:12]}..., and that of "
            f"the dataset is {dataset.fingerprint[:12]}...; export a plan of this dataset"
        )
    if (silos := len(stored.train)) != config.num_silos:
        raise ValueError(
            f"it has {silos} silos, but num-silos = {config.num_silos}; leave num-silos out, or "
            f"set num-silos = {silos}"
        )


def _rows(parts: Sequence[Sequence[int]], split: str, total: int) -> list[Indices]:
    """Return the rows of each silo, if each is there and has one silo at most."""
    owners = np.zeros(total, dtype=np.int64)
    found = []
    for silo, part in enumerate(parts, start=1):
        for outside in (row for row in part if row >= total):
            raise ValueError(
                f"{silo_name(silo)} has {split} row {outside}, but the rows of the dataset are 0 "
                f"to {total - 1}"
            )
        rows = np.array(part, dtype=np.int64)
        times = np.bincount(rows, minlength=total)
        for row in np.flatnonzero((times > 1) | ((owners > 0) & (times > 0)))[:1].tolist():
            first = owners[row] or silo
            who = silo_name(silo) if first == silo else f"{silo_name(first)} and {silo_name(silo)}"
            raise ValueError(f"{split} row {row} is given twice, to {who}; a row has one silo")
        owners[rows] = silo
        found.append(rows)
    return found
