"""What every model does, over the seeds; all from stored answers."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from fedcompare.comparison.asking import over_seeds
from fedcompare.comparison.rounds import class_means
from fedcompare.comparison.spread import spread
from fedcompare.config.groups import ExperimentConfig
from fedcompare.evaluation import scores as evaluation
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.measures import classification
from fedcompare.evaluation.measures.catalog import Measure, summaries_of
from fedcompare.evaluation.mistakes import find_mistakes
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.scores import Confusion, Fit, Mistake, Model, Quality, Score
from fedcompare.findings.test_sets import TestSet
from fedcompare.regimes.catalog import Regime, row_of
from fedcompare.regimes.models import ModelId, models_of
from fedcompare.report.blocks import MANY
from fedcompare.tasks import Task


def model_rows(
    config: ExperimentConfig, models: Iterable[ModelId], names: Sequence[str] = ()
) -> Iterator[Model]:
    """Yield what is said of each model of a comparison; `names` are the silos' own."""
    for model in models:
        yield Model(
            key=model.key,
            label=model.called(names),
            regime=model.regime,
            silo=model.silo,
            epochs=row_of(model.regime).epochs(config),
        )


def seed_scores(
    answers: Sequence[SeedAnswers], cases: Cases, measures: Sequence[Measure]
) -> Iterator[evaluation.Score]:
    """Yield every model of every seed on every test set by every measure.

    Where silos are many, a silo's model is measured on what is its own silo's and on what is
    nobody's: of 100 silos, every model on every silo's test sets would be 40,000 numbers a measure.
    """
    every, are_many = cases.test_sets(), len(cases.silos) > MANY

    def test_sets(model: ModelId) -> Iterable[TestSet]:
        if model.silo is None or not are_many:
            return every
        return (test_set for test_set in every if test_set.silo in (None, model.silo))

    for index, seed in enumerate(answers):
        yield from evaluation.find_scores(
            seed.final,
            cases,
            test_sets,
            measures=measures,
            seed=seed.seed,
            seed_index=index,
        )


def scores_over_seeds(singles: Sequence[evaluation.Score]) -> Iterator[Score]:
    """Yield each model on each test set by each measure, over the seeds."""
    grouped: dict[tuple[str, str, str], list[float]] = {}
    for single in singles:
        if single.value is not None:
            key = (single.model.key, single.test_set.key, single.measure.name)
            grouped.setdefault(key, []).append(single.value)
    for (model, test_set, measure), values in grouped.items():
        found = spread(values)
        yield Score(
            model=model,
            test_set=test_set,
            measure=measure,
            mean=found.mean,
            lowest=found.lowest,
            highest=found.highest,
        )


def qualities(answers: Sequence[SeedAnswers], cases: Cases) -> Iterator[Quality]:
    """Yield recall, the summaries and confidence of each model, as means over the seeds.

    Numbers have none of these, but `fits`.
    """
    if cases.task is Task.REGRESSION:
        return
    for model in answers[0].final:
        every = over_seeds(answers, model)
        unseen = cases.unseen_classes(model.silo) if model.silo else ()
        confidence = [own.of_classes(unseen).confidence.astype(np.float64) for own in every]
        yield Quality(
            model=model.key,
            unseen_confidence=float(np.mean(confidence)) if cases.tested(unseen) else None,
            recall=class_means([classification.recall(own) for own in every]),
            **{
                row.name: _mean([row.value(own) for own in every])
                for row in summaries_of(cases.task)
            },
        )


def fits(answers: Sequence[SeedAnswers], cases: Cases) -> Iterator[Fit]:
    """Yield the summaries of each model that answers numbers, as means over the seeds."""
    for model in answers[0].final if cases.task is Task.REGRESSION else ():
        found = {
            row.name: [row.value(own) for own in over_seeds(answers, model)]
            for row in summaries_of(cases.task)
        }
        yield Fit(model=model.key, **{name: _mean(values) for name, values in found.items()})


def _mean(values: Sequence[float | None]) -> Any:
    """Return the mean; None where there is nothing to mean of."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def confusions(answers: Sequence[SeedAnswers], cases: Cases) -> Iterator[Confusion]:
    """Yield the confusion matrices of the isolated-equal and federated models, over all seeds."""
    if cases.task is Task.REGRESSION:
        return
    shown = [row_of(Regime.ISOLATED_EQUAL), row_of(Regime.FEDERATED)]
    for model in models_of(shown, cases.silos):
        counts = sum(map(classification.confusion, over_seeds(answers, model)))
        yield Confusion(model=model.key, counts=tuple(map(tuple, np.asarray(counts).tolist())))


def mistakes(answers: Sequence[SeedAnswers], cases: Cases) -> Iterator[Mistake]:
    """Yield what each silo's unseen classes are taken for by its isolated-equal model.

    The commonest come first. Shares and confidences are over the test examples of all seeds.
    """
    for silo in cases.silos:
        every = over_seeds(answers, ModelId(Regime.ISOLATED_EQUAL, silo))
        yield from find_mistakes(every, silo, cases.unseen_classes(silo), cases.class_names)
