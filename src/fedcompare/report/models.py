"""What the report says of models: accuracy on every test set, quality, and mistakes."""

from collections.abc import Sequence
from dataclasses import replace

from fedcompare.findings.findings import Findings
from fedcompare.findings.scores import (
    Confusion,
    MeasureFacts,
    Mistake,
    Model,
    Score,
    SiloFacts,
    TestSetFacts,
)
from fedcompare.findings.test_sets import Kind
from fedcompare.names import silo_name, silo_title
from fedcompare.regimes.catalog import Regime, Role, row_of
from fedcompare.report.blocks import (
    BEST,
    MANY,
    Block,
    Cell,
    Fold,
    Grid,
    Section,
    Sheet,
    Text,
)
from fedcompare.report.matrix_of_many import means_sheet, silos_sheet
from fedcompare.report.wording import class_rows, model_labels, said_of_unit, units_of
from fedcompare.tasks import CLASSES
from fedcompare.text.units import Units
from fedcompare.text.wording import DASH, count, percent, plural, sentence

# Above this many classes a matrix is no longer readable, and its largest entries are listed.
_MOST_CLASSES = 20
_LARGEST = 15
_GROUPS = {
    "whole": "on the whole test set and on each silo's own cases",
    "silo": "on the classes that each silo has and lacks",
}


def matrix_section(findings: Findings) -> Section:
    """Return how good every model is on every test set, its quality, and recall per class."""
    means = "Each number is the mean over the seeds, with the lowest and highest seed below it. "
    text = (
        f"{means}{BEST} marks the best model of a column; the centralized model needs all data in "
        f"one place, so it is a reference and no choice.{_conventional(findings)}"
    )
    groups: dict[str, list[TestSetFacts]] = {}
    for test_set in findings.test_sets:
        groups.setdefault(_group(test_set), []).append(test_set)
    first, *rest = findings.measures
    if len(findings.silos) > MANY:
        text = f"{_OF_MANY} {means}{_conventional(findings)}"
        every = silos_sheet(findings, first, _unit(first))
        asked: tuple[Block, ...] = (
            means_sheet(findings, first, _unit(first)),
            Fold(title="Every silo's models", blocks=(every,)),
        )
        others = tuple(means_sheet(findings, m, _unit(m)) for m in rest)
    else:
        asked = tuple(
            _matrix(findings, first, name, groups[name]) for name in _GROUPS if name in groups
        )
        others = tuple(_matrix(findings, m, "whole", groups["whole"]) for m in rest)
    beside = (Fold(title="By other measures", blocks=others),) if others else ()
    more = (
        (_qualities(findings), _recall(findings))
        if findings.task in CLASSES
        else (_fits(findings),)
    )
    shown = (Fold(title="The quality of every model", blocks=more),)
    return Section(
        key="matrix",
        title="Decision matrix",
        blocks=(Text(text), *asked, *beside, *(shown if len(findings.silos) > MANY else more)),
    )


_OF_MANY = (
    "With so many silos, a model is measured on the whole test set and on what is its own silo's, "
    "not on every other silo's."
)


def _conventional(findings: Findings) -> str:
    """Say what the models are that are no networks, where there are any."""
    if not any(row_of(model.regime).role is Role.CONVENTIONAL for model in findings.models):
        return ""
    constant, linear = (
        ("shares of its classes", "logistic") if findings.task in CLASSES else ("mean", "ridge")
    )
    return (
        " The last models are no networks, but what scikit-learn makes of a silo's own training "
        f"rows: constant always answers the {constant}, regularised-linear is {linear} regression "
        "(penalty of strength 1, inputs standardised by the silo), boosted-trees histogram "
        "gradient boosting."
    )


def confusion_section(findings: Findings) -> Section:
    """Return, per silo, its own model's confusion matrix beside the federated one's."""
    by_model = {confusion.model: confusion for confusion in findings.confusions}
    shown = (Regime.ISOLATED_EQUAL, Regime.FEDERATED)
    text = (
        "Rows are true classes, columns what the model answered; counts are summed over the "
        "seeds, and the stronger a cell's colour, the larger its share of the row. Rows marked ∅ "
        "are classes that the silo never saw; a row of dashes has no test examples."
    )
    if len(findings.silos) > MANY:
        return _confusion_of_all(findings, by_model, text)
    grids = tuple(
        Grid(
            title=silo_title(facts.silo, findings.silo_names),
            blocks=tuple(
                _confusion(findings, facts, model, by_model[model.key])
                for model in findings.models
                if model.regime in shown and model.silo in (None, facts.silo)
                if model.key in by_model
            ),
        )
        for facts in findings.silos
    )
    filled = tuple(grid for grid in grids if grid.blocks)
    return Section(key="confusion", title="Confusion matrices", blocks=(Text(text), *filled))


def _confusion_of_all(findings: Findings, by_model: dict[str, Confusion], text: str) -> Section:
    """Return the federated model's confusion matrix alone."""
    nobody = replace(findings.silos[0], unseen=())
    grids = tuple(
        Grid(blocks=(_confusion(findings, nobody, model, by_model[model.key]),))
        for model in findings.models
        if model.regime is Regime.FEDERATED and model.key in by_model
    )
    more = Text(f"{text} Those of every silo's own model are in report.json.")
    return Section(key="confusion", title="Confusion matrices", blocks=(more, *grids))


def mistakes_section(findings: Findings) -> Section:
    """Return what the classes a silo never saw are taken for."""
    if not findings.mistakes:
        text = _no_mistakes(findings)
        return Section(key="mistakes", title="Where unseen classes went", blocks=(Text(text),))
    text = (
        "An isolated-equal model has no answer for a class it never saw, so it gives another, "
        "often with confidence. These are its most frequent answers."
    )
    blocks: tuple[Block, ...] = (
        Text(text),
        _frequent_mistakes(findings),
        Fold(title="All wrong answers", blocks=(_all_mistakes(findings),)),
    )
    return Section(key="mistakes", title="Where unseen classes went", blocks=blocks)


def _no_mistakes(findings: Findings) -> str:
    """Say why there are none: nothing is lacking, nothing lacking is tested, or all is right."""
    lacks = [facts for facts in findings.silos if facts.unseen]
    if not lacks:
        return "Every silo has all classes, so there is nothing it could not know."
    if all(set(facts.unseen) == set(facts.untested) for facts in lacks):
        return "The test set has no example of the classes that silos lack."
    return "No isolated-equal model gave a wrong answer to a class it never saw."


def _group(test_set: TestSetFacts) -> str:
    return "whole" if test_set.kind in (Kind.ALL, Kind.OWN) else "silo"


def _matrix(
    findings: Findings, measure: MeasureFacts, name: str, test_sets: list[TestSetFacts]
) -> Sheet:
    found = {(s.model, s.test_set): s for s in findings.scores if s.measure == measure.name}
    choices = [m.key for m in findings.models if row_of(m.regime).role is not Role.REFERENCE]
    choose, written = max if measure.higher_is_better else min, units_of(measure)
    best = {
        t.key: choose((found[m, t.key].mean for m in choices if (m, t.key) in found), default=None)
        for t in test_sets
    }
    return Sheet(
        key=f"matrix-{measure.name.replace(' ', '-')}-{name}",
        caption=f"{sentence(measure.name)} {_GROUPS[name]}{_unit(measure)}",
        columns=("model", *(f"{t.label} (n\u00a0=\u00a0{t.num_examples:,})" for t in test_sets)),
        rows=tuple(
            (
                Cell(model.label, note=_made(model)),
                *(
                    _score(
                        found.get((model.key, t.key)),
                        best[t.key] if model.key in choices else None,
                        written,
                    )
                    for t in test_sets
                ),
            )
            for model in findings.models
        ),
    )


def _made(model: Model) -> str:
    """Return how long a model was trained, or what made it where none of ours was."""
    return plural(model.epochs, "epoch") if model.epochs else "scikit-learn"


def _unit(measure: MeasureFacts) -> str:
    if measure.in_hundredths:
        return units_of(measure).of_values
    unit = f", {said_of_unit(measure)}" if measure.unit else ""
    return f"{unit}: lower is better" if not measure.higher_is_better else unit


def _score(score: Score | None, best: float | None, written: Units) -> Cell:
    if score is None:
        return Cell(DASH)
    return Cell(
        written.value(score.mean),
        note=written.spread(score.lowest, score.highest),
        best=score.mean == best,
    )


def _fits(findings: Findings) -> Sheet:
    labels = model_labels(findings)
    return Sheet(
        key="fit",
        caption="How much of the labels models explain on the whole test set",
        columns=("model", "R², %"),
        rows=tuple(
            (
                Cell(labels.get(fit.model, fit.model)),
                Cell(percent(fit.r_squared)),
            )
            for fit in findings.fits
        ),
        note=(
            "R² is the share of the labels' variance that a model explains: the more the better, "
            "100 % at most, and below 0 where always answering the mean label would be nearer. Few "
            "large errors decide it, as they do the root mean squared error."
        ),
    )


def _qualities(findings: Findings) -> Sheet:
    labels = model_labels(findings)
    has_precision = any(q.average_precision is not None for q in findings.qualities)
    return Sheet(
        key="quality",
        caption="Quality on the whole test set",
        columns=(
            "model",
            "macro F1, %",
            *(("average precision, %",) if has_precision else ()),
            "expected calibration error, points",
            "mean confidence on unseen classes, %",
        ),
        rows=tuple(
            (
                Cell(labels.get(q.model, q.model)),
                Cell(percent(q.macro_f1)),
                *((Cell(percent(q.average_precision)),) if has_precision else ()),
                Cell(percent(q.calibration_error, 2)),
                Cell(percent(q.unseen_confidence)),
            )
            for q in findings.qualities
        ),
        note=(
            "The calibration error is how far confidence and accuracy are apart. Confidence on "
            "unseen classes is how sure a model is where it cannot be right. Macro F1 is the mean "
            "over the classes that have test examples."
            + (
                " Average precision is the mean precision over all recalls of "
                f"{findings.class_names[1]}."
                if has_precision
                else ""
            )
        ),
    )


def _recall(findings: Findings) -> Sheet:
    labels = model_labels(findings)
    return Sheet(
        key="recall",
        caption="Recall per class, %",
        columns=("model", *findings.class_names),
        rows=tuple(
            (
                Cell(labels.get(q.model, q.model)),
                *(Cell(percent(share), shade=share) for share in q.recall),
            )
            for q in findings.qualities
        ),
        dense=True,
    )


def _confusion(findings: Findings, facts: SiloFacts, model: Model, confusion: Confusion) -> Sheet:
    names = findings.class_names
    key = f"confusion-{facts.silo}-{model.regime.value}"
    if len(names) > _MOST_CLASSES:
        return _largest_confusions(key, model.label, names, confusion)
    _, unseen = class_rows(findings, facts)
    return Sheet(
        key=key,
        caption=model.label,
        columns=("true", *names),
        rows=tuple(
            (
                Cell(f"{name} ∅" if row in unseen else name),
                *_shares_of_row(confusion.counts[row]),
            )
            for row, name in enumerate(names)
        ),
        dense=True,
    )


def _shares_of_row(counts: Sequence[int]) -> list[Cell]:
    """Return counts, shaded by their share of all; dashes where there is nothing to count."""
    total = sum(counts)
    if not total:
        return [Cell(DASH)] * len(counts)
    return [Cell(str(n) if n else "·", shade=n / total) for n in counts]


def _largest_confusions(
    key: str, label: str, names: tuple[str, ...], confusion: Confusion
) -> Sheet:
    entries = sorted(
        (-n, row, column)
        for row, counts in enumerate(confusion.counts)
        for column, n in enumerate(counts)
        if n and row != column
    )
    return Sheet(
        key=key,
        caption=f"{label}: the {_LARGEST} most frequent mistakes",
        columns=("true class", "answer", "count"),
        rows=tuple(
            (Cell(names[row]), Cell(names[column]), Cell(count(-n)))
            for n, row, column in entries[:_LARGEST]
        ),
        heads=2,
        words=frozenset({1}),
    )


def _frequent_mistakes(findings: Findings) -> Sheet:
    groups: dict[tuple[int, str], list[Mistake]] = {}
    for mistake in sorted(findings.mistakes, key=lambda m: -m.share):
        groups.setdefault((mistake.silo, mistake.unseen_class), []).append(mistake)
    order = {name: place for place, name in enumerate(findings.class_names)}
    keys = sorted(groups, key=lambda key: (key[0], order.get(key[1], len(order))))
    return Sheet(
        key="mistakes-frequent",
        caption="Most frequent answers of isolated-equal models to classes they never saw",
        columns=("silo", "unseen class", "first", "second", "third"),
        rows=tuple(
            (
                Cell(silo_name(silo, findings.silo_names)),
                Cell(name),
                *(
                    Cell(
                        f"{m.taken_for}: {percent(m.share)}\u00a0%",
                        note=f"confidence\u00a0{percent(m.confidence)}\u00a0%",
                    )
                    for m in groups[silo, name][:3]
                ),
                *([Cell(DASH)] * (3 - len(groups[silo, name]))),
            )
            for silo, name in keys
        ),
        heads=2,
        words=frozenset({1, 2, 3, 4}),
    )


def _all_mistakes(findings: Findings) -> Sheet:
    return Sheet(
        key="mistakes-all",
        caption="What the classes a silo never saw are taken for",
        columns=(
            "silo",
            "unseen class",
            "taken for",
            "share, %",
            "mean confidence, %",
            "examples of the class",
        ),
        rows=tuple(
            (
                Cell(silo_name(m.silo, findings.silo_names)),
                Cell(m.unseen_class),
                Cell(m.taken_for),
                Cell(percent(m.share), shade=m.share),
                Cell(percent(m.confidence)),
                Cell(count(m.num_examples)),
            )
            for m in findings.mistakes
        ),
        heads=3,
        words=frozenset({1, 2}),
    )
