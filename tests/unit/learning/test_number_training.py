"""Training on labels that are numbers: the same loop, with another loss."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression
from torch import nn

from fedcompare.config.choices import Choice
from fedcompare.config.groups import ExperimentConfig, ModelConfig, TrainConfig
from fedcompare.data.examples import Dataset, Examples, Scale
from fedcompare.learning.forward import predict
from fedcompare.learning.models.catalog import build_model
from fedcompare.learning.training import train_round
from fedcompare.regimes.defaults import with_defaults
from fedcompare.tasks import Task

LINEAR = ModelConfig(model=Choice("linear"))
CONFIG = TrainConfig(learning_rate=0.05, batch_size=20)


def numbers(*, unit=1.0, offset=0.0):
    """Return examples whose label is a sum of inputs, and some noise."""
    random = np.random.default_rng(1)
    inputs = random.normal(size=(60, 3))
    labels = inputs @ [3.0, -2.0, 0.5] + random.normal(0, 0.3, 60)
    labels = unit * labels + offset
    return Examples.numbered(
        inputs=torch.from_numpy(inputs).float(),
        labels=torch.from_numpy(labels),
        scale=Scale(mean=float(labels.mean()), deviation=float(labels.std())),
    )


def trained(examples, *, epochs=150, config=CONFIG):
    model = build_model(LINEAR, input_shape=(3,), num_outputs=1, seed=1)
    losses = train_round(model, examples, config, epochs=epochs, seed=5)
    return model, losses


def test_a_linear_model_becomes_least_squares():
    examples = numbers(unit=100.0, offset=-7000.0)
    model, losses = trained(examples)
    found = predict(model, examples.inputs, examples.scale).numpy()
    exact = LinearRegression().fit(examples.inputs.numpy(), examples.labels.numpy())
    np.testing.assert_allclose(
        found, exact.predict(examples.inputs.numpy()), atol=0.05 * examples.scale.deviation
    )
    assert losses[-1] == pytest.approx(1 - exact.score(examples.inputs, examples.labels), abs=0.01)


def test_the_unit_of_the_label_changes_no_weight():
    ours, theirs = (
        trained(numbers(unit=unit, offset=offset), epochs=3)[0].state_dict()
        for unit, offset in ((1.0, 0.0), (1e5, 3e6))
    )
    for name, tensor in ours.items():
        torch.testing.assert_close(theirs[name], tensor, rtol=1e-4, atol=1e-5)


def test_a_subset_is_on_the_scale_of_all():
    examples = numbers()
    part = examples.subset(np.array([3, 1]))
    assert part.scale == examples.scale
    assert torch.equal(part.targets, examples.targets[[3, 1]])


def test_classes_are_their_own_targets():
    examples = Examples.numbered(inputs=torch.zeros(3, 2), labels=torch.tensor([0, 2, 1]))
    assert examples.targets is examples.labels
    assert examples.strata is examples.labels


def test_numbers_are_counted_as_one_class_without_a_name():
    examples = numbers()
    dataset = Dataset(
        train=examples, test=examples, class_names=(), fingerprint="", example_bytes=1
    )
    assert (dataset.task, dataset.num_outputs) == (Task.REGRESSION, 1)
    assert not examples.strata.any()
    named = replace(dataset, class_names=("a", "b"))
    assert (named.task, named.num_outputs) == (Task.BINARY, 2)


def test_answers_that_are_not_finite_stay_so():
    model = nn.Linear(3, 1)
    nn.init.constant_(model.weight, torch.inf)
    examples = numbers()
    assert not predict(model, examples.inputs, examples.scale).isfinite().any()


def test_a_model_of_doubles_learns_numbers_too():
    examples = numbers()

    class Doubles(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 1).double()

        def forward(self, inputs):
            return self.layer(inputs.double())

    losses = train_round(Doubles(), examples, CONFIG, epochs=20, seed=1)
    assert losses[-1] < losses[0] / 2


def test_the_default_steps_hold_where_hundreds_of_inputs_are_nearly_alike():
    random = np.random.default_rng(3)
    common = random.normal(size=(60, 1))
    inputs = common + 0.1 * random.normal(size=(60, 300))
    labels = torch.from_numpy(5 * common[:, 0] + random.normal(0, 1, 60))
    scale = Scale(mean=float(labels.mean()), deviation=float(labels.std()))
    examples = Examples.numbered(
        inputs=torch.from_numpy(inputs).float(), labels=labels, scale=scale
    )
    own = with_defaults(ExperimentConfig(), [60], is_table=True, num_inputs=300).train
    model = build_model(LINEAR, input_shape=(300,), num_outputs=1, seed=1)
    losses = train_round(model, examples, own, epochs=60, seed=5)
    assert losses[-1] < 0.2
