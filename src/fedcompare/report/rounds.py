"""What the report says of rounds: learning curves, and what local training forgets."""

import math
from collections.abc import Sequence

from fedcompare.findings.findings import Findings
from fedcompare.findings.rounds import Curve, Forgetting
from fedcompare.findings.scores import Model, Shares, SiloFacts
from fedcompare.names import silo_name, silo_title
from fedcompare.regimes.catalog import Role, row_of
from fedcompare.report.blocks import (
    MANY,
    Block,
    Cell,
    Figure,
    Fold,
    Grid,
    Section,
    Sheet,
    Text,
    fold_many,
)
from fedcompare.report.figures import Series, chart
from fedcompare.report.wording import (
    class_rows,
    mean,
    model_labels,
    said_of_unit,
    test_set_labels,
    units_of,
)
from fedcompare.text.units import Units
from fedcompare.text.wording import percent, points, sentence


def curves_section(findings: Findings) -> Section:
    """Return how good models are after each round, with the spread over the seeds."""
    text = (
        f"{_measured(findings)} after each round{_in_unit(findings)}: the mean over the seeds, "
        "and from the lowest to the highest seed as a band. Pictures begin at round 1 and each has "
        "its own scale; round 0, before training, is in the tables. A round of an isolated-equal "
        "or a centralized model is as much training as a federated round. Only the last round "
        f"decides.{_others(findings)}"
    )
    test_sets = tuple(dict.fromkeys(curve.test_set for curve in findings.curves))
    panels = tuple(
        _curves(findings, test_set, f"curves-{index}") for index, test_set in enumerate(test_sets)
    )
    sheets = tuple(
        _rounds_sheet(findings, test_set, f"rounds-{index}")
        for index, test_set in enumerate(test_sets)
    )
    blocks: tuple[Block, ...] = (
        Text(text),
        *_panels(panels),
        Fold(title="The curves as tables", blocks=sheets),
    )
    return Section(key="curves", title="Learning curves", blocks=blocks)


def forgetting_section(findings: Findings) -> Section:
    """Return what each round's local training does to classes that a silo has and lacks."""
    text = (
        "In each round a silo receives the global model, trains it on its own data, and sends it "
        "back; the server averages what the silos send. A silo that lacks classes pulls its copy "
        "away from them: the copy forgets, and averaging restores. The deeper the teeth of the "
        "lower line, the more the silos undo of each other's work in every round, and the more "
        "shorter rounds may help. Accuracies are means over classes, so each class counts alike."
    )
    rows = [row for row in findings.forgetting if _facts(findings, row.silo)]
    panels = tuple(
        _sawtooth(findings, facts, own)
        for facts in findings.silos
        if (own := [row for row in rows if row.silo == facts.silo])
    )
    blocks: tuple[Block, ...] = (
        Text(text),
        *fold_many("The curves of every silo", panels, grid=True),
        _forgetting_sheet(findings, rows),
    )
    return Section(key="forgetting", title="Forgetting", blocks=blocks)


def _panels(panels: Sequence[Figure]) -> tuple[Block, ...]:
    """Return all pictures side by side, or where they are many, the first one before the others."""
    if len(panels) <= MANY:
        return (Grid(blocks=tuple(panels)),)
    return (Grid(blocks=(panels[0],)), *fold_many("Every other test set", panels[1:], grid=True))


def _curves(findings: Findings, test_set: str, key: str) -> Figure:
    labels = test_set_labels(findings)
    models = {model.key: model for model in findings.models}
    owner = next((t.silo for t in findings.test_sets if t.key == test_set), None)
    # What a silo's isolated-equal model does on another silo's cases is in the table only.
    shown = [
        curve
        for curve in findings.curves
        if curve.test_set == test_set and _concerns(models.get(curve.model), owner)
    ]
    series = [_series(curve, models.get(curve.model), _units(findings)) for curve in shown]
    ends = "; ".join(
        f"{line.label} ends at {_ending(line, findings)}" for line in series if line.rows
    )
    return chart(
        key,
        labels.get(test_set, test_set),
        series,
        x_label="round",
        description=f"{_measured(findings)} per round. {ends}.",
        units=_units(findings),
    )


def _measured(findings: Findings) -> str:
    return sentence(findings.followed.name)


def _in_unit(findings: Findings) -> str:
    measure = findings.followed
    if measure.in_hundredths:
        return ", in percent"
    return f"{f', {said}' if (said := said_of_unit(measure)) else ''} (lower is better)"


def _units(findings: Findings) -> Units:
    return units_of(findings.followed)


def _others(findings: Findings) -> str:
    """Say where verdicts are by another measure than what is known after each round."""
    asked = findings.measures[0]
    if findings.followed == asked:
        return ""
    return (
        f" After rounds only answers are stored and no probabilities, so this is not by "
        f"{asked.name}, as verdicts are."
    )


def _ending(line: Series, findings: Findings) -> str:
    last, written = line.rows[-1][1], _units(findings)
    return f"{percent(last / 100)} percent" if written.in_points else written.value(last)


def _concerns(model: Model | None, owner: int | None) -> bool:
    return model is None or model.silo is None or owner in (None, model.silo)


def _series(curve: Curve, model: Model | None, written: Units) -> Series:
    # Before training all models guess; on a scale that holds that, their differences vanish.
    shown = [p for p in curve.points if p.round > 0] or curve.points
    return Series(
        label=model.label if model else curve.model,
        role=row_of(model.regime).role if model else Role.BASELINE,
        rows=tuple(
            (p.round, *map(written.plotted, (p.mean, p.lowest, p.highest)))  # type: ignore[misc]
            for p in shown
        ),
    )


def _rounds_sheet(findings: Findings, test_set: str, key: str) -> Sheet:
    written = _units(findings)
    labels = model_labels(findings)
    curves = [curve for curve in findings.curves if curve.test_set == test_set]
    found = {(c.model, p.round): p for c in curves for p in c.points}
    rounds = sorted({place for _, place in found})
    return Sheet(
        key=key,
        caption=f"{_measured(findings)} after each round, "
        f"{test_set_labels(findings).get(test_set, test_set)}{written.of_values} "
        "(lowest–highest seed)",
        columns=("round", *(labels.get(c.model, c.model) for c in curves)),
        rows=tuple(
            (
                Cell(str(place)),
                *(
                    Cell(written.value(p.mean), note=written.spread(p.lowest, p.highest))
                    if p
                    else Cell("–")
                    for p in (found.get((c.model, place)) for c in curves)
                ),
            )
            for place in rounds
        ),
    )


def _facts(findings: Findings, silo: int) -> SiloFacts | None:
    return next((facts for facts in findings.silos if facts.silo == silo), None)


def _of(shares: Shares, classes: Sequence[int]) -> float:
    return mean(shares[label] for label in classes)


def _sawtooth(findings: Findings, facts: SiloFacts, rows: Sequence[Forgetting]) -> Figure:
    """Return one silo's picture: whole rounds are global models, halves its local ones."""
    seen, unseen = class_rows(findings, facts)
    series = [
        _teeth(label, role, rows, classes)
        for label, role, classes in (
            ("classes it has", Role.FEDERATED, seen),
            ("classes it lacks", Role.BASELINE, unseen),
        )
        if classes
    ]
    dips = [_of(row.local, unseen) - _of(row.before, unseen) for row in rows]
    known = [dip for dip in dips if not math.isnan(dip)]
    largest = f" Deepest fall on classes it lacks: {points(min(known))} points." if known else ""
    return chart(
        f"forgetting-{facts.silo}",
        silo_title(facts.silo, findings.silo_names),
        series,
        x_label="round; between rounds: the silo's local model",
        description=f"Accuracy in percent before and after local training.{largest}",
    )


def _teeth(label: str, role: Role, rows: Sequence[Forgetting], classes: Sequence[int]) -> Series:
    steps: dict[float, float] = {}
    for row in sorted(rows, key=lambda row: row.round):
        steps[row.round - 1.0] = 100 * _of(row.before, classes)
        steps[row.round - 0.5] = 100 * _of(row.local, classes)
        steps[float(row.round)] = 100 * _of(row.after, classes)
    known = {place: share for place, share in steps.items() if not math.isnan(share)}
    return Series(
        label=label if known else f"{label}: no test examples",
        role=role,
        rows=tuple((place, share, share, share) for place, share in known.items()),
    )


def _forgetting_sheet(findings: Findings, rows: Sequence[Forgetting]) -> Sheet:
    table = []
    for row in sorted(rows, key=lambda row: (row.silo, row.round)):
        facts = next(facts for facts in findings.silos if facts.silo == row.silo)
        halves = [
            Cell(percent(_of(shares, classes)))
            for classes in class_rows(findings, facts)
            for shares in (row.before, row.local, row.after)
        ]
        table.append(
            (Cell(silo_name(row.silo, findings.silo_names)), Cell(str(row.round)), *halves)
        )
    return Sheet(
        key="forgetting-table",
        caption="Accuracy around local training, mean over classes, %",
        columns=(
            "silo",
            "round",
            "has: received",
            "has: after local training",
            "has: after averaging",
            "lacks: received",
            "lacks: after local training",
            "lacks: after averaging",
        ),
        rows=tuple(table),
        heads=2,
    )
