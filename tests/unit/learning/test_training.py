import copy
from contextlib import suppress

import pytest
import torch
import torch.nn.functional as F

from fedcompare.config.groups import ModelConfig, TrainConfig
from fedcompare.learning.forward import predict, torch_threads
from fedcompare.learning.models.catalog import build_model
from fedcompare.learning.optimiser import MomentumSGD
from fedcompare.learning.training import train_round, train_rounds
from fedcompare.learning.training_round import TrainingRound
from fedcompare.learning.weights import state_to_bytes
from support import made_up_examples

CONFIG = TrainConfig(learning_rate=0.05, momentum=0.9, batch_size=16)
EXAMPLES = made_up_examples(70)  # 4 batches of 16 and one of 6


@pytest.fixture(autouse=True)
def one_thread():
    with torch_threads(1):
        yield


def new_model(hidden_units=16):
    config = ModelConfig(hidden_units=hidden_units)
    return build_model(config, input_shape=(1, 8, 8), num_outputs=10, seed=1)


def large_model():
    """Return a model that is too large for a stack."""
    return new_model(hidden_units=300)


def weights(model):
    return state_to_bytes(model.state_dict())


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_the_optimiser_is_torchs_bit_for_bit_and_biases_never_decay(momentum, decay):
    ours = [torch.randn(37, 5), torch.randn(5), torch.randn(2, 37), torch.randn(2)]
    theirs = [p.clone().requires_grad_() for p in ours]
    optimiser = MomentumSGD(ours, learning_rate=0.03, momentum=momentum, weight_decay=decay)
    groups = [
        {"params": theirs[::2], "weight_decay": decay},
        {"params": theirs[1::2], "weight_decay": 0.0},
    ]
    reference = torch.optim.SGD(groups, lr=0.03, momentum=momentum, fused=True)
    for _ in range(10):
        gradients = tuple(torch.randn_like(p) for p in ours)
        for parameter, gradient in zip(theirs, gradients, strict=True):
            parameter.grad = gradient.clone()
        optimiser.step(gradients)
        reference.step()
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def naive_training(model, *, epochs, seed):
    """The loop of any PyTorch tutorial, with the fused kernel that we use too."""
    optimiser = torch.optim.SGD(
        model.parameters(), lr=CONFIG.learning_rate, momentum=CONFIG.momentum, fused=True
    )
    generator = torch.Generator().manual_seed(seed)
    means = []
    for _ in range(epochs):
        total = 0.0
        for rows in torch.randperm(len(EXAMPLES), generator=generator).split(CONFIG.batch_size):
            optimiser.zero_grad()
            loss = F.cross_entropy(model(EXAMPLES.inputs[rows]), EXAMPLES.labels[rows])
            loss.backward()
            optimiser.step()
            total += loss.item() * len(rows)
        means.append(total / len(EXAMPLES))
    return means


def test_of_a_model_too_large_for_a_stack_the_loop_is_a_plain_loop_bit_for_bit():
    ours, naive = large_model(), large_model()
    losses = train_round(ours, EXAMPLES, CONFIG, epochs=3, seed=4)
    assert losses == pytest.approx(naive_training(naive, epochs=3, seed=4), rel=1e-12)
    assert weights(ours) == weights(naive)


def test_the_epochs_loss_is_the_mean_over_examples():
    still = CONFIG.model_copy(update={"learning_rate": 1e-30})
    model = new_model()
    expected = F.cross_entropy(model(EXAMPLES.inputs), EXAMPLES.labels).item()
    (loss,) = train_round(model, EXAMPLES, still, epochs=1, seed=0)
    assert loss == pytest.approx(expected, rel=1e-6)


def test_training_depends_on_its_arguments_alone():
    results = []
    for global_seed in (1, 2):
        torch.manual_seed(global_seed)
        model = new_model()
        results.append((train_round(model, EXAMPLES, CONFIG, epochs=2, seed=9), weights(model)))
    assert results[0] == results[1]


def test_another_seed_trains_in_another_order():
    first, second = new_model(), new_model()
    train_round(first, EXAMPLES, CONFIG, epochs=1, seed=1)
    train_round(second, EXAMPLES, CONFIG, epochs=1, seed=2)
    assert weights(first) != weights(second)


@pytest.mark.parametrize("new_model", [new_model, large_model])
def test_trained_with_others_a_model_gets_the_bits_that_it_gets_alone(new_model):
    told = []
    budgets = [(1, 7), (3, 7), (2, 8)]  # epochs, seed
    rounds = [
        TrainingRound(
            model=new_model(),
            examples=made_up_examples(50 + epochs, seed=seed),
            config=CONFIG,
            epochs=epochs,
            seed=seed,
            on_epoch=lambda epoch, loss, seed=seed: told.append((seed, epoch, loss)),
        )
        for epochs, seed in budgets
    ]
    losses = train_rounds(rounds)
    assert sorted(told) == sorted(
        (seed, epoch, loss)
        for (_, seed), own in zip(budgets, losses, strict=True)
        for epoch, loss in enumerate(own, start=1)
    )
    for one, own in zip(rounds, losses, strict=True):
        alone = new_model()
        found = train_round(alone, one.examples, CONFIG, epochs=one.epochs, seed=one.seed)
        assert found == own
        assert weights(alone) == weights(one.model)


def test_training_learns():
    model = new_model()
    losses = train_round(model, EXAMPLES, CONFIG, epochs=30, seed=0)
    assert losses[-1] < 0.2 * losses[0]
    unseen = made_up_examples(50, seed=99)
    assert (predict(model, unseen.inputs).argmax(1) == unseen.labels).float().mean() > 0.9


def test_each_epoch_is_reported_as_it_ends():
    told = []
    losses = train_round(
        new_model(), EXAMPLES, CONFIG, epochs=3, seed=0, on_epoch=lambda *e: told.append(e)
    )
    assert told == list(enumerate(losses, start=1))


def test_a_batch_may_be_larger_than_the_data():
    large = CONFIG.model_copy(update={"batch_size": 1000})
    assert len(train_round(new_model(), EXAMPLES, large, epochs=1, seed=0)) == 1


def test_predictions_are_probabilities_in_the_order_of_the_inputs(monkeypatch):
    model = new_model()
    whole = predict(model, EXAMPLES.inputs)
    assert whole.dtype == torch.float32
    torch.testing.assert_close(whole.sum(dim=1), torch.ones(70))
    torch.testing.assert_close(whole, model(EXAMPLES.inputs).softmax(dim=1).detach())
    monkeypatch.setattr("fedcompare.learning.forward._PREDICT_BATCH", 32)
    torch.testing.assert_close(predict(model, EXAMPLES.inputs), whole)


def test_predicting_changes_no_weights():
    model = new_model()
    before = copy.deepcopy(model.state_dict())
    predict(model, EXAMPLES.inputs)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_threads_are_given_back_even_after_an_error():
    before = torch.get_num_threads()
    with suppress(ZeroDivisionError), torch_threads(before + 1):
        assert torch.get_num_threads() == before + 1
        1 / 0  # noqa: B018
    assert torch.get_num_threads() == before
