import pytest
import torch

from fedcompare.config.groups import ModelConfig
from fedcompare.errors import ConfigError, WeightsError
from fedcompare.learning.models.catalog import CATALOG, build_model, check_model
from fedcompare.learning.weights import load_state, read_tensors, state_from_bytes, state_to_bytes


def build(seed=1, hidden_units=16):
    return build_model(
        ModelConfig(hidden_units=hidden_units), input_shape=(1, 8, 8), num_outputs=10, seed=seed
    )


def test_the_architecture_is_the_tutorials():
    model = build_model(ModelConfig(), input_shape=(1, 28, 28), num_outputs=10, seed=0)
    shapes = [tuple(parameter.shape) for parameter in model.parameters()]
    assert shapes == [(128, 784), (128,), (10, 128), (10,)]
    inputs = torch.randn(4, 1, 28, 28)
    weight1, bias1, weight2, bias2 = model.parameters()
    hidden = (inputs.reshape(4, 784) @ weight1.T + bias1).clamp(min=0)
    torch.testing.assert_close(model(inputs), hidden @ weight2.T + bias2)


def test_initial_weights_depend_on_the_seed_alone():
    torch.manual_seed(1)
    first = state_to_bytes(build().state_dict())
    torch.manual_seed(2)
    assert state_to_bytes(build().state_dict()) == first
    assert state_to_bytes(build(seed=2).state_dict()) != first


def test_the_global_random_state_is_left_alone():
    before = torch.get_rng_state()
    build()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", CATALOG)
def test_every_model_of_the_catalog_answers_with_a_logit_per_class(name):
    config = ModelConfig(model=name)
    check_model(config)
    model = build_model(config, input_shape=(3, 5, 7), num_outputs=6, seed=0)
    assert model(torch.randn(2, 3, 5, 7)).shape == (2, 6)


def test_an_unknown_model_is_refused_with_the_known_ones():
    config = ModelConfig(model="magic")
    says = "model: unknown model 'magic'; known: mlp"
    with pytest.raises(ConfigError, match=says):
        check_model(config)
    with pytest.raises(ConfigError, match=says):
        build_model(config, input_shape=(1, 8, 8), num_outputs=10, seed=0)


def test_weights_survive_as_bytes():
    state = build().state_dict()
    again = state_from_bytes(state_to_bytes(state))
    assert again.keys() == state.keys()
    assert all(torch.equal(again[name], state[name]) for name in state)


def test_equal_weights_give_equal_bytes_in_any_order():
    state = build().state_dict()
    assert state_to_bytes(dict(reversed(state.items()))) == state_to_bytes(state)


def test_weights_of_another_shape_do_not_fit():
    with pytest.raises(WeightsError, match=r"the file do not fit .*: size mismatch for"):
        load_state(build(), build(hidden_units=8).state_dict(), source="the file")


def test_weights_of_other_names_do_not_fit():
    with pytest.raises(WeightsError, match="do not fit"):
        load_state(build(), {"other": torch.zeros(1)})


@pytest.mark.parametrize("length", [None, 0, 5, 100, -1])
def test_an_unreadable_file_is_named(tmp_path, length):
    path = tmp_path / "weights.safetensors"
    if length is not None:
        path.write_bytes(state_to_bytes(build().state_dict())[:length])
    with pytest.raises(WeightsError, match=r"weights\.safetensors is corrupt or unreadable"):
        read_tensors(path)
