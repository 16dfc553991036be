"""Every row is held out once a seed, in folds that are alike in silos, classes and numbers."""

import numpy as np
import pytest

from fedcompare.data.folds import NEVER, deal_folds

FOLDS, SEEDS = 5, range(20)


def made_up_rows(seed, *, rows=160):
    """Return classes and silos of other sizes and shares, some of a single row."""
    generator = np.random.default_rng(seed)
    silos = generator.choice(7, rows, p=[0.4, 0.3, 0.15, 0.08, 0.04, 0.02, 0.01])
    return generator.choice(4, rows, p=[0.7, 0.2, 0.08, 0.02]), silos


def sizes_by_fold(found, rows):
    return np.bincount(found.numbers[rows], minlength=found.folds + 1)[1:]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("folds", [2, 5, 9])
def test_every_silo_and_class_keeps_a_row_to_train_on_in_every_fold(seed, folds):
    labels, silos = made_up_rows(seed)
    found = deal_folds(labels, silos, folds, seed)
    for number in range(1, folds + 1):
        kept = found.numbers != number
        assert set(silos[kept]) == set(silos)
        assert set(labels[kept]) == set(labels)


@pytest.mark.parametrize("seed", SEEDS)
def test_only_rows_that_nobody_else_stands_for_are_never_held_out(seed):
    labels, silos = made_up_rows(seed)
    found = deal_folds(labels, silos, FOLDS, seed)
    single = (np.bincount(silos)[silos] == 1) | (np.bincount(labels)[labels] == 1)
    assert ((found.numbers == NEVER) == single).all()
    assert found.numbers.max() <= FOLDS


@pytest.mark.parametrize("seed", SEEDS)
def test_a_silos_rows_of_a_class_are_spread_evenly_and_over_as_many_folds_as_they_are(seed):
    labels, silos = made_up_rows(seed)
    found = deal_folds(labels, silos, FOLDS, seed)
    for silo in np.unique(silos):
        rows = silos == silo
        dealt = int((found.numbers[rows] != NEVER).sum())
        own = sizes_by_fold(found, rows)
        assert (own > 0).sum() == min(dealt, FOLDS)
        for label in np.unique(labels[rows]):
            assert np.ptp(sizes_by_fold(found, rows & (labels == label))) <= 1


def test_a_class_of_two_rows_is_never_held_out_as_a_whole():
    for seed in SEEDS:
        labels, silos = np.array([0] * 20 + [1, 1]), np.repeat([0, 1], 11)
        found = deal_folds(labels, silos, 2, seed)
        assert found.numbers[-1] != found.numbers[-2]


def test_seeds_deal_other_folds_and_the_same_seed_the_same_ones():
    labels, silos = made_up_rows(1)
    first, again, other = (deal_folds(labels, silos, FOLDS, seed).numbers for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()
    assert ((first == NEVER) == (other == NEVER)).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_numbers_are_spread_by_their_order_in_each_silo(seed):
    generator = np.random.default_rng(seed)
    labels, silos = generator.lognormal(size=100), np.repeat([0, 1], [60, 40])
    found = deal_folds(labels, silos, FOLDS, seed)
    for silo in (0, 1):
        rows = np.flatnonzero(silos == silo)
        in_order = found.numbers[rows[np.argsort(labels[rows])]]
        assert all(set(block) == set(range(1, 6)) for block in in_order.reshape(-1, FOLDS))


@pytest.mark.parametrize("seed", SEEDS)
def test_groups_are_held_out_whole_and_folds_have_about_as_many_rows(seed):
    generator = np.random.default_rng(seed)
    owners, sizes = generator.integers(0, 3, 60), generator.integers(1, 9, 60)
    groups = np.repeat(np.arange(60), sizes)
    silos, labels = owners[groups], generator.integers(0, 2, len(groups))
    found = deal_folds(labels, silos, FOLDS, seed, groups)
    numbers = [set(found.numbers[groups == group]) for group in range(60)]
    assert all(len(own) == 1 for own in numbers)
    for silo in range(3):
        own = sizes_by_fold(found, silos == silo)
        assert np.ptp(own) <= 12
        assert own.all()


def test_groups_that_cross_silos_are_held_out_whole_too():
    groups = np.repeat(np.arange(10), 4)
    silos = np.tile([0, 0, 0, 1], 10)
    found = deal_folds(np.tile([0, 1], 20), silos, FOLDS, 1, groups)
    assert all(len(set(found.numbers[groups == group])) == 1 for group in range(10))
    assert (sizes_by_fold(found, silos == 1) == 2).all()


def test_a_silo_of_one_group_only_trains():
    groups = np.repeat(np.arange(6), 3)
    silos = np.minimum(groups, 1)
    found = deal_folds(np.tile([0, 1, 0], 6), silos, FOLDS, 1, groups)
    assert (found.numbers[silos == 0] == NEVER).all()
    assert found.alone.sum() == 3
    assert (found.numbers[silos == 1] != NEVER).all()


def test_many_rows_are_dealt_as_evenly_as_few():
    labels, silos = made_up_rows(3, rows=200_000)
    found = deal_folds(labels, silos, FOLDS, 3)
    assert np.ptp(sizes_by_fold(found, silos >= 0)) <= 7 * 4
