"""What may work where a partitioner drew rows and gave up, the least changes first.

Whether it does work for the data and the seed is found out by trying.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

from fedcompare.data.partitions.case import Case

Attempts = Callable[[Case], Iterator[Case]]
_FACTORS = (3, 10, 100, 1000)


def none(case: Case) -> Iterator[Case]:
    """What fails does not depend on what is drawn."""
    yield from ()


def dirichlet(case: Case) -> Iterator[Case]:
    """Ask for less in the smallest silo, but never for nothing; then for less skew."""
    size = case.of("min_partition_size", 10)
    halves = itertools.takewhile(bool, (size >> power for power in itertools.count(1)))
    for smaller in halves if size > 1 else (1,):
        yield case.but(min_partition_size=smaller)
    yield from _less_skew(case.but(min_partition_size=1))


def inner_dirichlet(case: Case) -> Iterator[Case]:
    """Ask for less skew."""
    yield from _less_skew(case)


def pathological(case: Case) -> Iterator[Case]:
    """Deal the classes evenly; then to fewer silos."""
    yield case.but(class_assignment_mode="deterministic")
    silos = case.num_silos
    while silos := silos // 2:
        yield replace(case, num_silos=silos)


def _less_skew(case: Case) -> Iterator[Case]:
    alpha = case.of("alpha")
    for factor in _FACTORS:
        if isinstance(alpha, tuple):
            yield case.but(alpha=tuple(_scaled(one, factor) for one in alpha))
        else:
            yield case.but(alpha=_scaled(alpha, factor))


def _scaled(alpha: float, factor: int) -> float:
    return round(float(alpha * factor), 9)
