"""What happens from round to round of made-up answers, against the same by hand."""

import numpy as np
import pytest

from fedcompare.comparison.rounds import curves, forgetting
from fedcompare.findings.test_sets import ALL, own
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.models import ModelId
from made_up_answers import ANSWERS, CASES, FOLLOWED_MODELS, LABELS, ROUNDS, UNTESTED


def test_curves_hold_every_round_of_all_that_has_rounds():
    found = {(curve.model, curve.test_set): curve for curve in curves(ANSWERS, CASES)}
    wanted = {
        (model, test_set)
        for model in FOLLOWED_MODELS
        for test_set in (ALL, *map(own, [model.silo] if model.silo else [1, 2]))
    }
    assert set(found) == {(model.key, test_set.key) for model, test_set in wanted}
    assert {model for model, _ in found} == {
        *("isolated-equal-silo-1", "isolated-equal-silo-2", "federated", "centralized"),
    }
    for model, test_set in wanted:
        curve = found[model.key, test_set.key]
        assert tuple(point.round for point in curve.points) == ROUNDS
        for point in curve.points:
            values = [
                (seed.rounds[model, point.round] == LABELS) @ CASES.weights(test_set, index)
                for index, seed in enumerate(ANSWERS)
            ]
            expected = (np.mean(values), min(values), max(values))
            assert (point.mean, point.lowest, point.highest) == pytest.approx(expected)


def test_forgetting_compares_the_models_around_a_silos_training():
    found = list(forgetting(ANSWERS, CASES))
    assert [(item.round, item.silo) for item in found] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    for item in found:
        shared, local = ModelId(Regime.FEDERATED), ModelId(Regime.FEDERATED, item.silo)
        keys = {
            "before": (shared, item.round - 1),
            "local": (local, item.round),
            "after": (shared, item.round),
        }
        for name, key in keys.items():
            rows = [
                [(seed.rounds[key] == LABELS)[c == LABELS].mean() for c in range(4)]
                for seed in ANSWERS
            ]
            assert getattr(item, name) == pytest.approx(np.mean(rows, axis=0))


def test_a_class_without_test_examples_has_no_number_and_changes_none():
    pairs = zip(forgetting(ANSWERS, CASES), forgetting(ANSWERS, UNTESTED), strict=True)
    for before, after in pairs:
        for when in ("before", "local", "after"):
            assert getattr(after, when) == (*getattr(before, when), None)
