"""The decision matrix where silos are many: means over silos, and each silo's own row."""

from collections.abc import Sequence
from statistics import fmean

from fedcompare.findings.findings import Findings
from fedcompare.findings.scores import MeasureFacts, Model, Score
from fedcompare.findings.test_sets import Kind
from fedcompare.names import silo_name
from fedcompare.regimes.catalog import Regime
from fedcompare.report.blocks import Cell, Sheet
from fedcompare.report.wording import units_of
from fedcompare.text.units import Units
from fedcompare.text.wording import DASH, sentence

_KINDS = {
    "all": "whole population",
    "own": "own cases",
    "others": "other silos' cases",
    "seen": "classes it has",
    "unseen": "classes it never saw",
}


def means_sheet(findings: Findings, measure: MeasureFacts, unit: str) -> Sheet:
    """Return the mean over silos of each kind of model on each kind of test set."""
    scores, kinds = _Scores.of(findings, measure), _kinds(findings)
    return Sheet(
        key=f"matrix-{_key(measure)}-means",
        caption=f"{sentence(measure.name)}, mean over silos{unit}",
        columns=("model", *(_KINDS[kind] for kind in kinds)),
        rows=tuple(
            (
                Cell(regime.value),
                *(_mean_cell(scores.of_all(regime, kind), units_of(measure)) for kind in kinds),
            )
            for regime in dict.fromkeys(model.regime for model in findings.models)
        ),
        note="Below a mean are the lowest and the highest silo.",
    )


def silos_sheet(findings: Findings, measure: MeasureFacts, unit: str) -> Sheet:
    """Return how good each silo's own models, and the shared ones, are on its test sets."""
    scores, kinds = _Scores.of(findings, measure), _kinds(findings)
    written = units_of(measure)
    return Sheet(
        key=f"matrix-{_key(measure)}-silos",
        caption=f"{sentence(measure.name)} of every silo's models{unit}",
        columns=("silo", "model", *(_KINDS[kind] for kind in kinds)),
        rows=tuple(
            (
                Cell(silo_name(facts.silo, findings.silo_names)),
                Cell(regime.value),
                *(_cell(scores.one(regime, kind, facts.silo), written) for kind in kinds),
            )
            for facts in findings.silos
            for regime in dict.fromkeys(model.regime for model in findings.models)
        ),
        heads=2,
    )


class _Scores:
    """The scores of a measure by kind of model, kind of test set, and silo."""

    def __init__(
        self,
        by_key: dict[tuple[str, str], Score],
        models: dict[tuple[Regime, int | None], Model],
        test_sets: dict[tuple[Kind, int | None], str],
        silos: Sequence[int],
    ) -> None:
        self._by_key, self._models, self._test_sets = by_key, models, test_sets
        self._silos = silos

    @classmethod
    def of(cls, findings: Findings, measure: MeasureFacts) -> "_Scores":
        return cls(
            {(s.model, s.test_set): s for s in findings.scores if s.measure == measure.name},
            {(model.regime, model.silo): model for model in findings.models},
            {(one.kind, one.silo): one.key for one in findings.test_sets},
            [facts.silo for facts in findings.silos],
        )

    def one(self, regime: Regime, kind: Kind, silo: int) -> Score | None:
        """Return what the silo's model of a regime, or the shared one, does on its test set."""
        model = self._models.get((regime, silo)) or self._models.get((regime, None))
        test_set = self._test_sets.get((kind, silo)) or self._test_sets.get((kind, None))
        return self._by_key.get((model.key, test_set)) if model and test_set else None

    def of_all(self, regime: Regime, kind: Kind) -> list[Score]:
        """Return the same of all silos that have one."""
        found = (self.one(regime, kind, silo) for silo in self._silos)
        return [score for score in found if score is not None]


def _kinds(findings: Findings) -> list[Kind]:
    """Return the kinds of test sets that there are, in the order of columns."""
    there = {one.kind for one in findings.test_sets}
    return [Kind(kind) for kind in _KINDS if kind in there]


def _key(measure: MeasureFacts) -> str:
    return measure.name.replace(" ", "-")


def _mean_cell(scores: Sequence[Score], written: Units) -> Cell:
    if not scores:
        return Cell(DASH)
    values = [score.mean for score in scores]
    return Cell(written.value(fmean(values)), note=written.spread(min(values), max(values)))


def _cell(score: Score | None, written: Units) -> Cell:
    if score is None:
        return Cell(DASH)
    return Cell(written.value(score.mean), note=written.spread(score.lowest, score.highest))
