"""What a silo's own rows give without a network, however few they are."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from fedcompare.data.examples import Examples, Scale
from fedcompare.evaluation.conventional import FITS, conventional_answers
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import ModelId

CLASSES = ("no", "perhaps", "yes")
REGIMES = tuple(FITS)
LINEAR, TREES = ModelId(Regime.REGULARISED_LINEAR, 1), ModelId(Regime.BOOSTED_TREES, 1)


class Silos(list):
    """Silos of a table, which is all that is asked of them here."""

    def __init__(self, *trains, class_names=CLASSES):
        super().__init__(SimpleNamespace(id=i, train=t) for i, t in enumerate(trains, start=1))
        self.class_names = class_names


def told(labels, *, of_numbers=False, seed=0):
    """Return examples whose inputs nearly tell the labels, in columns of unlike spread."""
    random, labels = np.random.default_rng(seed), np.asarray(labels)
    columns = [labels + random.normal(0, 0.3, len(labels)), 100 * random.normal(size=len(labels))]
    inputs = torch.from_numpy(np.stack([*columns, np.ones(len(labels))], axis=1)).float()
    scale = Scale(mean=0.0, deviation=1.0) if of_numbers else None
    return Examples.numbered(inputs=inputs, labels=torch.from_numpy(labels), scale=scale)


TEST = told(np.repeat([0, 1, 2], 40), seed=1)
NUMBERS = told(np.linspace(-3, 3, 50), of_numbers=True, seed=2)


def answers(train, *, test=TEST, seed=3, class_names=CLASSES):
    return conventional_answers(REGIMES, Silos(train, class_names=class_names), test, seed=seed)


def test_the_constant_answer_is_the_shares_of_a_silos_classes():
    found = answers(told([0, 2, 2, 2]))[ModelId(Regime.CONSTANT, 1)]
    np.testing.assert_allclose(found.probabilities, np.tile([0.25, 0, 0.75], (len(TEST), 1)))
    assert set(found.predicted) == {2}


def test_the_constant_number_is_the_mean_of_a_silos_labels():
    train = told([1.0, 2.0, 6.0], of_numbers=True)
    found = answers(train, test=NUMBERS, class_names=())[ModelId(Regime.CONSTANT, 1)]
    np.testing.assert_array_equal(found.predicted, np.full(len(NUMBERS), 3.0))
    assert found.probabilities is None


def test_the_linear_model_is_scikit_learns_on_inputs_standardised_by_the_silo():
    train = told(np.repeat([0, 1, 2], 20))
    scaler = StandardScaler().fit(train.inputs.double().numpy())
    given, asked = (scaler.transform(e.inputs.double().numpy()) for e in (train, TEST))
    expected = LogisticRegression(C=1.0).fit(given, train.labels.numpy()).predict_proba(asked)
    np.testing.assert_allclose(answers(train)[LINEAR].probabilities, expected, atol=1e-4)
    numbers = told(np.linspace(-2, 2, 30), of_numbers=True)
    scaler = StandardScaler().fit(numbers.inputs.double().numpy())
    given, asked = (scaler.transform(e.inputs.double().numpy()) for e in (numbers, NUMBERS))
    expected = Ridge(alpha=1.0).fit(given, numbers.labels.numpy()).predict(asked)
    found = answers(numbers, test=NUMBERS, class_names=())[LINEAR]
    np.testing.assert_allclose(found.predicted, expected)


@pytest.mark.parametrize("model", [LINEAR, TREES], ids=lambda model: model.key)
def test_what_can_be_told_is_learnt(model):
    found = answers(told(np.repeat([0, 1, 2], 60)))[model]
    assert np.mean(found.predicted == found.labels) > 0.8
    train = told(np.linspace(-3, 3, 90), of_numbers=True)
    numbers = answers(train, test=NUMBERS, class_names=())[model]
    assert np.abs(numbers.predicted - numbers.labels).mean() < 0.6


@pytest.mark.parametrize(
    "labels", [[1], [1, 1], [0, 1], [2, 0, 2], [1] * 50], ids=lambda labels: f"{len(labels)} rows"
)
def test_few_rows_or_one_class_give_answers_and_no_warning(labels):
    found = answers(told(labels))
    assert len(found) == len(REGIMES)
    for own in found.values():
        assert own.probabilities.shape == (len(TEST), len(CLASSES))
        np.testing.assert_allclose(own.probabilities.sum(axis=1), 1, atol=1e-6)
        lacking = [c for c in range(len(CLASSES)) if c not in labels]
        assert not own.probabilities[:, lacking].any()


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_numbers_give_answers_that_are_finite(count):
    train = told(np.arange(count, dtype=float), of_numbers=True)
    for own in answers(train, test=NUMBERS, class_names=()).values():
        assert own.predicted.shape == (len(NUMBERS),)
        assert np.isfinite(own.predicted).all()


def test_answers_are_the_same_bytes_again_whatever_other_silos_there_are():
    train, other = told(np.repeat([0, 1, 2], 30)), told([0, 1, 1, 2], seed=9)
    alone = answers(train)
    beside = conventional_answers(REGIMES, Silos(train, other), TEST, seed=3)
    for model, own in alone.items():
        assert own.probabilities.tobytes() == beside[model].probabilities.tobytes()
    assert {model.silo for model in beside} == {1, 2}
