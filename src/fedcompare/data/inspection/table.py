"""What a table holds: its silos, and what becomes of its columns."""

from collections.abc import Iterator

import numpy as np

from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.inspection.command import next_command
from fedcompare.data.inspection.found import ColumnUse, Inspection, SiloRows
from fedcompare.data.tables.facts import Facts
from fedcompare.data.tables.study import Study, study
from fedcompare.data.tables.treatment import LEFT_OUT, treatment
from fedcompare.regimes.budgets import enough_local_epochs, told_few_steps

_MOST_VALUES = 50  # of a column that could be a label or name silos


def inspect_table(config: ExperimentConfig) -> Inspection:
    """Return what a table holds; raises as `study`."""
    found = study(config.data)
    silos = tuple(_silos(found))
    sizes = [silo.train for silo in silos]
    few = told_few_steps(config, sizes) if found.contract.silos else None
    enough = {"local-epochs": enough_local_epochs(config, sizes)} if few else {}
    contract = found.contract
    return Inspection(
        place=found.train.table.place,
        rows=len(found.train.table),
        train=len(found.train),
        test=len(found.test),
        inputs=contract.width,
        classes=contract.classes,
        silos=silos,
        columns=tuple(_columns(found)),
        notes=(*found.notes, *_candidates(found), *([few] if few else [])),
        command=next_command(config, contract, **enough),
    )


def _silos(found: Study) -> Iterator[SiloRows]:
    train, test = found.train, found.test
    classes = max(1, len(found.contract.classes))
    for silo, name in enumerate(found.contract.silos or ("all rows",)):
        own = [rows.labels[rows.silos == silo] for rows in (train, test)]
        counts = sum(np.bincount(labels, minlength=classes) for labels in own)
        yield SiloRows(
            name=name,
            train=len(own[0]),
            test=len(own[1]),
            by_class=tuple(np.asarray(counts).tolist()) if found.contract.classes else (),
        )


def _columns(found: Study) -> Iterator[ColumnUse]:
    roles, facts = found.roles, found.agreement.facts
    named = {
        roles.label: "label",
        roles.silo: "silo",
        roles.group: "group",
        roles.split: "split",
    }
    features = {feature.name: feature for feature in found.contract.features}
    for name in dict.fromkeys((*found.train.table.columns, *found.contract.left_out)):
        missing = sum(facts[name].missing.values()) if name in facts else None
        if name in named:
            yield ColumnUse(name=name, kind=named[name], treatment="")
        elif feature := features.get(name):
            yield ColumnUse(
                name=name, kind=feature.kind, treatment=treatment(feature), missing=missing
            )
        else:
            reason = found.contract.left_out[name]
            yield ColumnUse(name=name, kind=LEFT_OUT, treatment=reason, missing=missing)


def _candidates(found: Study) -> Iterator[str]:
    """Say which columns could be the label and the silo, where they are not known."""
    for role, known in (("label", found.roles.label), ("silo", found.roles.silo)):
        names = [name for name, own in found.agreement.facts.items() if _could_be(own)]
        if not known:
            listed = ", ".join(names) or "none has few values"
            yield f"No column is said to be the {role}; columns with few values: {listed}."


def _could_be(facts: Facts) -> bool:
    return 2 <= facts.distinct <= _MOST_VALUES and 3 * facts.distinct <= facts.present
