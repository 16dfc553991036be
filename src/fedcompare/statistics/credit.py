"""Who is owed what part of a gain that was made together."""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations


def shapley(values: Mapping[frozenset[int], float], players: Sequence[int]) -> dict[int, float]:
    """Return each player's Shapley value (1953), exactly: 2^n coalitions for n players.

    Raises:
        ValueError: `values` lacks a coalition (the empty one is needed too).
    """
    coalitions = [
        frozenset(members)
        for size in range(len(players) + 1)
        for members in combinations(players, size)
    ]
    for coalition in coalitions:
        if coalition not in values:
            raise ValueError(f"no value for the coalition {{{', '.join(map(str, coalition))}}}")
    count = len(players)
    return {
        player: sum(
            (values[coalition | {player}] - values[coalition])
            / (count * math.comb(count - 1, len(coalition)))
            for coalition in coalitions
            if player not in coalition
        )
        for player in players
    }
