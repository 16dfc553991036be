"""A stack of small models: each has the bits that it has alone, and learns as in a plain loop."""

import copy
import itertools
import math
import random
from dataclasses import replace

import pytest
import torch

from fedcompare.config.groups import ModelConfig, TrainConfig
from fedcompare.data.examples import Examples, Scale
from fedcompare.learning import padded, stacked, training
from fedcompare.learning.forward import torch_threads
from fedcompare.learning.models import mlp
from fedcompare.learning.models.catalog import build_model, is_stackable
from fedcompare.learning.training import train_rounds
from fedcompare.learning.training_round import TrainingRound
from fedcompare.learning.weights import state_to_bytes

CONFIG = TrainConfig(learning_rate=0.05, momentum=0.9, batch_size=32)
SHAPES = [((), 1), ((), 2), ((), 10), ((16,), 2), ((16,), 1), ((7, 5), 3), ((64,), 10)]
SIZES = (1, 2, 3, 18, 31, 32, 33, 64, 65, 100, 200)


def examples(count, *, features=20, outputs=2, seed=0):
    """Return rows of noise with labels; where there is one output, labels are numbers."""
    draw = torch.Generator().manual_seed(seed)
    inputs = torch.randn(count, features, generator=draw)
    if outputs == 1:
        labels = 3 + 5 * torch.randn(count, generator=draw, dtype=torch.float64)
        return Examples.numbered(inputs=inputs, labels=labels, scale=Scale(mean=3.0, deviation=5.0))
    labels = torch.randint(outputs, (count,), generator=draw)
    return Examples.numbered(inputs=inputs, labels=labels)


def one(count=70, *, seed=0, hidden=(), outputs=2, features=20, epochs=2, **changes):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = mlp.build(input_shape=(features,), num_outputs=outputs, hidden=hidden)
    return TrainingRound(
        model=model,
        examples=examples(count, features=features, outputs=outputs, seed=seed),
        config=CONFIG.model_copy(update=changes),
        epochs=epochs,
        seed=seed,
    )


def trained(rounds):
    """Return the losses of each, and the bits of its model, which stays as it was."""
    rounds = [replace(own, model=copy.deepcopy(own.model)) for own in rounds]
    losses = train_rounds(rounds)
    bits = [state_to_bytes(own.model.state_dict()) for own in rounds]
    return list(zip(losses, bits, strict=True))


def alone(rounds):
    return [found for own in rounds for found in trained([own])]


def stacked_shapes(monkeypatch):
    """Return a list that will hold of how many models each stack was."""
    found, whole = [], training.train_stack

    def spy(rounds, models):
        found.append(len(rounds))
        return whole(rounds, models)

    monkeypatch.setattr(training, "train_stack", spy)
    return found


@pytest.mark.parametrize(("hidden", "outputs"), SHAPES)
@pytest.mark.parametrize("others", [1, 2, 24])
def test_every_model_of_a_stack_has_the_bits_that_it_has_alone(hidden, outputs, others):
    sizes = itertools.cycle(SIZES)
    rounds = [
        one(size, seed=seed, hidden=hidden, outputs=outputs)
        for seed, size in zip(range(1 + others), sizes, strict=False)
    ]
    assert trained(rounds) == alone(rounds)


@pytest.mark.parametrize("count", [99, 199])
def test_in_a_large_stack_too(count):
    rounds = [one(SIZES[seed % len(SIZES)], seed=seed, epochs=1) for seed in range(count)]
    together = trained(rounds)
    for position in (0, 1, 7, count // 2, count - 1):
        assert [together[position]] == trained([rounds[position]])


@pytest.mark.parametrize("batch_size", [1, 2, 3, 16, 33, 64, 10_000])
@pytest.mark.parametrize("features", [1, 13, 33])
def test_whatever_the_batches_and_inputs(batch_size, features):
    rounds = [
        one(size, seed=size, features=features, hidden=(31,), batch_size=batch_size, epochs=1)
        for size in (50, 5, 120, 1)
    ]
    assert trained(rounds) == alone(rounds)


def test_whatever_the_company_and_its_order():
    rounds = [one(size, seed=size, hidden=(16,)) for size in SIZES]
    found, draw = alone(rounds), random.Random(0)
    for count in (2, 3, 5, len(rounds)):
        chosen = draw.sample(range(len(rounds)), count)
        assert trained([rounds[n] for n in chosen]) == [found[n] for n in chosen]


def test_models_of_one_stack_have_penalties_of_their_own(monkeypatch):
    stacks = stacked_shapes(monkeypatch)
    penalties = (0.0, 0.3, 7.0)
    rounds = [one(l2_penalty=penalty) for penalty in penalties]
    rounds += [replace(rounds[1], num_examples=500)]
    together = trained(rounds)
    assert stacks == [4]
    assert together == alone(rounds)
    assert len({bits for _, bits in together}) == 4


def test_what_trains_otherwise_is_another_stack_and_changes_nobodys_bits(monkeypatch):
    stacks = stacked_shapes(monkeypatch)
    changes = [
        {},
        {"momentum": 0.0},
        {"learning_rate": 0.1},
        {"batch_size": 16},
        {"epochs": 3},
        {"hidden": (16,)},
        {"outputs": 1},
        {"features": 21},
    ]
    rounds = [one(seed=seed, **change) for change in changes for seed in (1, 2)]
    together = trained(rounds)
    assert stacks == [2] * len(changes)
    assert together == alone(rounds)


def test_a_stack_as_large_as_the_cache_is_made_in_pieces_without_a_change_of_bits(monkeypatch):
    rounds = [one(size, seed=size) for size in SIZES]
    whole, stacks = trained(rounds), stacked_shapes(monkeypatch)
    monkeypatch.setattr(stacked, "_STEP", 5000)
    assert trained(rounds) == whole
    monkeypatch.setattr(stacked, "_DATA", 100)
    assert trained(rounds) == whole
    monkeypatch.setattr(padded, "_BLOCK", 1)
    assert trained(rounds) == whole
    assert max(stacks) < len(rounds)


def test_models_of_one_silos_examples_may_share_them():
    shared = examples(70)
    rounds = [replace(one(seed=seed), examples=shared) for seed in range(3)]
    assert trained(rounds) == alone(rounds)


def test_threads_do_not_change_the_bits():
    rounds = [one(200, seed=seed, hidden=(64,), outputs=10) for seed in range(25)]
    with torch_threads(2):
        several = trained(rounds)
    with torch_threads(1):
        assert trained(rounds) == several


# Against a plain loop.


@pytest.mark.parametrize(("hidden", "outputs"), SHAPES)
@pytest.mark.parametrize("changes", [{"l2_penalty": 3.0}, {"momentum": 0.0}])
def test_a_stack_learns_what_the_plain_loop_learns(monkeypatch, hidden, outputs, changes):
    rounds = [
        one(size, seed=size, hidden=hidden, outputs=outputs, epochs=4, **changes)
        for size in (1, 40, 70)
    ]
    plain = [replace(own, model=copy.deepcopy(own.model)) for own in rounds]
    losses = train_rounds(rounds)
    monkeypatch.setattr(training, "is_stackable", lambda model: False)
    expected = train_rounds(plain)
    for ours, theirs, own, other in zip(rounds, plain, losses, expected, strict=True):
        assert own == pytest.approx(other, rel=1e-5, abs=1e-6)
        state = theirs.model.state_dict()
        for name, tensor in ours.model.state_dict().items():
            torch.testing.assert_close(tensor, state[name], rtol=1e-4, atol=1e-5)


def test_every_epoch_is_told_with_its_loss():
    told = []
    rounds = [
        replace(one(size, seed=size), on_epoch=lambda *e, size=size: told.append((size, *e)))
        for size in (3, 70)
    ]
    losses = train_rounds(rounds)
    assert told == [
        (size, epoch, own[epoch - 1])
        for epoch in (1, 2)
        for size, own in ((70, losses[1]), (3, losses[0]))
    ]


# Divergence.


def huge(own):
    """Return the same round with inputs that no training survives."""
    return replace(own, examples=replace(own.examples, inputs=own.examples.inputs * 1e30))


@pytest.mark.parametrize("outputs", [1, 3])
def test_a_model_that_diverges_ends_there_and_harms_no_other(outputs):
    rounds = [one(size, seed=size, outputs=outputs, hidden=(16,), epochs=3) for size in SIZES]
    found = alone(rounds)
    for place in (0, len(rounds) - 1):
        company = [huge(own) if n == place else own for n, own in enumerate(rounds)]
        together = trained(company)
        (losses, bits) = together[place]
        assert not math.isfinite(losses[-1])
        assert all(map(math.isfinite, losses[:-1]))
        assert repr([(losses, bits)]) == repr(trained([company[place]]))  # NaN is not NaN
        del together[place]
        assert together == [own for n, own in enumerate(found) if n != place]


def test_a_stack_ends_once_all_have_diverged():
    told = []
    rounds = [
        replace(huge(one(hidden=(16,), epochs=50)), on_epoch=lambda epoch, loss: told.append(epoch))
        for _ in range(2)
    ]
    assert max(map(len, train_rounds(rounds))) < 50
    assert max(told) < 50


# Which models.


def test_small_models_of_the_catalog_are_stackable_and_the_tutorials_is_not():
    def built(shape, outputs, **keys):
        return build_model(ModelConfig(**keys), input_shape=shape, num_outputs=outputs, seed=1)

    assert not is_stackable(built((1, 28, 28), 10))
    assert is_stackable(built((30,), 2))
    assert is_stackable(built((30,), 2, model="linear"))
    assert is_stackable(built((1, 28, 28), 10, model="linear"))
    assert not is_stackable(built((30,), 2, model="2nn"))
    assert not is_stackable(built((1, 8, 8), 10, model="cnn"))


def test_a_users_own_model_is_not_stackable():
    class Own(mlp.FullyConnected):
        pass

    frozen = mlp.build(input_shape=(5,), num_outputs=2, hidden=(3,))
    frozen.output.bias.requires_grad_(False)
    assert not is_stackable(torch.nn.Linear(5, 2))
    assert not is_stackable(Own(num_features=5, hidden=(3,), num_outputs=2))
    assert not is_stackable(frozen)


def test_a_stack_trains_on_the_cpu_alone(monkeypatch):
    monkeypatch.setattr(training, "train_stack", lambda rounds, models: pytest.fail("a stack"))
    monkeypatch.setattr(training, "_train", lambda own: [own.config.device])
    assert train_rounds([one(device="cuda")]) == [["cuda"]]
