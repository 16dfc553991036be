"""Whatever the model: one silo's federation is its isolated model, and types survive averaging."""

import pytest
import torch
import torch.nn.functional as F
from flwr.serverapp import strategy as flower

from fedcompare.data.silos import load_silos
from fedcompare.evaluation.evaluator import Evaluator
from fedcompare.federated import strategies
from fedcompare.federated.server import run_federated
from fedcompare.learning.alone import Task, train_alone
from fedcompare.learning.forward import predict, torch_threads
from fedcompare.learning.models.catalog import CATALOG, initial_model
from fedcompare.learning.training import train_round, train_rounds
from fedcompare.learning.training_round import TrainingRound
from fedcompare.learning.weights import state_from_bytes, state_to_bytes, weighted_mean
from fedcompare.names import POOLED
from fedcompare.regimes.catalog import Regime, row_of
from support import InlineGrid, made_up_examples, write_idx

OWN = ("own_models:wide", "own_models:wide(width=7)", "own_models:Odd")
DROPOUT = "own_models:wide"


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return write_idx(tmp_path_factory.mktemp("data") / "idx", train=48, test=20)


@pytest.fixture
def config(tiny, small):
    def build(model, **changes):
        return tiny(
            model=model, dataset=f"idx:{small}", hidden_units=128, learning_rate=0.01, **changes
        )

    return build


def alone(config, silo, regime=Regime.ISOLATED_EQUAL):
    silos, row = load_silos(config), row_of(regime)
    task = Task(
        row=row,
        model=initial_model(config, silos.dataset),
        silo=silos[silo],
        config=config.train,
        schedule=row.schedule(config),
        seed=config.seed,
    )
    (trained,) = train_alone([task])
    return trained


@pytest.mark.parametrize("model", [*CATALOG, *OWN])
def test_one_silo_fedavg_is_isolated_training_bit_for_bit(config, model):
    one = config(model, num_silos=1, excluded_classes="")
    torch.manual_seed(1)
    federated = run_federated(InlineGrid(1), one)
    torch.manual_seed(2)
    isolated = alone(one, 1)
    for ours, theirs in zip(federated.rounds, isolated.rounds, strict=True):
        assert ours.weights[None] == ours.weights[1] == theirs.weights[1]
    assert federated.epochs == isolated.epochs
    assert federated.rounds[0].weights[None] != federated.rounds[1].weights[None]


def test_what_a_model_draws_depends_on_the_training_alone(config):
    def trained(global_seed, seed=1):
        torch.manual_seed(global_seed)
        dropping = config(DROPOUT)
        model = initial_model(dropping, load_silos(dropping).dataset)
        train_round(model, made_up_examples(40), dropping.train, epochs=2, seed=seed)
        return state_to_bytes(model.state_dict())

    assert trained(1) == trained(2) != trained(1, seed=2)


def test_a_training_leaves_the_global_generator_alone(config):
    dropping = config(DROPOUT)
    before = torch.manual_seed(4).get_state()
    alone(dropping, 1)
    assert torch.equal(torch.get_rng_state(), before)


def test_trained_with_others_a_model_that_draws_gets_the_bits_that_it_gets_alone(config):
    dropping = config(DROPOUT)

    def round_(seed):
        model = initial_model(dropping, load_silos(dropping).dataset)
        examples = made_up_examples(40, seed=seed)
        return TrainingRound(
            model=model, examples=examples, config=dropping.train, epochs=2, seed=seed
        )

    together = [round_(1), round_(2)]
    losses = train_rounds(together)
    for number, seed in enumerate((1, 2)):
        single = round_(seed)
        assert train_rounds([single]) == [losses[number]]
        ours, theirs = (one.model.state_dict() for one in (single, together[number]))
        assert state_to_bytes(ours) == state_to_bytes(theirs)


def test_the_loop_is_a_plain_loop_also_where_memory_is_odd(config):
    """Frozen, unused, tied and transposed weights; gradients without memory of their own."""
    odd, examples = config("own_models:Odd"), made_up_examples(40)
    ours, plain = (initial_model(odd, load_silos(odd).dataset) for _ in range(2))
    with torch_threads(1):
        train_round(ours, examples, odd.train, epochs=2, seed=3)
        parameters = [parameter for parameter in plain.parameters() if parameter.requires_grad]
        optimiser = torch.optim.SGD(
            parameters, lr=odd.train.learning_rate, momentum=odd.train.momentum, fused=True
        )
        generator = torch.Generator().manual_seed(3)
        for _ in range(2):
            order = torch.randperm(len(examples), generator=generator)
            for rows in order.split(odd.train.batch_size):
                optimiser.zero_grad()
                F.cross_entropy(plain(examples.inputs[rows]), examples.labels[rows]).backward()
                optimiser.step()
    assert state_to_bytes(ours.state_dict()) == state_to_bytes(plain.state_dict())


def test_statistics_of_the_data_are_used_in_answers_and_not_changed_by_them(config):
    normed = config(DROPOUT)
    model = initial_model(normed, load_silos(normed).dataset)
    train_round(model, made_up_examples(40), normed.train, epochs=1, seed=0)
    before = state_to_bytes(model.state_dict())
    inputs = made_up_examples(30).inputs
    whole = predict(model, inputs)
    torch.testing.assert_close(predict(model, inputs[:1]), whole[:1])
    assert torch.equal(predict(model, inputs), whole)
    assert state_to_bytes(model.state_dict()) == before
    assert model.state_dict()["2.num_batches_tracked"] == 3


def types(content):
    return {name: tensor.dtype for name, tensor in state_from_bytes(content).items()}


STRATEGIES = {
    "fedavg": strategies.CATALOG["fedavg"],
    "fedavgm": lambda **common: flower.FedAvgM(
        **common, server_learning_rate=1.0, server_momentum=0.9
    ),
    "fedadam": lambda **common: flower.FedAdam(**common),
    "fedmedian": lambda **common: flower.FedMedian(**common),
}


@pytest.mark.parametrize("name", STRATEGIES)
@pytest.mark.parametrize("model", ["own_models:wide", "own_models:Odd"])
def test_types_and_what_is_not_trained_survive_every_strategy(config, monkeypatch, name, model):
    monkeypatch.setattr(strategies, "CATALOG", STRATEGIES)
    three = config(model, strategy=name)
    found = run_federated(InlineGrid(3), three)
    initial = initial_model(three, load_silos(three).dataset)
    wanted = types(state_to_bytes(initial.state_dict()))
    trained = {
        key for key, p in initial.named_parameters(remove_duplicate=False) if p.requires_grad
    }
    sizes = [len(silo.train) for silo in load_silos(three)]
    for one in found.rounds:
        shared = state_from_bytes(one.weights[None])
        assert {key: tensor.dtype for key, tensor in shared.items()} == wanted
        local = [state_from_bytes(one.weights[silo]) for silo in (1, 2, 3)]
        expected = weighted_mean(local, sizes)
        for key in shared.keys() - trained:
            assert torch.equal(shared[key], expected[key]), key
    if model == "own_models:Odd":
        assert shared["large"] == 2**62 + 1
        assert torch.equal(shared["mask"], initial.mask)
        assert torch.equal(shared["frozen"], initial.frozen)
        assert torch.equal(shared["output.weight"], shared["tied.weight"])


def test_a_strategy_sees_trainable_floats_only(config, monkeypatch):
    seen = []

    class Curious(flower.FedAvg):
        def configure_train(self, server_round, arrays, config, grid):
            seen.append(list(arrays))
            return super().configure_train(server_round, arrays, config, grid)

        def aggregate_train(self, server_round, replies):
            replies = list(replies)
            seen.extend(list(reply.content["arrays"]) for reply in replies)
            return super().aggregate_train(server_round, replies)

    monkeypatch.setattr(strategies, "CATALOG", {"fedavg": lambda **common: Curious(**common)})
    three = config(DROPOUT)
    run_federated(InlineGrid(3), three)
    names = ["1.weight", "1.bias", "2.weight", "2.bias", "5.weight", "5.bias"]
    assert seen == [names] * 8


def test_the_average_at_once_keeps_types_rounds_counts_and_leaves_what_agrees():
    first = {"w": torch.tensor([1.0]), "n": torch.tensor(3), "m": torch.tensor([True, False])}
    second = {"w": torch.tensor([4.0]), "n": torch.tensor(4), "m": torch.tensor([True, True])}
    mean = weighted_mean([first, second], [1, 2])
    assert mean["w"] == 3.0
    assert mean["n"] == 4
    assert mean["m"].tolist() == [True, True]
    assert {name: tensor.dtype for name, tensor in mean.items()} == {
        name: tensor.dtype for name, tensor in first.items()
    }
    exact = {"large": torch.tensor(2**62 + 1)}
    assert weighted_mean([exact, exact], [1, 2]) == exact


def test_models_with_buffers_answer_as_an_average_and_pooled(config):
    normed = config(DROPOUT)
    silos = load_silos(normed)
    trained = [
        state_from_bytes(alone(normed, silo.id).rounds[-1].weights[silo.id]) for silo in silos
    ]
    answers = Evaluator(normed, silos).predict(weighted_mean(trained, [1, 1, 1]))
    assert answers.probabilities.shape == (20, 10)
    assert alone(normed, POOLED, Regime.CENTRALIZED).rounds[-1].weights[None]
