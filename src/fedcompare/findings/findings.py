"""All that one comparison found.

All shares are in [0, 1], and their gains in [-1, 1]; a report turns them into percent and
percentage points. Errors, and gains of these, are in the label's unit. `report.json` is exactly
this, and its schema is made from it.
"""

from dataclasses import dataclass

from fedcompare.findings.consortium import Consortium
from fedcompare.findings.forms import NO_FORMS, Forms
from fedcompare.findings.gains import ClassGain, Contribution, Gain, Unasked, Verdict
from fedcompare.findings.ledger import Budget
from fedcompare.findings.references import ReferenceGain
from fedcompare.findings.rounds import Curve, Forgetting
from fedcompare.findings.scores import (
    ColumnUse,
    Confusion,
    Fit,
    MeasureFacts,
    Mistake,
    Model,
    Quality,
    Score,
    SiloFacts,
    TestSetFacts,
)
from fedcompare.findings.training import NOTHING_ODD, TrainingFacts
from fedcompare.statistics.skew import UNMEASURED, MeasuredSkew
from fedcompare.tasks import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that one comparison found.

    `notes` say what was converted or left out of the data, and what is odd about them.
    `config` is the flat table of keys, `environment` the versions and the machine,
    `commands` what reproduces it; `curves` hold the learning curves of the isolated-equal,
    federated and centralized models; `contributions` is empty unless asked for,
    `columns` unless the data are a table, and so is `defaults`, which says with which settings
    models were trained. Verdicts, gains and contributions are by the first of the `measures`, and
    so are curves, unless `curve_measure` names another: after rounds no probabilities are known.
    Where the `task` is regression there are no classes, and `fits` in place of
    `qualities`, `confusions`, `mistakes` and `forgetting`. `skew` is how much silos differ in what
    they train on, as means over the seeds; empty where it was not measured. `unasked` says what
    could not be asked of whom, `class_gains` what federating changes on each class that has enough
    test examples, `forms` in which form silos should join, and `consortium` what is known of all
    silos together. `margin` is the least gain that is worth it, in the unit of gains.
    `references` say whether forms beat what a silo's own rows give without a network, where the
    data are a table, and `training` what is odd about training. `held_out` says how rows are held
    out in folds; empty where one split is for all seeds.
    """

    name: str
    seeds: tuple[int, ...]
    config: dict[str, str | int | float]
    environment: dict[str, str | int]
    commands: tuple[str, ...]
    class_names: tuple[str, ...]
    notes: tuple[str, ...]
    silos: tuple[SiloFacts, ...]
    summary: str
    verdicts: tuple[Verdict, ...]
    gains: tuple[Gain, ...]
    models: tuple[Model, ...]
    test_sets: tuple[TestSetFacts, ...]
    measures: tuple[MeasureFacts, ...]
    scores: tuple[Score, ...]
    qualities: tuple[Quality, ...]
    curves: tuple[Curve, ...]
    confusions: tuple[Confusion, ...]
    mistakes: tuple[Mistake, ...]
    forgetting: tuple[Forgetting, ...]
    budgets: tuple[Budget, ...]
    contributions: tuple[Contribution, ...]
    columns: tuple[ColumnUse, ...] = ()
    task: Task = Task.MULTI_CLASS
    fits: tuple[Fit, ...] = ()
    skew: MeasuredSkew = UNMEASURED
    defaults: str = ""
    unasked: tuple[Unasked, ...] = ()
    forms: Forms = NO_FORMS
    consortium: tuple[Consortium, ...] = ()
    margin: float | None = None
    curve_measure: str = ""
    references: tuple[ReferenceGain, ...] = ()
    training: TrainingFacts = NOTHING_ODD
    held_out: str = ""
    class_gains: tuple[ClassGain, ...] = ()

    @property
    def has_own_rows(self) -> bool:
        """Return whether a silo's own cases are its own held-out rows."""
        return any(facts.own_rows is not None for facts in self.silos)

    @property
    def followed(self) -> MeasureFacts:
        """Return by which measure curves are."""
        named = [measure for measure in self.measures if measure.name == self.curve_measure]
        return (named or list(self.measures))[0]

    @property
    def silo_names(self) -> tuple[str, ...]:
        """Return what the data call the silos, in the order of their ids; empty if nothing."""
        names = tuple(facts.name for facts in self.silos)
        return names if all(names) else ()
