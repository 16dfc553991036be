"""Seeds that lie far off are found, and few where seeds only spread."""

import numpy as np
import pytest

from fedcompare.statistics.far_off import far_off

KINDS = [*"aaabbbccc", "d", "e"]
WORLDS = {
    "alike": [2.0] * 11,
    "wide": [5.0] * 11,
    "by kind": [6, 6, 6, 5, 5, 5, 2, 2, 2, 4, 1.5],
    "by silo": [6, 3, 1.5] * 3 + [1.5, 1],
}


def found(losses, least=5.0):
    return far_off(losses, KINDS, np.full(len(losses), least))


@pytest.mark.parametrize("spreads", WORLDS.values(), ids=WORLDS)
@pytest.mark.parametrize(("seeds", "most"), [(3, 0.17), (5, 0.1), (10, 0.05)])
def test_where_seeds_only_spread_false_alarms_are_few(spreads, seeds, most):
    random = np.random.default_rng(1)
    worlds = [np.array(spreads)[:, None] * random.normal(size=(11, seeds)) for _ in range(300)]
    assert np.mean([found(losses).any() for losses in worlds]) <= most


@pytest.mark.parametrize("spreads", WORLDS.values(), ids=WORLDS)
def test_a_collapse_is_found_and_nothing_else(spreads):
    random = np.random.default_rng(2)
    hits = 0
    for _ in range(200):
        losses = np.array(spreads)[:, None] * random.normal(size=(11, 5))
        losses[1, 2] += 80
        hits += found(losses)[1, 2]
    assert hits >= 0.9 * 200


def test_being_better_is_not_being_off_nor_is_a_difference_not_worth_speaking_of():
    losses = np.zeros((11, 5))
    losses[0, 0], losses[1, 1], losses[2, 2] = -80, 4.9, 5.1
    assert np.argwhere(found(losses)).tolist() == [[2, 2]]


def test_without_models_there_is_nothing_to_find():
    assert far_off(np.empty((0, 5)), [], np.empty(0)).shape == (0, 5)
