"""Flower's strategies, unmodified: who takes part is ours, and so is what they draw."""

import random
import re

import numpy as np
import pytest
import torch
from flwr.serverapp import strategy as flower
from flwr.serverapp.strategy import FedAvg, Strategy

from fedcompare.config.groups import FederationConfig
from fedcompare.data.silos import load_silos
from fedcompare.errors import ConfigError, ExitCode, SiloFailedError
from fedcompare.federated import strategies
from fedcompare.federated.server import run_federated
from fedcompare.federated.server_app import config_from_run_config
from fedcompare.federated.strategies import check_strategy
from fedcompare.learning.forward import torch_threads
from fedcompare.learning.models.catalog import initial_model
from fedcompare.learning.training import train_round
from fedcompare.learning.weights import state_from_bytes, state_to_bytes
from fedcompare.seeds import derive_seed
from support import InlineGrid, shared_weights

OTHERS = {
    "fedmedian": lambda **common: flower.FedMedian(**common),
    "fedavgm": lambda **common: flower.FedAvgM(
        **common, server_learning_rate=0.5, server_momentum=0.9
    ),
    "fedprox": lambda **common: flower.FedProx(**common, proximal_mu=0.1),
    "noisy": lambda **common: flower.DifferentialPrivacyServerSideFixedClipping(
        FedAvg(**common), noise_multiplier=0.01, clipping_norm=5.0, num_sampled_clients=3
    ),
}


@pytest.fixture
def others(monkeypatch):
    """Strategies of Flower's that have no row of ours."""
    monkeypatch.setattr(strategies, "CATALOG", {**strategies.CATALOG, **OTHERS})


def average(states, counts):
    """Return the mean in float32, weighted by examples and summed in silo order."""
    shares = [count / sum(counts) for count in counts]
    return {
        name: torch.from_numpy(
            sum(state[name].numpy() * share for state, share in zip(states, shares, strict=True))
        )
        for name in states[0]
    }


def test_fedavg_is_the_average_by_hand_bit_for_bit(tiny):
    config = tiny(num_server_rounds=2)
    trained = run_federated(InlineGrid(3), config)
    silos = load_silos(config)
    state = initial_model(config, silos.dataset).state_dict()
    for round_, found in enumerate(trained.rounds, start=1):
        states = []
        for silo in silos:
            model = initial_model(config, silos.dataset)
            model.load_state_dict(state)
            seed = derive_seed(config.seed, "train", silo.id, round_)
            with torch_threads(1):
                train_round(model, silo.train, config.train, epochs=1, seed=seed)
            assert found.weights[silo.id] == state_to_bytes(model.state_dict())
            states.append(model.state_dict())
        state = average(states, [len(silo.train) for silo in silos])
        assert found.weights[None] == state_to_bytes(state)
    assert len(trained.rounds) == 2


@pytest.mark.parametrize("name", OTHERS)
def test_another_strategy_of_flowers_runs_as_it_is_and_gives_the_same_bytes(tiny, others, name):
    config, plain = tiny(strategy=name, num_server_rounds=3), tiny(num_server_rounds=3)
    expected = run_federated(InlineGrid(3), config)
    random.seed(1)
    np.random.seed(1)  # noqa: NPY002
    found = run_federated(InlineGrid(3, order=lambda replies: replies[::-1]), config)
    assert shared_weights(found) == shared_weights(expected)
    assert found.server == expected.server
    if name != "fedprox":  # which changes what clients do, and these do not read its key
        average = run_federated(InlineGrid(3), plain)
        assert shared_weights(found)[-1] != shared_weights(average)[-1]


def test_the_median_is_flowers(tiny, others):
    trained = run_federated(InlineGrid(3), tiny(strategy="fedmedian", num_server_rounds=1))
    weights = {owner: state_from_bytes(c) for owner, c in trained.rounds[0].weights.items()}
    shared, *local = weights.values()
    assert list(weights) == [None, 1, 2, 3]
    for name, tensor in shared.items():
        torch.testing.assert_close(tensor, torch.stack([s[name] for s in local]).median(0)[0])


@pytest.mark.parametrize("name", ["fedavg", "fedavgm", "noisy"])
def test_messages_leave_in_silo_order_and_others_randomness_is_left_alone(tiny, others, name):
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    expected = random.random(), np.random.random()  # noqa: NPY002
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002
    grid = InlineGrid([{"partition-id": index} for index in (2, 0, 1)])
    run_federated(grid, tiny(strategy=name))
    assert (random.random(), np.random.random()) == expected  # noqa: NPY002
    sent = [
        grid.nodes[message.metadata.dst_node_id].node_config["partition-id"]
        for message in grid.sent
        if message.metadata.message_type != "query"
    ]
    assert sent == [0, 1, 2] * 4


def test_a_coalition_is_all_that_a_strategy_sees(tiny, others):
    grid = InlineGrid(3)
    trained = run_federated(grid, tiny(strategy="fedmedian"), members=(1, 3))
    assert trained.silos == [1, 3]


class Silent(FedAvg):
    """Makes no model, as Bulyan does of too few."""

    def aggregate_train(self, server_round, replies):
        return None, None


class Waiting(Strategy):
    """Asks nobody."""

    def configure_train(self, server_round, arrays, config, grid):
        return []

    configure_evaluate = configure_train

    def aggregate_train(self, server_round, replies):
        return None, None

    def aggregate_evaluate(self, server_round, replies):
        return None

    def summary(self):
        pass


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (Silent, "round 1: the strategy Silent makes no model of 3 silos' models"),
        (lambda **common: Waiting(), "round 1: 0 of 3 silos' models arrived"),
    ],
)
def test_a_strategy_that_makes_no_model_is_named(tiny, monkeypatch, build, says):
    monkeypatch.setattr(strategies, "CATALOG", {"fedavg": build})
    with pytest.raises(SiloFailedError, match=says):
        run_federated(InlineGrid(3), tiny())


# Unknown names.

SAYS = "strategy: unknown strategy 'fedmagic'; did you mean fedavg? known: fedavg"


def test_an_unknown_strategy_is_refused_with_the_known_ones():
    check_strategy(FederationConfig())
    with pytest.raises(ConfigError, match=re.escape(SAYS)):
        check_strategy(FederationConfig(strategy="fedmagic"))


MODELS = "mlp, linear, 2nn, cnn, resnet18, package.module:factory"
unknown_names = pytest.mark.parametrize(
    ("choice", "says"),
    [
        ("strategy=fedmagic", SAYS),
        ("model=magic", f"model: unknown model 'magic'; known: {MODELS}"),
    ],
)


@unknown_names
@pytest.mark.parametrize("command", ["isolated", "federated", "compare"])
def test_an_unknown_name_is_refused_before_anything_is_done(cli, tmp_path, choice, says, command):
    nowhere = ("--set", "dataset=idx:nowhere", "--results", tmp_path / "results")
    outcome = cli(command, "--set", choice, *nowhere)
    assert outcome.code == ExitCode.CONFIG
    expected = ["fedcompare: the configuration has 1 problem:", f"  {says}"]
    assert (outcome.out, outcome.err.splitlines()) == ("", expected)
    assert not (tmp_path / "results").exists()


@unknown_names
def test_flowers_run_refuses_an_unknown_name_too(choice, says):
    with pytest.raises(ConfigError, match=re.escape(says)):
        config_from_run_config(dict([choice.split("=")]))
