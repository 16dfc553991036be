"""How examples are dealt to silos: a row for each of Flower Datasets' or our partitioners."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar, Protocol

import numpy as np

from fedcompare.config.argument_types import check_types
from fedcompare.config.choices import check_arguments, check_choice
from fedcompare.config.groups import EXCLUDED_CLASSES, PartitionConfig
from fedcompare.config.listed import Listed, written_arguments
from fedcompare.config.plan_files import PLAN
from fedcompare.data.examples import Dataset
from fedcompare.data.partitions import attempts, limits
from fedcompare.data.partitions.by_value import values_of
from fedcompare.data.partitions.excluded_classes import ExcludedClasses
from fedcompare.data.partitions.flower import GIVEN, FlowerRule
from fedcompare.data.partitions.natural_ids import GROUPED, NATURAL_ID, NaturalIds
from fedcompare.data.partitions.rows import Plan
from fedcompare.data.partitions.stored_plan import StoredPlan
from fedcompare.errors import ConfigError

_KEY = "partition"
Callee = Callable[..., object]


class Rule(Protocol):
    """A partitioner's settings for one dataset.

    `remedy` is for who left a silo with no data; `told` says whether people hear of examples that
    no silo has, which need not be where they named them. `of_groups` says how groups are dealt,
    with the words {groups} and {rows}; "" where they may be split.
    """

    remedy: ClassVar[str]
    told: ClassVar[bool]
    of_groups: ClassVar[str]

    def identity(self) -> Mapping[str, object]:
        """Return what decides the parts but for labels and seed, as values that JSON knows."""
        ...

    def deal(self, dataset: Dataset, seed: int) -> Plan:
        """Return the rows of each silo, by the experiment's seed; raises PartitionError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A partitioner: a line on it, whose signature has its arguments, and the rule that it makes.

    `callee` imports what it needs, and so is called only where arguments matter. One that is
    known but not offered has a `refusal` in place of a rule. `given` are the arguments that nobody
    chooses, and why; `optional` those that may be left out, whatever the signature says.
    """

    line: str
    callee: Callable[[], Callee]
    rule: Callable[[PartitionConfig, Dataset], Rule] | None = None
    refusal: str = ""
    given: Mapping[str, str] = field(default_factory=lambda: GIVEN)
    optional: frozenset[str] = frozenset()


def check_partitioner(config: PartitionConfig) -> None:
    """Raise before any work if there is no such partitioner, or it has not such arguments.

    Raises:
        ConfigError: with a line for each argument that is unknown, missing or of a wrong type.
    """
    choice, row = config.partition, _find(config)
    if choice == PartitionConfig().partition:
        return  # without Flower Datasets, whose import takes a second
    if own := [name for name in choice.keywords if name in row.given]:
        raise ConfigError(
            [f"{_KEY}: leave out {choice.name}'s {name}: {row.given[name]}" for name in own]
        )
    check_arguments(_KEY, choice, row.callee(), given=row.given, optional=row.optional)
    check_types(_KEY, choice, row.callee(), given=row.given)


def find_rule(config: PartitionConfig, dataset: Dataset) -> Rule:
    """Return the rule that `config` asks for; data with silos of their own have theirs.

    Raises:
        ConfigError: there is no such partitioner.
        PartitionError: its settings do not fit the dataset.
    """
    rule = _find(config).rule
    assert rule is not None  # or it was refused
    return rule(config, dataset)


def list_partitioners() -> Iterator[Listed]:
    """Yield what there is, each with its arguments as its signature has them."""
    for name, row in CATALOG.items():
        if row.refusal:
            yield Listed(name=name, line=f"Not offered: it {row.refusal}.")
        elif name == PLAN:
            yield Listed(name=f"{PLAN}:FILE", line=row.line)
        else:
            arguments = written_arguments(row.callee(), given=row.given)
            yield Listed(name=name, arguments=arguments, line=row.line)


def _find(config: PartitionConfig) -> Row:
    name = config.partition.name
    if (row := CATALOG.get(name)) and row.refusal:
        raise ConfigError([f"{_KEY}: {name} {row.refusal}"])
    check_choice(_KEY, name, (name for name, row in CATALOG.items() if not row.refusal))
    return CATALOG[name]


def _import(name: str) -> type:
    from flwr_datasets import partitioner

    found: type = getattr(partitioner, name)
    return found


def _flower(
    name: str,
    line: str,
    limited: limits.Limits = limits.none,
    attempted: attempts.Attempts = attempts.none,
) -> Row:
    """Return the row of a partitioner of Flower Datasets, by the name of its class."""
    load = partial(_import, name)

    def rule(config: PartitionConfig, dataset: Dataset) -> Rule:
        return FlowerRule(
            choice=config.partition,
            num_silos=config.num_silos,
            load=load,
            limits=limited,
            attempts=attempted,
        )

    return Row(line=line, callee=load, rule=rule)


def _continuous(config: PartitionConfig, dataset: Dataset) -> Rule:
    """Return the rule that deals by the numbers in a column."""
    column = config.partition.keywords.get("partition_by")
    return FlowerRule(
        choice=config.partition,
        num_silos=config.num_silos,
        load=partial(_import, "ContinuousPartitioner"),
        limits=limits.continuous,
        attempts=attempts.none,
        values=values_of(dataset, str(column)),
    )


def _refused(name: str, reason: str) -> Row:
    return Row(line="", callee=partial(_import, name), refusal=reason)


def _excluded_classes() -> None:
    """Stand for a partitioner without arguments: its classes are a key of their own."""


def _plan(file: str) -> None:
    """Stand for a partitioner whose argument is a file."""


_BY_COLUMN = {name: why for name, why in GIVEN.items() if name != "partition_by"}
_VERTICAL = "splits columns and not rows, and models that see only some columns are not compared"

CATALOG: Mapping[str, Row] = {
    EXCLUDED_CLASSES: Row(
        line="Equal shuffled parts, each without what the key excluded-classes names; the default.",
        callee=lambda: _excluded_classes,
        rule=ExcludedClasses.of,
    ),
    PLAN: Row(
        line="The rows of a plan that `fedcompare partition --export FILE` wrote, for every seed.",
        callee=lambda: _plan,
        rule=StoredPlan.of,
    ),
    "iid": _flower("IidPartitioner", "Equal shuffled parts."),
    "dirichlet": _flower(
        "DirichletPartitioner",
        "Each class in shares drawn from a Dirichlet distribution: a small alpha gives much skew.",
        limits.dirichlet,
        attempts.dirichlet,
    ),
    "inner-dirichlet": _flower(
        "InnerDirichletPartitioner",
        "Silos of given sizes, the classes of each in shares drawn from a Dirichlet distribution.",
        limits.inner_dirichlet,
        attempts.inner_dirichlet,
    ),
    "pathological": _flower(
        "PathologicalPartitioner",
        "A number of classes for each silo.",
        limits.pathological,
        attempts.pathological,
    ),
    "shard": _flower(
        "ShardPartitioner",
        "Rows sorted by class and cut into shards, some for each silo (McMahan et al. 2017).",
        limits.shard,
    ),
    "size": _flower("SizePartitioner", "Silos of given sizes.", limits.sizes),
    "linear": _flower(
        "LinearPartitioner",
        "Sizes that grow as the silo's number.",
        limits.growing(lambda number: number),
    ),
    "square": _flower(
        "SquarePartitioner",
        "Sizes that grow as the square of the silo's number.",
        limits.growing(np.square),
    ),
    "exponential": _flower(
        "ExponentialPartitioner",
        "Sizes that grow as the exponential of the silo's number.",
        limits.growing(np.exp),
    ),
    "distribution": _flower(
        "DistributionPartitioner",
        "Some classes for each silo in turn, in the shares of a table: a row for each class.",
        limits.distribution,
    ),
    "id-to-size": _refused(
        "IdToSizeFncPartitioner",
        "takes a function of Python's; use linear, square or exponential, or size with the sizes "
        "themselves",
    ),
    "continuous": Row(
        line="Parts of the rows sorted by a column of numbers: much skew with strictness=1.",
        callee=partial(_import, "ContinuousPartitioner"),
        rule=_continuous,
        given=_BY_COLUMN,
    ),
    NATURAL_ID: Row(
        line="A silo for each value of a column, which is what --silo does.",
        callee=partial(_import, "NaturalIdPartitioner"),
        rule=NaturalIds.of,
        given=_BY_COLUMN,
        optional=frozenset({"partition_by"}),
    ),
    GROUPED: Row(
        line="Silos of several values of a column each, or of several silos that the data name.",
        callee=partial(_import, "GroupedNaturalIdPartitioner"),
        rule=NaturalIds.of,
        given={**_BY_COLUMN, "sort_unique_ids": "values are always in their natural order"},
        optional=frozenset({"partition_by"}),
    ),
    "vertical-even": _refused("VerticalEvenPartitioner", _VERTICAL),
    "vertical-size": _refused("VerticalSizePartitioner", _VERTICAL),
}
