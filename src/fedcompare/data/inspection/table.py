"""What a table holds: its silos, and what becomes of its columns."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from fedcompare.config.groups import LEAF, SILO_FILES, ExperimentConfig, PartitionConfig
from fedcompare.data.cross_fitting import Rows, folds_of, mean_sizes, settle_folds
from fedcompare.data.inspection.command import is_partition_asked, next_command
from fedcompare.data.inspection.found import ColumnUse, Inspection, SiloExamples
from fedcompare.data.naming import shown_names
from fedcompare.data.skew import LABEL, tally_classes, tally_numbers
from fedcompare.data.tables.contract import Contract
from fedcompare.data.tables.facts import Facts
from fedcompare.data.tables.study import Study, study, study_table
from fedcompare.data.tables.treatment import LEFT_OUT, treatment
from fedcompare.regimes.budgets import told_few_steps
from fedcompare.regimes.defaults import told_defaults, with_defaults
from fedcompare.regimes.folds import told_folds
from fedcompare.statistics.skew import MeasuredSkew
from fedcompare.statistics.tallies import find_skew
from fedcompare.text.wording import plural

if TYPE_CHECKING:
    from fedcompare.data.silos import Silos

_FLOAT = 4  # bytes of an input
_MOST_VALUES = 50  # of a column that could be a label or name silos


def inspect_table(config: ExperimentConfig) -> Inspection:
    """Return what a table holds, and who would have which of its rows, as they see them.

    Raises:
        FedcompareError: as `study`; or as `settle` and `load_silos` where keys say how rows are
            dealt.
    """
    settled, dealt = _deal(config)
    found = study(settled.data)
    contract = found.contract
    silos = tuple(_dealt_examples(dealt) if dealt else _silos(found))
    columns = tuple(_columns(found))
    known = bool(contract.silos or dealt)
    compared = settled if dealt else _in_folds(settled, found)
    more = (*dealt.plan.notes, *dealt.chains.notes) if dealt else _candidates(found)
    return Inspection(
        place=found.train.table.place,
        noun="row",
        examples=len(found.train.table),
        train=len(found.train),
        test=len(found.test),
        form=f"{plural(contract.width, 'input')} from {plural(len(columns), 'column')}",
        classes=contract.classes,
        silos=silos,
        has_silos=known,
        skew=dealt.measured_skew if dealt else _skew(found),
        columns=columns,
        notes=(*found.notes, *more, *(_training(compared, found, silos) if known else ())),
        command=next_command(config, _lacking(contract, is_dealt=bool(dealt))),
    )


def _training(
    config: ExperimentConfig, found: Study, silos: Sequence[SiloExamples]
) -> Iterator[str]:
    """Say how `compare` will hold rows out and train, and whether that is little training."""
    sizes, contract = [silo.train for silo in silos], found.contract
    if told := told_folds(config.comparison):
        yield f"In compare, {told[0].lower()}{told[1:]}"
        if contract.silos:
            folds = (study_table(found.train.table, own.data) for own in folds_of(config))
            sizes = mean_sizes([np.bincount(own.train.silos).tolist() for own in folds])
    num_inputs = contract.width if contract.number else 0
    settled = with_defaults(config, sizes, is_table=True, num_inputs=num_inputs)
    yield told_defaults(settled, sizes, is_table=True, num_inputs=num_inputs)
    if few := told_few_steps(settled, sizes):
        yield few


def _in_folds(config: ExperimentConfig, found: Study) -> ExperimentConfig:
    """Return the experiment in as many folds as `compare` takes."""
    if not (found.contract.silos and found.roles.label):
        return config
    counts = np.bincount(np.concatenate((found.train.silos, found.test.silos)))
    size = _FLOAT * int(counts.sum()) * found.contract.width
    rows = Rows(by_silo=counts.tolist(), is_dealt=found.is_dealt, size=size)
    return settle_folds(config, rows)


def _deal(config: ExperimentConfig) -> tuple[ExperimentConfig, "Silos | None"]:
    """Return the experiment, and its silos where more than the data say what they have.

    Silos of the data alone need no torch.
    """
    kind = config.data.source.kind
    is_labelled = bool(config.data.label) or kind == LEAF
    is_named = bool(config.data.silo) or kind in (SILO_FILES, LEAF)
    beside_names = is_named and not config.given.isdisjoint(
        PartitionConfig().model_dump(by_alias=True)
    )
    if not is_labelled or not (is_partition_asked(config) or beside_names):
        return config, None
    from fedcompare.data.silos import load_silos, settle

    settled = settle(config)
    return settled, load_silos(settled)


def _dealt_examples(silos: "Silos") -> Iterator[SiloExamples]:
    from fedcompare.data.inspection.dealt import silo_examples

    return silo_examples(silos)


def _lacking(contract: Contract, *, is_dealt: bool) -> list[str]:
    """Return which of label and silo nothing says."""
    lacks = {"label": not contract.label, "silo": not contract.silo and not is_dealt}
    return [key for key, is_lacking in lacks.items() if is_lacking]


def _skew(found: Study) -> MeasuredSkew:
    """Return how much silos differ; without a label, in their features alone."""
    train, classes = found.train, max(1, len(found.contract.classes))
    if found.contract.number and found.contract.silos:
        own = [train.labels[train.silos == silo] for silo in range(len(found.contract.silos))]
        return find_skew(tally_numbers(LABEL, own), found.agreement.tallies)
    counts = [
        np.bincount(train.labels[train.silos == silo], minlength=classes).tolist()
        for silo in range(len(found.contract.silos))
    ]
    if not counts:
        return MeasuredSkew()
    skew = find_skew(tally_classes(counts), found.agreement.tallies)
    return skew if found.contract.classes else replace(skew, labels=())


def _silos(found: Study) -> Iterator[SiloExamples]:
    train, test = found.train, found.test
    classes = max(1, len(found.contract.classes))
    names = shown_names(found.contract.silos, found.contract.silo)
    for silo, name in enumerate(names or ("all rows",)):
        own = [rows.labels[rows.silos == silo] for rows in (train, test)]
        if found.contract.number:
            yield SiloExamples.of_numbers(name, *own)
            continue
        counts = sum(np.bincount(labels, minlength=classes) for labels in own)
        yield SiloExamples(
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
            number = found.contract.number
            said = treatment(number) if number and name == number.name else ""
            yield ColumnUse(name=name, kind=named[name], treatment=said)
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
