"""How many steps training takes, and whether they are few."""

import pytest

from fedcompare.regimes.budgets import (
    ENOUGH_STEPS,
    count_steps,
    enough_local_epochs,
    told_few_steps,
)


def steps(config, size):
    epochs = config.budget.epochs
    return count_steps(size, epochs=epochs, batch_size=config.train.batch_size)


@pytest.mark.parametrize("sizes", [[1], [40, 17, 9000], [5, 16, 17, 100], [0, 0, 0]])
@pytest.mark.parametrize("rounds", [1, 3, 7])
def test_enough_is_told_and_is_enough_and_no_more(tiny, sizes, rounds):
    few = tiny(num_server_rounds=rounds, local_epochs=1)
    enough = enough_local_epochs(few, sizes)
    assert f"local-epochs={enough} is enough" in told_few_steps(few, sizes)
    assert told_few_steps(tiny(num_server_rounds=rounds, local_epochs=enough), sizes) is None
    fewer = tiny(num_server_rounds=rounds, local_epochs=enough - 1)
    assert told_few_steps(fewer, sizes) is not None


def test_the_median_silo_decides_and_its_steps_are_told(tiny):
    config = tiny(num_server_rounds=2, local_epochs=3)
    text = told_few_steps(config, iter([1, 40, 10**6]))
    assert f"trained for {steps(config, 40)} steps" in text
    assert steps(config, 40) < ENOUGH_STEPS < steps(config, 10**6)
