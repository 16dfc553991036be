"""The answers of a seed's folds, together, are those of one test set."""

from dataclasses import replace

import numpy as np
import pytest

from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.stored import merge_folds
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import ModelId
from fedcompare.regimes.records import Origin
from made_up_answers import ANSWERS, LABELS

FOLDS = 3
WHOLE = replace(ANSWERS[0], owners=np.arange(len(LABELS)) % 4, groups=np.arange(len(LABELS)) // 6)
NUMBERS = np.random.default_rng(4).integers(0, FOLDS, len(LABELS) // 6 + 1)[WHOLE.groups]


def in_fold(number):
    """Return what one fold's models answered of the whole, its groups numbered from 0 on."""
    rows = np.flatnonzero(number == NUMBERS)
    return replace(
        WHOLE,
        final={model: own.at(own.ids[rows]) for model, own in WHOLE.final.items()},
        rounds={key: own[rows] for key, own in WHOLE.rounds.items()},
        origin=Origin(data=f"fold {number}", partition="made up"),
        owners=WHOLE.owners[rows],
        groups=np.unique(WHOLE.groups[rows], return_inverse=True)[1],
    )


@pytest.fixture(scope="module")
def merged():
    return merge_folds([in_fold(number) for number in range(FOLDS)])


def test_all_answers_stand_in_the_order_of_the_examples(merged):
    for model, own in WHOLE.final.items():
        np.testing.assert_array_equal(merged.final[model].ids, own.ids)
        np.testing.assert_array_equal(merged.final[model].labels, own.labels)
        np.testing.assert_array_equal(merged.final[model].probabilities, own.probabilities)
    for key, own in WHOLE.rounds.items():
        np.testing.assert_array_equal(merged.rounds[key], own)
    np.testing.assert_array_equal(merged.owners, WHOLE.owners)


def test_groups_of_different_folds_stay_apart(merged):
    pairs = set(zip(merged.groups.tolist(), WHOLE.groups.tolist(), strict=True))
    assert len(pairs) == len(set(merged.groups.tolist())) == len(set(WHOLE.groups.tolist()))


def test_trainings_add_up_and_silos_have_the_mean_of_what_they_train_on(merged):
    before, after = WHOLE.trainings[Regime.FEDERATED], merged.trainings[Regime.FEDERATED]
    assert after.seconds == pytest.approx(FOLDS * before.seconds)
    assert after.local_steps == tuple(FOLDS * steps for steps in before.local_steps)
    assert after.epochs == before.epochs
    assert merged.model_bytes == FOLDS * WHOLE.model_bytes
    assert merged.label_counts == pytest.approx(np.array(WHOLE.label_counts))
    assert merged.sizes == WHOLE.sizes
    assert merged.folds == FOLDS


def test_data_of_other_folds_are_other_data(merged):
    others = merge_folds([in_fold(number) for number in (0, 2, 1)])
    assert others.origin.data != merged.origin.data
    assert others.origin.partition == merged.origin.partition


def test_one_fold_is_as_it_is():
    assert merge_folds([WHOLE]) is WHOLE


def test_joined_answers_have_probabilities_only_where_all_have():
    model = ModelId(Regime.FEDERATED)
    first, other = (in_fold(number).final[model] for number in (0, 1))
    assert Answers.joined([first, other]).probabilities is not None
    bare = replace(other, probabilities=None)
    assert Answers.joined([first, bare]).probabilities is None
