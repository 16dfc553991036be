"""The questions of each silo: those that can be asked of it, and why others cannot."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fedcompare.comparison.contrasts import Contrast, Weighting
from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.gains import Unasked
from fedcompare.findings.questions import Question, row_of
from fedcompare.findings.test_sets import own
from fedcompare.regimes.catalog import COMPARED, Regime, Row
from fedcompare.regimes.models import ModelId, models_of
from fedcompare.tasks import CLASSES


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Asked:
    """One question of one silo, and the models that answer it, by regime: a model's every seed."""

    silo: int
    question: Question
    weighting: Weighting
    answers: Mapping[Regime, Sequence[Answers]]

    def contrast(self, challenger: Regime, baseline: Regime) -> Contrast:
        """Return how much better one regime's model is than another's."""
        return self.weighting.contrast(self.answers[challenger], self.answers[baseline])


def ask(
    question: Question,
    answers: Sequence[SeedAnswers],
    cases: Cases,
    rows: Sequence[Row] = COMPARED,
) -> Iterator[Asked]:
    """Yield the question for every silo of which it can be asked; models of `rows` answer it."""
    for silo in cases.silos:
        if not _concerns(question, silo, cases) or why_not(question, silo, cases):
            continue
        models = models_of(rows, [silo])
        yield Asked(
            silo=silo,
            question=question,
            weighting=_weighting(question, silo, cases),
            answers={model.regime: over_seeds(answers, model) for model in models},
        )


def over_seeds(answers: Sequence[SeedAnswers], model: ModelId) -> list[Answers]:
    """Return what a model answered in each seed."""
    return [seed.final[model] for seed in answers]


def find_unasked(cases: Cases) -> tuple[Unasked, ...]:
    """Return the questions that cannot be asked of a silo though they concern it."""
    return tuple(
        Unasked(silo=silo, question=question, reason=reason)
        for silo in cases.silos
        for question in Question
        if _concerns(question, silo, cases) and (reason := why_not(question, silo, cases))
    )


def why_not(question: Question, silo: int, cases: Cases) -> str:
    """Return why the question cannot be asked of a silo, as a clause; empty where it can."""
    if not cases.size(row_of(question).test_set(silo)):
        if cases.folds > 1:
            return "none could be held out, since a silo and a class each keep a row to train on"
        return "the test set has none of them; hold out more rows"
    if question is Question.OWN and (reason := _one_class(silo, cases)):
        return reason
    return _weighting(question, silo, cases).missing()


def _weighting(question: Question, silo: int, cases: Cases) -> Weighting:
    return Weighting.of(cases, row_of(question).test_set(silo), cases.class_shares.shape[1])


def _concerns(question: Question, silo: int, cases: Cases) -> bool:
    row = row_of(question)
    return row.is_asked(len(cases.learnable_classes(silo))) and cases.is_told(row.test_set(silo))


def _one_class(silo: int, cases: Cases) -> str:
    """Return what is to be said where a silo trains and is tested on one class alone."""
    if cases.task not in CLASSES:
        return ""
    weights = sum(cases.weights(own(silo), index) for index in range(cases.class_shares.shape[1]))
    tested = np.unique(cases.strata[np.asarray(weights) > 0]).tolist()
    classes = set(cases.seen_classes(silo)) | set(tested)
    if len(classes) > 1:
        return ""
    return (
        f"all of its rows are of class {cases.names(classes)[0]}, so its own model cannot be wrong "
        "on them, and they tell nothing of federating"
    )
