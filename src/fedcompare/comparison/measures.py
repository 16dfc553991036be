"""What every model does on every test set, over the seeds; all from stored predictions."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fedcompare.evaluation.answers import Predictions
from fedcompare.evaluation.cases import Cases, Floats, accuracy
from fedcompare.evaluation.mistakes import mistakes_of
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.gains import Spread
from fedcompare.findings.rounds import Curve, Forgetting, Point
from fedcompare.findings.scores import Accuracy, Confusion, Mistake, Model, Quality, Shares
from fedcompare.findings.test_sets import ALL, own, read_key
from fedcompare.regimes.catalog import FOLLOWED, Regime
from fedcompare.regimes.models import LOCAL, model_key
from fedcompare.statistics import wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleAccuracy:
    """One model of one seed on one test set.

    `low` and `high` are Wilson's 95 % interval; None where examples are weighted.
    """

    seed: int
    model: str
    test_set: str
    accuracy: float
    low: float | None
    high: float | None
    num_examples: int


def spread(values: Sequence[float]) -> Spread:
    """Return mean, lowest and highest."""
    return Spread(mean=float(np.mean(values)), lowest=min(values), highest=max(values))


def single_accuracies(
    answers: Sequence[SeedAnswers], models: Sequence[Model], cases: Cases
) -> Iterator[SingleAccuracy]:
    """Yield every accuracy, with Wilson's interval where it is a plain proportion."""
    sizes = {test_set.key: test_set.num_examples for test_set in cases.test_sets()}
    for index, seed in enumerate(answers):
        weights = {key: cases.weights(key, index) for key in sizes}
        for model in models:
            predictions = seed.predictions[model.key]
            for key, size in sizes.items():
                found = accuracy(predictions.predicted == predictions.labels, weights[key])
                plain = read_key(key)[0] != "own"
                low, high = wilson(round(found * size), size) if plain else (None, None)
                yield SingleAccuracy(
                    seed=seed.seed,
                    model=model.key,
                    test_set=key,
                    accuracy=found,
                    low=low,
                    high=high,
                    num_examples=size,
                )


def accuracies(singles: Sequence[SingleAccuracy]) -> Iterator[Accuracy]:
    """Yield each model's accuracy on each test set over the seeds."""
    grouped: dict[tuple[str, str], list[float]] = {}
    for single in singles:
        grouped.setdefault((single.model, single.test_set), []).append(single.accuracy)
    for (model, test_set), values in grouped.items():
        yield Accuracy(
            model=model,
            test_set=test_set,
            mean=float(np.mean(values)),
            lowest=min(values),
            highest=max(values),
        )


def qualities(
    answers: Sequence[SeedAnswers], models: Sequence[Model], cases: Cases
) -> Iterator[Quality]:
    """Yield recall, macro F1 and calibration of each model, as means over the seeds."""
    for model in models:
        own_predictions = [seed.predictions[model.key] for seed in answers]
        unseen = cases.mask(cases.unseen_classes(model.silo) if model.silo else ())
        confidence = [p.confidence[unseen].astype(np.float64) for p in own_predictions]
        yield Quality(
            model=model.key,
            macro_f1=float(np.mean([p.macro_f1() for p in own_predictions])),
            calibration_error=float(np.mean([p.calibration_error() for p in own_predictions])),
            unseen_confidence=float(np.mean(confidence)) if unseen.any() else None,
            recall=_means([p.recall() for p in own_predictions]),
        )


def curves(answers: Sequence[SeedAnswers], cases: Cases) -> Iterator[Curve]:
    """Yield the accuracy after each round of all that has rounds, over the seeds.

    Shared models on the whole test set and every silo's own cases, others on the
    whole test set and their own silo's.
    """
    followed = [
        (model_key(row.regime, silo), [ALL, *map(own, cases.silos if silo is None else [silo])])
        for row in FOLLOWED
        for silo in row.owners(cases.silos)
    ]
    for model, keys in followed:
        numbers = sorted(number for key, number in answers[0].rounds if key == model)
        for key in keys:
            points = []
            for number in numbers:
                found = spread(
                    [
                        accuracy(
                            seed.rounds[model, number] == cases.labels, cases.weights(key, index)
                        )
                        for index, seed in enumerate(answers)
                    ]
                )
                points.append(
                    Point(
                        round=number,
                        mean=found.mean,
                        lowest=found.lowest,
                        highest=found.highest,
                    )
                )
            yield Curve(model=model, test_set=key, points=tuple(points))


def confusions(answers: Sequence[SeedAnswers], cases: Cases) -> Iterator[Confusion]:
    """Yield the confusion matrices of the isolated-equal and federated models, over all seeds."""
    keys = [*(model_key(Regime.ISOLATED_EQUAL, s) for s in cases.silos), Regime.FEDERATED]
    for key in keys:
        counts = sum(seed.predictions[key].confusion() for seed in answers)
        yield Confusion(model=key, counts=tuple(map(tuple, np.asarray(counts).tolist())))


def mistakes(answers: Sequence[SeedAnswers], cases: Cases) -> Iterator[Mistake]:
    """Yield what each silo's unseen classes are taken for by its isolated-equal model.

    The commonest come first. Shares and confidences are over the test examples of all seeds.
    """
    for silo in cases.silos:
        key = model_key(Regime.ISOLATED_EQUAL, silo)
        own_predictions = [seed.predictions[key] for seed in answers]
        pooled = Predictions(
            labels=np.concatenate([p.labels for p in own_predictions]),
            probabilities=np.concatenate([p.probabilities for p in own_predictions]),
        )
        yield from mistakes_of(pooled, silo, cases.unseen_classes(silo), cases.class_names)


def forgetting(answers: Sequence[SeedAnswers], cases: Cases) -> Iterator[Forgetting]:
    """Yield per-class accuracy around each silo's local training, as means over the seeds."""
    last = max(number for key, number in answers[0].rounds if key == Regime.FEDERATED)
    for number in range(1, last + 1):
        for silo in cases.silos:
            yield Forgetting(
                round=number,
                silo=silo,
                before=_recall(answers, cases, Regime.FEDERATED, number - 1),
                local=_recall(answers, cases, model_key(LOCAL, silo), number),
                after=_recall(answers, cases, Regime.FEDERATED, number),
            )


def _recall(answers: Sequence[SeedAnswers], cases: Cases, key: str, number: int) -> Shares:
    sizes = np.bincount(cases.labels, minlength=len(cases.class_names))
    nowhere = np.full(len(sizes), np.nan)
    rows = []
    for seed in answers:
        right = cases.labels[seed.rounds[key, number] == cases.labels]
        counts = np.bincount(right, minlength=len(sizes))
        rows.append(np.divide(counts, sizes, out=nowhere.copy(), where=sizes > 0))
    return _means(rows)


def _means(rows: Sequence[Sequence[float] | Floats]) -> Shares:
    """Return the mean over the seeds [K] of each class's share [C]; None for NaN."""
    means = np.mean(np.asarray(rows), axis=0).tolist()
    return tuple(None if math.isnan(mean) else mean for mean in means)


def check_same_test_set(answers: Sequence[SeedAnswers]) -> Predictions:
    """Return any predictions: all must have the same labels, or they answer different tests."""
    every = [p for seed in answers for p in seed.predictions.values()]
    assert all(np.array_equal(p.labels, every[0].labels) for p in every)
    return every[0]
