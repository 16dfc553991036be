"""Coalitions: federations of some of the silos."""

import itertools
from collections.abc import Sequence


def coalition_part(members: Sequence[int]) -> str:
    """Return the part of a coalition of silos: "coalition-1-2"."""
    return "-".join(["coalition", *map(str, members)])


MAX_SHAPLEY_SILOS = 5


def coalitions_to_train(num_silos: int) -> tuple[tuple[int, ...], ...]:
    """Return the coalitions whose accuracy contributions need and no other part has.

    A single silo's federation is its isolated model, bit for bit. For more silos than an
    exact Shapley value is feasible for, only one silo is left out at a time.
    """
    silos = range(1, num_silos + 1)
    smallest = 2 if num_silos <= MAX_SHAPLEY_SILOS else num_silos - 1
    return tuple(
        members
        for size in range(max(2, smallest), num_silos)
        for members in itertools.combinations(silos, size)
    )
