"""What is measured of made-up answers, against the same by hand."""

from dataclasses import replace

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from fedcompare.comparison.measures import (
    accuracies,
    check_same_test_set,
    confusions,
    curves,
    forgetting,
    mistakes,
    qualities,
    single_accuracies,
    spread,
)
from fedcompare.evaluation.answers import Predictions
from fedcompare.evaluation.cases import ALL, Cases, own, unseen
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.gains import Spread
from fedcompare.findings.scores import Model
from fedcompare.regimes.catalog import Regime, row_of
from fedcompare.regimes.models import model_key
from support import ORIGIN

LABELS = np.repeat([0, 1, 2, 3], [12, 9, 10, 9])
NAMES = ("cat", "dog", "hen", "owl")
SEEDS = (3, 4, 5)
ROUNDS = (0, 1, 2)
# [seed][silo][class]: silo 1 lacks hen and owl, silo 2 lacks nothing.
COUNTS = [((8, 2 + k, 0, 0), (1, 5, 5, 5)) for k in range(len(SEEDS))]
CASES = Cases.build(LABELS, COUNTS, NAMES, [(1, 2)])
MODELS = [
    Model(key=model_key(regime, silo), label="", regime=regime, silo=silo, epochs=1)
    for regime in Regime
    for silo in row_of(regime).owners([1, 2])
]
FOLLOWED = ("isolated-equal-silo-1", "isolated-equal-silo-2", "federated", "centralized")


def made_up(random):
    probabilities = random.dirichlet(np.ones(4), len(LABELS)) + 0.4 * np.eye(4)[LABELS]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return Predictions(labels=LABELS, probabilities=probabilities.astype(np.float32))


def made_up_answers():
    random = np.random.default_rng(1)
    rounds = [(key, number) for key in FOLLOWED for number in ROUNDS]
    rounds += [(model_key("local", silo), number) for silo in (1, 2) for number in ROUNDS[1:]]
    return [
        SeedAnswers(
            seed=seed,
            predictions={model.key: made_up(random) for model in MODELS},
            rounds={key: random.integers(0, 4, len(LABELS)) for key in rounds},
            origin=ORIGIN,
            trainings={},
            model_bytes=1,
        )
        for seed in SEEDS
    ]


ANSWERS = made_up_answers()


def certain(labels, predicted, confidence, classes=4):
    """Return predictions of this confidence, the rest shared by the other classes."""
    confidence = np.broadcast_to(confidence, len(labels))
    rest = np.repeat((1 - confidence)[:, None] / (classes - 1), classes, axis=1)
    rest[np.arange(len(labels)), predicted] = confidence
    return Predictions(labels=np.asarray(labels), probabilities=rest.astype(np.float32))


def calibration_by_hand(predictions, bins=15):
    """Return the expected calibration error by the book: bins ((m - 1) / M, m / M]."""
    total = 0.0
    for lower in range(bins):
        low, high = lower / bins, (lower + 1) / bins
        inside = (predictions.confidence > low) & (predictions.confidence <= high)
        if inside.any():
            right = (predictions.predicted == predictions.labels)[inside].mean()
            sure = predictions.confidence[inside].astype(np.float64).mean()
            total += inside.sum() * abs(right - sure)
    return total / len(predictions.labels)


def test_every_model_is_measured_on_every_test_set_in_every_seed():
    singles = list(single_accuracies(ANSWERS, MODELS, CASES))
    found = {(s.seed, s.model, s.test_set) for s in singles}
    assert len(found) == len(singles) == len(SEEDS) * len(MODELS) * len(CASES.test_sets())


def test_single_accuracies_are_weighted_shares_of_right_answers():
    for single in single_accuracies(ANSWERS, MODELS, CASES):
        index = SEEDS.index(single.seed)
        predictions = ANSWERS[index].predictions[single.model]
        right = predictions.predicted == LABELS
        assert single.accuracy == pytest.approx(right @ CASES.weights(single.test_set, index))


def test_wilsons_interval_is_given_only_for_plain_proportions():
    for single in single_accuracies(ANSWERS, MODELS, CASES):
        if single.test_set.startswith("own:"):
            assert (single.low, single.high) == (None, None)
        else:
            correct = round(single.accuracy * single.num_examples)
            expected = proportion_confint(correct, single.num_examples, method="wilson")
            assert (single.low, single.high) == pytest.approx(expected)
            assert single.low <= single.accuracy <= single.high


def test_accuracies_are_mean_lowest_and_highest_over_the_seeds():
    singles = tuple(single_accuracies(ANSWERS, MODELS, CASES))
    found = list(accuracies(singles))
    assert len(found) * len(SEEDS) == len(singles)
    for item in found:
        values = [
            s.accuracy for s in singles if (s.model, s.test_set) == (item.model, item.test_set)
        ]
        assert item.mean == pytest.approx(sum(values) / 3)
        assert (item.lowest, item.highest) == (min(values), max(values))


def test_spread_of_one_value_is_that_value():
    assert spread([0.25]) == Spread(mean=0.25, lowest=0.25, highest=0.25)
    assert spread([-1.0, 0.0, 4.0]) == Spread(mean=1.0, lowest=-1.0, highest=4.0)


def test_curves_hold_every_round_of_all_that_has_rounds():
    found = {(curve.model, curve.test_set): curve for curve in curves(ANSWERS, CASES)}
    assert set(found) == {
        *((FOLLOWED[silo - 1], key) for silo in (1, 2) for key in (ALL, own(silo))),
        *((model, key) for model in FOLLOWED[2:] for key in (ALL, own(1), own(2))),
    }
    for (model, key), curve in found.items():
        assert tuple(point.round for point in curve.points) == ROUNDS
        for point in curve.points:
            values = [
                (seed.rounds[model, point.round] == LABELS) @ CASES.weights(key, index)
                for index, seed in enumerate(ANSWERS)
            ]
            expected = (np.mean(values), min(values), max(values))
            assert (point.mean, point.lowest, point.highest) == pytest.approx(expected)


def test_confusions_are_summed_over_the_seeds():
    found = list(confusions(ANSWERS, CASES))
    assert [item.model for item in found] == list(FOLLOWED[:3])
    for item in found:
        expected = np.zeros((4, 4), dtype=int)
        for seed in ANSWERS:
            np.add.at(expected, (LABELS, seed.predictions[item.model].predicted), 1)
        np.testing.assert_array_equal(item.counts, expected)


def test_mistakes_are_the_commonest_answers_to_unseen_classes():
    found = list(mistakes(ANSWERS, CASES))
    assert {item.silo for item in found} == {1}
    for name in ("hen", "owl"):
        own_mistakes = [item for item in found if item.unseen_class == name]
        counts = [item.num_examples for item in own_mistakes]
        assert 0 < len(counts) <= 3
        assert counts == sorted(counts, reverse=True)
        assert name not in {item.taken_for for item in own_mistakes}
    for item in found:
        sure, total = [], 0
        for seed in ANSWERS:
            predictions = seed.predictions["isolated-equal-silo-1"]
            of_class = NAMES.index(item.unseen_class) == LABELS
            chosen = of_class & (predictions.predicted == NAMES.index(item.taken_for))
            sure += predictions.confidence[chosen].astype(np.float64).tolist()
            total += of_class.sum()
        assert item.num_examples == len(sure)
        assert item.share == pytest.approx(len(sure) / total)
        assert item.confidence == pytest.approx(np.mean(sure))


def test_forgetting_compares_the_models_around_a_silos_training():
    found = list(forgetting(ANSWERS, CASES))
    assert [(item.round, item.silo) for item in found] == [(1, 1), (1, 2), (2, 1), (2, 2)]
    for item in found:
        keys = {
            "before": ("federated", item.round - 1),
            "local": (f"local-silo-{item.silo}", item.round),
            "after": ("federated", item.round),
        }
        for name, key in keys.items():
            rows = [
                [(seed.rounds[key] == LABELS)[c == LABELS].mean() for c in range(4)]
                for seed in ANSWERS
            ]
            assert getattr(item, name) == pytest.approx(np.mean(rows, axis=0))


def test_qualities_are_means_over_the_seeds():
    found = {item.model: item for item in qualities(ANSWERS, MODELS, CASES)}
    assert set(found) == {model.key for model in MODELS}
    for key, item in found.items():
        every = [seed.predictions[key] for seed in ANSWERS]
        assert item.macro_f1 == pytest.approx(np.mean([p.macro_f1() for p in every]))
        expected = np.mean([calibration_by_hand(p) for p in every])
        assert item.calibration_error == pytest.approx(expected)
        assert item.recall == pytest.approx(np.mean([p.recall() for p in every], axis=0))


def test_only_a_silo_that_lacks_classes_has_a_confidence_on_them():
    never = CASES.weights(unseen(1), 0) > 0
    for model, item in zip(MODELS, qualities(ANSWERS, MODELS, CASES), strict=True):
        if model.silo == 1:
            values = [seed.predictions[model.key].confidence[never] for seed in ANSWERS]
            assert item.unseen_confidence == pytest.approx(np.mean(values))
        else:
            assert item.unseen_confidence is None


def test_answers_to_another_test_are_not_mixed():
    assert check_same_test_set(ANSWERS).labels is LABELS
    other = Predictions(
        labels=LABELS[::-1], probabilities=ANSWERS[0].predictions["federated"].probabilities
    )
    odd = SeedAnswers(
        seed=9,
        predictions={"federated": other},
        rounds={},
        origin=ORIGIN,
        trainings={},
        model_bytes=1,
    )
    with pytest.raises(AssertionError):
        check_same_test_set([*ANSWERS, odd])


# Predictions' own measures.


def test_recall_and_f1_by_hand():
    predictions = certain([0, 0, 0, 1, 1, 2], [0, 0, 1, 1, 2, 0], 0.7)
    assert predictions.recall() == pytest.approx((2 / 3, 1 / 2, 0, np.nan), nan_ok=True)
    # F1 is 2 TP / (2 TP + FP + FN): 4/6, 2/4, 0/2; the class without examples counts nowhere.
    assert predictions.macro_f1() == pytest.approx((4 / 6 + 2 / 4) / 3)


def test_recall_is_the_diagonal_of_the_confusion_matrix():
    for seed in ANSWERS:
        for predictions in seed.predictions.values():
            counts = predictions.confusion()
            expected = np.diag(counts) / counts.sum(axis=1)
            assert predictions.recall() == pytest.approx(expected)


def test_the_calibration_error_by_the_book():
    for seed in range(20):
        random = np.random.default_rng(seed)
        predictions = made_up(random)
        expected = calibration_by_hand(predictions)
        assert predictions.calibration_error() == pytest.approx(expected)
        assert 0 <= expected <= 1


@pytest.mark.parametrize("confidence", [0.5, 0.6, 0.75, 1.0])
def test_a_model_that_is_as_often_right_as_it_says_has_no_calibration_error(confidence):
    labels = np.zeros(20, dtype=int)
    predicted = (np.arange(20) >= round(20 * confidence)).astype(int)
    error = certain(labels, predicted, confidence).calibration_error()
    assert error == pytest.approx(0, abs=1e-7)


def test_a_certain_model_that_is_always_wrong_has_the_largest_calibration_error():
    labels = np.arange(20) % 4
    assert certain(labels, (labels + 1) % 4, 1.0).calibration_error() == pytest.approx(1)


def test_too_sure_in_one_bin_and_too_unsure_in_another_do_not_cancel_out():
    labels = np.zeros(20, dtype=int)
    predicted = np.repeat([0, 1], 10)
    error = certain(labels, predicted, np.repeat([0.6, 0.8], 10)).calibration_error()
    assert error == pytest.approx((10 * 0.4 + 10 * 0.8) / 20, abs=1e-6)


UNTESTED = Cases.build(LABELS, [[(*own, 0) for own in row] for row in COUNTS], (*NAMES, "bat"), [])


def widened(predictions):
    """Return the same answers of a model that also knows a class without test examples."""
    none = np.zeros((len(LABELS), 1), dtype=np.float32)
    return replace(predictions, probabilities=np.hstack((predictions.probabilities, none)))


def test_a_class_without_test_examples_has_no_number_and_changes_none():
    answers = [
        replace(seed, predictions={k: widened(p) for k, p in seed.predictions.items()})
        for seed in ANSWERS
    ]
    for before, after in zip(
        qualities(ANSWERS, MODELS, CASES), qualities(answers, MODELS, UNTESTED), strict=True
    ):
        assert after == replace(before, recall=(*before.recall, None))
    for before, after in zip(
        forgetting(ANSWERS, CASES), forgetting(answers, UNTESTED), strict=True
    ):
        for when in ("before", "local", "after"):
            assert getattr(after, when) == (*getattr(before, when), None)
