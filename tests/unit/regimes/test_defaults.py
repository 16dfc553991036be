"""What keys that nobody set are for a table."""

import pytest

from fedcompare.config.groups import DataConfig, ExperimentConfig, TrainConfig
from fedcompare.config.parsing import Setting, config_from_json, parse_config
from fedcompare.regimes import budgets
from fedcompare.regimes.budgets import ENOUGH_STEPS
from fedcompare.regimes.defaults import told_defaults, with_defaults

SIZES = [[1], [6, 30, 72], [120] * 4, [5, 16, 17, 100_000], [10**6] * 3, [0, 0]]
OTHERS = {
    "model": "cnn",
    "learning-rate": 0.3,
    "momentum": 0.0,
    "l2-penalty": 7.0,
    "batch-size": 5,
    "num-server-rounds": 3,
    "local-epochs": 2,
    "isolated-epochs": 4,
    "fine-tune-epochs": 601,
}


def given(**keys):
    return parse_config({k.replace("_", "-"): Setting(v, k) for k, v in keys.items()})


def median_steps(config, sizes):
    return budgets.count_steps(
        max(1, sorted(sizes)[(len(sizes) - 1) // 2]),
        epochs=config.budget.epochs,
        batch_size=config.train.batch_size,
    )


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("keys", [{}, {"num_server_rounds": 1}, {"batch_size": 7}])
def test_the_median_silos_model_is_trained_long_enough_and_not_for_longer(sizes, keys):
    config = with_defaults(given(**keys), sizes, is_table=True)
    assert median_steps(config, sizes) >= ENOUGH_STEPS
    if (epochs := config.budget.local_epochs) > 1:
        fewer = given(**config.to_flat() | {"local-epochs": epochs - 1})
        assert median_steps(fewer, sizes) < ENOUGH_STEPS
    assert config.isolated.isolated_epochs == config.budget.epochs


@pytest.mark.parametrize("key", OTHERS)
def test_a_key_that_is_set_wins(key):
    own = given(**{key: OTHERS[key]})
    for config in (own, config_from_json(ExperimentConfig().to_json())):
        found = with_defaults(config, [120, 90], is_table=True)
        assert found.to_flat()[key] == config.to_flat()[key]
    found = with_defaults(own, [120, 90], is_table=True).to_flat()
    assert all(found[other] != OTHERS[other] for other in OTHERS if other != key)


def test_a_key_that_is_set_to_the_built_in_default_wins_too():
    flat = ExperimentConfig().to_flat()
    for key in OTHERS:
        assert (
            with_defaults(given(**{key: flat[key]}), [120], is_table=True).to_flat()[key]
            == flat[key]
        )


def test_what_was_decided_is_not_decided_again():
    once = with_defaults(given(), [120, 90], is_table=True)
    assert with_defaults(once, [10**6], is_table=True) == once
    assert with_defaults(once.with_seed(7), [5], is_table=True) == once.with_seed(7)


def test_a_configuration_that_a_program_made_knows_what_was_set():
    data = DataConfig(dataset="t.csv")
    made = ExperimentConfig(data=data, train=TrainConfig(batch_size=64))
    assert made.given == {"dataset", "batch-size"}
    found = with_defaults(made, [120], is_table=True)
    assert found.train.batch_size == 64
    assert found.train.learning_rate != made.train.learning_rate
    assert ExperimentConfig().given == frozenset()


def test_batches_grow_with_the_silos_so_that_a_pass_stays_short():
    def batch(size):
        return with_defaults(given(), [size] * 3, is_table=True).train.batch_size

    sizes = [1, 100, 5_000, 40_000, 300_000, 10**7]
    assert batch(1) == batch(100) == 32
    assert [batch(size) for size in sizes] == sorted(map(batch, sizes))
    assert batch(10**7) == 1024


def test_many_rows_have_a_hidden_layer():
    few, many = (
        with_defaults(given(), sizes, is_table=True) for sizes in ([2499, 2500], [2500] * 2)
    )
    assert [str(config.model.model) for config in (few, many)] == ["linear", "mlp"]


@pytest.mark.parametrize(("model", "penalties"), [("linear", [1.0] * 3), ("mlp", [1.0, 2.5, 10.0])])
def test_hidden_layers_are_penalised_the_more_the_larger_the_silos(model, penalties):
    found = [
        with_defaults(given(model=model), [size] * 4, is_table=True) for size in (20, 250, 10**6)
    ]
    assert [config.train.l2_penalty for config in found] == penalties


def test_a_width_of_the_hidden_layer_asks_for_one():
    assert str(with_defaults(given(), [120], is_table=True).model.model) == "linear"
    assert str(with_defaults(given(hidden_units=64), [120], is_table=True).model.model) == "mlp"
    sure = with_defaults(given(hidden_units=64, model="linear"), [120], is_table=True)
    assert str(sure.model.model) == "linear"  # and refused, with a word, by the models' catalog


def test_it_is_told_which_settings_are_as_by_default_and_which_are_not():
    plain = told_defaults(
        with_defaults(given(), [200, 114], is_table=True), [200, 114], is_table=True
    )
    assert "median silo has 114 rows to train on" in plain
    assert plain.endswith("Set otherwise: none.")
    flat = with_defaults(given(), [200, 114], is_table=True).to_flat()
    assert all(f"{key} = {flat[key]}" in plain for key in OTHERS)
    own = with_defaults(given(**OTHERS), [200, 114], is_table=True)
    told = told_defaults(own, [200, 114], is_table=True)
    for key, value in OTHERS.items():
        assert f"{key} = {value} (by default " in told


@pytest.mark.parametrize("sizes", [[40, 60, 90], [3], [700, 64, 640]])
def test_few_pictures_get_more_passes_and_nothing_else(sizes):
    config = with_defaults(given(), sizes, is_table=False)
    assert median_steps(config, sizes) >= ENOUGH_STEPS
    changed = {"local-epochs", "isolated-epochs"}
    built_in = ExperimentConfig().to_flat()
    assert {k for k, v in config.to_flat().items() if v != built_in[k]} == changed
    steps = -(-sorted(sizes)[(len(sizes) - 1) // 2] // config.train.batch_size)
    assert config.isolated.isolated_epochs * steps >= ENOUGH_STEPS
    told = told_defaults(config, sizes, is_table=False)
    assert f"local-epochs = {config.budget.local_epochs}" in told


def test_as_many_pictures_as_the_tutorial_has_are_trained_as_there():
    sizes = [13_597, 14_205, 14_096]
    config = with_defaults(given(), sizes, is_table=False)
    assert config.to_flat() == ExperimentConfig().to_flat()
    assert told_defaults(config, sizes, is_table=False) == ""


def test_many_inputs_of_a_label_that_is_a_number_get_small_steps():
    def rate(**more):
        return with_defaults(given(), [120, 90], is_table=True, **more).train.learning_rate

    assert rate(num_inputs=5) == rate()
    assert rate(num_inputs=500) < rate(num_inputs=100) < rate()
    own = given(learning_rate=0.3)
    assert with_defaults(own, [120], is_table=True, num_inputs=500).train.learning_rate == 0.3
    config = with_defaults(given(), [120], is_table=True, num_inputs=100)
    assert "learning-rate = 0.002," in told_defaults(config, [120], is_table=True, num_inputs=100)
