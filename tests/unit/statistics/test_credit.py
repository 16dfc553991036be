import math
from itertools import combinations, permutations

import numpy as np
import pytest

from fedcompare.statistics.credit import shapley


def every_coalition(players):
    return [frozenset(c) for n in range(len(players) + 1) for c in combinations(players, n)]


def test_shapley_of_the_glove_game():
    # Player 1 holds a left glove, 2 and 3 a right one; a pair is worth 1.
    game = {c: float(1 in c and len(c) > 1) for c in every_coalition((1, 2, 3))}
    assert shapley(game, (1, 2, 3)) == pytest.approx({1: 2 / 3, 2: 1 / 6, 3: 1 / 6})


def test_shapley_is_the_mean_over_orders_and_efficient():
    players = (1, 2, 3, 4)
    rng = np.random.default_rng(12)
    game = {c: float(rng.random()) for c in every_coalition(players)}
    found = shapley(game, players)
    for player in players:
        before = [frozenset(o[: o.index(player)]) for o in permutations(players)]
        assert found[player] == pytest.approx(
            np.mean([game[c | {player}] - game[c] for c in before])
        )
    assert sum(found.values()) == pytest.approx(game[frozenset(players)] - game[frozenset()])


def test_shapley_treats_equals_alike_and_gives_idlers_nothing():
    weights = {1: 2.0, 2: 2.0, 3: 0.0, 4: 1.0}
    game = {c: math.sqrt(sum(weights[p] for p in c)) for c in every_coalition((1, 2, 3, 4))}
    found = shapley(game, (1, 2, 3, 4))
    assert found[1] == pytest.approx(found[2])
    assert found[3] == pytest.approx(0)


def test_shapley_names_a_missing_coalition():
    with pytest.raises(ValueError, match=r"\{1, 2\}"):
        shapley({c: 0.0 for c in every_coalition((1, 2)) if len(c) < 2}, (1, 2))
