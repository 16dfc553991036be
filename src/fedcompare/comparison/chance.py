"""Whether anything was learnt at all: the best model against always giving one answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fedcompare.comparison.contrasts import Contrast, Weighting
from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.measures.catalog import (
    ACCURACY,
    AUROC,
    BALANCED_ACCURACY,
    ROOT_MEAN_SQUARED_ERROR,
    Measure,
)
from fedcompare.findings.test_sets import ALL
from fedcompare.regimes.catalog import CONVENTIONAL, row_of
from fedcompare.regimes.models import ModelId
from fedcompare.tasks import Task
from fedcompare.text.units import PERCENT, PLAIN, Unit, Units
from fedcompare.text.wording import percent, plural, sentence

# By which something may have been learnt where one class is so common that others hide it.
_FAIRER = (AUROC, BALANCED_ACCURACY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chance:
    """What is to be said, before anything else, of models that do not beat one constant answer.

    `learnt` is False where no model surely does by the measure of the verdicts: then differences
    between models mean nothing.
    """

    warning: str | None = None
    learnt: bool = True


def judge(answers: Sequence[Mapping[ModelId, Answers]], cases: Cases) -> Chance:
    """Return whether the best model surely beats one constant answer, `answers` being each seed's.

    The constant is the one that suits the whole test set best: its commonest class (with the
    shares of the classes as probabilities), its median number, or for squared errors its mean. The
    best model beats it where its 95 % interval over seeds and cases (or groups of these) lies
    above 0: choosing the best of many models makes this rule the milder one. Where verdicts are by
    another measure than accuracy, and accuracy alone is not beaten, that is said too. Conventional
    models are no networks: where they alone beat it, training is at fault, and nothing was learnt.
    """
    networks, others = _split(answers)
    asked = _Asked.of(networks, cases)
    found = asked.best(cases.measure)
    if found and not found.beats:
        said = _nothing_learnt(asked, found)
        return Chance(warning=f"{said}{_told_others(others, cases)}", learnt=False)
    if cases.task is Task.REGRESSION or cases.measure is ACCURACY:
        return Chance()
    accurate = asked.best(ACCURACY)
    if not found or not accurate or accurate.beats:
        return Chance()
    return Chance(warning=_no_more_accurate(asked, accurate, found))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Best:
    """The best model by a measure, and its contrast with the constant answer."""

    name: str
    measure: Measure
    contrast: Contrast

    @property
    def beats(self) -> bool:
        return self.contrast.found.low > 0

    @property
    def units(self) -> Units:
        return PERCENT if self.measure.unit.in_hundredths else PLAIN

    @property
    def value(self) -> float:
        return float(self.contrast.challenger.mean())

    @property
    def constant(self) -> float:
        return float(self.contrast.baseline.mean())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Asked:
    """Every model's answers, by what people call it, on the whole test set."""

    cases: Cases
    models: Mapping[str, Sequence[Answers]]
    weighting: Weighting

    @classmethod
    def of(cls, answers: Sequence[Mapping[ModelId, Answers]], cases: Cases) -> "_Asked":
        # One seed counts twice: then seeds have no spread, and the interval is that of the cases.
        seeds = list(answers) if len(answers) > 1 else [answers[0]] * 2
        models = {
            model.called(cases.silo_names): [seed[model].at(cases.ids) for seed in seeds]
            for model in answers[0]
        }
        cases = cases if len(answers) > 1 else cases.of_seeds([0, 0])
        weighting = Weighting.of(cases, ALL, len(seeds))
        return cls(cases=cases, models=models, weighting=weighting)

    def best(self, measure: Measure) -> _Best | None:
        """Return the best model; None where the test set cannot be asked by this measure."""
        if self.weighting.missing(measure):
            return None
        name = max(
            self.models,
            key=lambda name: (
                measure.sign * float(self.weighting.means(self.models[name], measure).mean())
            ),
        )
        constant = [one_answer(self.cases, measure)] * len(self.weighting.weights)
        contrast = self.weighting.contrast(self.models[name], constant, measure)
        return _Best(name=name, measure=measure, contrast=contrast)


def _split(
    answers: Sequence[Mapping[ModelId, Answers]],
) -> tuple[list[dict[ModelId, Answers]], list[dict[ModelId, Answers]]]:
    """Return the answers of networks in each seed, and those of conventional models."""
    is_other = {model: row_of(model.regime) in CONVENTIONAL for model in answers[0]}
    return (
        [{model: own for model, own in seed.items() if not is_other[model]} for seed in answers],
        [{model: own for model, own in seed.items() if is_other[model]} for seed in answers],
    )


def _told_others(others: Sequence[Mapping[ModelId, Answers]], cases: Cases) -> str:
    """Say that the rows can tell more than networks learnt, where they surely do."""
    found = _Asked.of(others, cases).best(cases.measure) if others[0] else None
    if not found or not found.beats:
        return ""
    return (
        f" But {found.name}, which is scikit-learn's, {_does(found)}: not the data, but the "
        "settings of training are at fault."
    )


def one_answer(cases: Cases, measure: Measure) -> Answers:
    """Return the one answer that suits all cases best, on each of them."""
    if cases.task is Task.REGRESSION:
        middle = np.mean if measure is ROOT_MEAN_SQUARED_ERROR else np.median
        outputs = np.full(len(cases.labels), float(middle(cases.labels)))
    else:
        shares = cases.sizes / cases.sizes.sum()
        outputs = np.tile(shares.astype(np.float32), (len(cases.labels), 1))
    return Answers.of(outputs, ids=cases.ids, labels=cases.labels)


def _nothing_learnt(asked: _Asked, found: _Best) -> str:
    gain, units = found.contrast.found, found.units
    digits = units.digits(gain.gain, gain.low, gain.high)
    bounds = units.interval(gain.low, gain.high, digits)
    better = "nearer" if asked.cases.task is Task.REGRESSION else "better"
    said = (
        f"no model is surely {better} than {_always(asked, found)}. The best one "
        f"({found.name}) {_does(found)}, a difference of {units.gain(gain.gain, digits)}"
        f"{units.noun} (95\u00a0% interval {bounds})"
    )
    tried = (found.measure, *(() if found.measure is not AUROC else _FAIRER))
    fairer = [m for m in _FAIRER if asked.cases.task in m.tasks and m not in tried]
    for other in filter(None, map(asked.best, fairer)):
        if other.beats:
            return (
                f"{sentence(found.measure.name)} decides nothing here: {said}. Something was "
                f"learnt all the same: {other.name} {_does(other)}, where one answer has "
                f"{other.units.value(other.constant)}; decide by that, with "
                f'--measure "{other.measure.name}".'
            )
    return f"Nothing was learnt: {said}, so differences between models mean nothing."


def _no_more_accurate(asked: _Asked, accurate: _Best, found: _Best) -> str:
    return (
        f"No model is surely more accurate than {_always(asked, accurate)}; the best one "
        f"({accurate.name}) {_does(accurate)}. Another measure decides here: always answering the "
        f"same has {_written(found, found.constant)}, and the best model ({found.name}) "
        f"{found.units.value(found.value)}."
    )


def _always(asked: _Asked, found: _Best) -> str:
    """Return what the constant answer is, and how good that is."""
    cases, constant = asked.cases, found.constant
    if cases.task is Task.REGRESSION:
        where = "the mean" if found.measure is ROOT_MEAN_SQUARED_ERROR else "the middle one"
        answer = float(one_answer(cases, found.measure).predicted[0])
        return (
            f"always answering {PLAIN.value(answer)}, {where} of the labels, which on "
            f"{plural(len(cases.labels), 'test example')} has {_written(found, constant)}"
        )
    if found.measure is ACCURACY:
        return (
            f"always answering {cases.class_names[int(cases.sizes.argmax())]}, the commonest "
            f"class, which is right on {percent(constant)} % of "
            f"{plural(len(cases.labels), 'test example')}"
        )
    return (
        f"always answering the same, which has {_written(found, constant)} on "
        f"{plural(len(cases.labels), 'test example')}"
    )


def _does(found: _Best) -> str:
    if found.measure is ACCURACY:
        return f"gets {percent(found.value)} % right"
    return f"has {_written(found, found.value)}"


def _written(found: _Best, value: float) -> str:
    """Return a value with the name of its measure: "an AUROC of 71.0"."""
    name = found.measure.name
    article = "an" if name[0] in "aA" else "a"
    percents = " %" if found.measure.unit is Unit.PERCENT else ""
    return f"{article} {name} of {found.units.value(value)}{percents}"
