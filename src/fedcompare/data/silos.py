"""A silo: one data holder's share of the training and of the test examples; and all of them."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from weakref import WeakValueDictionary

import numpy as np
import torch

from fedcompare.classes import lacking
from fedcompare.config.groups import DataConfig, ExperimentConfig, PartitionConfig
from fedcompare.data.cross_fitting import Rows, folds_of, mean_sizes, settle_folds
from fedcompare.data.dataset import read_dataset
from fedcompare.data.examples import Dataset, Examples, Indices
from fedcompare.data.partitions.catalog import check_partitioner
from fedcompare.data.partitions.natural_ids import GROUPED, NATURAL_ID, number_of_silos
from fedcompare.data.partitions.plan import partition_dataset
from fedcompare.data.partitions.rows import Plan
from fedcompare.data.skew import LABEL, tally_classes, tally_numbers, tally_pictures, tally_rows
from fedcompare.data.sources.catalog import may_name_silos
from fedcompare.data.tables.contract import contract_from_json
from fedcompare.data.tables.treatment import uses
from fedcompare.data.transforms.catalog import check_transforms
from fedcompare.data.transforms.chains import TEST, TRAIN, Chains
from fedcompare.errors import ConfigError
from fedcompare.machine.remembered import remembered
from fedcompare.names import POOLED, silo_name
from fedcompare.regimes.defaults import with_defaults
from fedcompare.regimes.records import Origin
from fedcompare.statistics.skew import MeasuredSkew
from fedcompare.statistics.tallies import Tally, find_skew
from fedcompare.tasks import Task


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Silo:
    """One data holder: its 1-based id and name, what it trains on, its own held-out examples."""

    id: int
    name: str
    train: Examples
    test: Examples

    def label_counts(self, num_classes: int) -> tuple[int, ...]:
        """Return how many training examples of each class the silo has."""
        return _count(self.train.strata, num_classes)


@dataclass(frozen=True, kw_only=True, eq=False)
class Silos:
    """All data holders of one experiment; to be made once, by `load_silos`, and passed on.

    A silo's examples are copied out of the dataset when it is asked for, and shared by all who
    ask for as long as one of them holds it: seeds and silos are many, and memory is not. What is
    shared must not be changed in place.
    """

    dataset: Dataset
    plan: Plan
    chains: Chains = field(default_factory=Chains)
    _held: WeakValueDictionary[int, Silo] = field(
        init=False, repr=False, default_factory=WeakValueDictionary
    )

    def __len__(self) -> int:
        return len(self.plan)

    def __iter__(self) -> Iterator[Silo]:
        return map(self.__getitem__, self.ids)

    def __getitem__(self, silo: int) -> Silo:
        """Return the silo with this 1-based id; `POOLED` has the examples of all together.

        Raises:
            IndexError: there is no such silo.
        """
        found = self._held.get(silo)
        if found is None:
            train, test = self.plan.rows(silo)
            own_train, own_test = self.plan.places(silo)
            found = self._held[silo] = Silo(
                id=silo,
                name=silo_name(silo, self.names),
                train=self.chains.see(self.dataset.train.subset(train), own_train, TRAIN),
                test=self.chains.see(self.dataset.test.subset(test), own_test, TEST),
            )
        return found

    @property
    def ids(self) -> range:
        """Return the silos' ids: 1, 2, ..."""
        return range(1, len(self) + 1)

    @property
    def pooled(self) -> Silo:
        """Return the examples of all silos together, as if one had them."""
        return self[POOLED]

    @property
    def test(self) -> Examples:
        """Return the whole test split as silos see it, those examples too that no silo has.

        What is transformed is transformed each time: ask once.
        """
        whole = self.dataset.test
        if not self.chains.by_silo:
            return whole
        own = replace(whole, inputs=whole.inputs.clone())
        return self.chains.see(own, dict(enumerate(self.plan.test, start=1)), TEST)

    @property
    def names(self) -> tuple[str, ...]:
        """Return what the data call the silos, in the order of their ids; empty if nothing."""
        return self.plan.names

    @property
    def contract(self) -> str:
        """Return the JSON of how rows of a table became examples; empty for other data."""
        return self.dataset.contract

    @property
    def columns(self) -> tuple[tuple[str, str, str], ...]:
        """Return a table's columns, each with its kind and what became of it."""
        return tuple(uses(contract_from_json(self.contract))) if self.contract else ()

    @property
    def class_names(self) -> tuple[str, ...]:
        """Return what labels 0, 1, ... are called; none where labels are numbers."""
        return self.dataset.class_names

    @property
    def task(self) -> Task:
        """Return what models are to tell."""
        return self.dataset.task

    @property
    def example_bytes(self) -> int:
        """Return the raw size of one example with its label."""
        return self.dataset.example_bytes

    @property
    def notes(self) -> tuple[str, ...]:
        """Return a sentence on each thing that was converted, left out, or is suspicious."""
        return (*self.dataset.notes, *self.plan.notes, *self.chains.notes)

    @functools.cached_property
    def label_counts(self) -> tuple[tuple[int, ...], ...]:
        """Return each silo's number of training examples of each class; numbers are of one."""
        strata, count = self.dataset.train.strata, self.dataset.num_outputs
        return tuple(_count(strata[rows], count) for rows in map(torch.from_numpy, self.plan.train))

    @property
    def lacking(self) -> tuple[tuple[int, ...], ...]:
        """Return the labels of which each silo has no training example."""
        return tuple(map(lacking, self.label_counts))

    @property
    def test_sizes(self) -> tuple[int, ...]:
        """Return how many test examples of its own each silo has."""
        return tuple(map(len, self.plan.test))

    @property
    def own_rows(self) -> bool:
        """Return whether a silo's own cases are its own held-out rows, for more than labels differ.

        Rows that were dealt to silos are alike but for their labels: then all test rows are a
        silo's own, as often as it has such labels.
        """
        return self.task is Task.REGRESSION or bool(self.names)

    @property
    def test_owners(self) -> Indices:
        """Return whose own each example of the whole test split is, int64 [N], 0 for nobody's."""
        owners = np.zeros(len(self.dataset.test), dtype=np.int64)
        for silo, rows in zip(self.ids, self.plan.test, strict=True):
            owners[rows] = silo
        return owners

    @functools.cached_property
    def measured_skew(self) -> MeasuredSkew:
        """Return how much silos differ in what they train on: in labels, and in each feature."""
        label = self._tally_labels()
        inputs = (silo.train.inputs.numpy() for silo in self)
        if self.contract:
            rows = list(inputs)
            return find_skew(label, list(tally_rows(contract_from_json(self.contract), rows)))
        return find_skew(label, list(tally_pictures(inputs)))

    def _tally_labels(self) -> Tally:
        if self.task is Task.REGRESSION:
            labels = self.dataset.train.labels.numpy()
            return tally_numbers(LABEL, [labels[rows] for rows in self.plan.train])
        return tally_classes(self.label_counts)

    @functools.cached_property
    def origin(self) -> Origin:
        """Return the digests of the data, and of which silo has which of them and sees them how."""
        return Origin(data=self.dataset.fingerprint, partition=self.chains.fingerprint(self.plan))


def load_silos(config: ExperimentConfig) -> Silos:
    """Return the silos of an experiment; again the same ones as long as they are remembered.

    With the first call, what is wrong with the data is known, and the caches are filled, which
    clients that start together would each do.

    Raises:
        DataError: files or labels are missing, damaged, or do not fit together.
        HubError: the hub cannot be reached.
        PartitionError: the settings do not fit the data, or a silo is left with no data.
        ConfigError: a transform is unknown, or does not fit the data.
    """
    check_transforms(config.partition)
    return loaded(config.data).partition(config.partition, config.seed)


def settle(config: ExperimentConfig) -> ExperimentConfig:
    """Return the experiment with what its data decide of the keys that nobody set.

    That is how many silos there are, where the data name them, in how many folds their rows are
    held out, and the settings of training (`regimes/defaults`). What was set before is kept.

    Raises:
        ConfigError: other keys ask for other silos or for folds, or the data cannot have such a
            column.
        FedcompareError: as `load_silos`.
    """
    config = _with_named_column(config)
    if not may_name_silos(config.data):
        # The digits of MNIST, and what is stored as they are, keep the tutorial's.
        return settle_folds(config, Rows()) if config.comparison.folds else config
    dataset = load_dataset(config.data)
    config = _with_named_silos(config, dataset)
    check_partitioner(config.partition)
    config = settle_folds(config, _rows(config.partition, dataset))
    sizes = training_sizes(config)
    return with_defaults(
        config,
        sizes,
        is_table=bool(dataset.contract),
        num_inputs=dataset.train.inputs.shape[1] if dataset.task is Task.REGRESSION else 0,
    )


def training_sizes(config: ExperimentConfig) -> list[int]:
    """Return each silo's number of training examples, as rounded mean over a seed's folds."""
    plans = [
        partition_dataset(load_dataset(own.data), own.partition, seed=own.seed)
        for own in folds_of(config)
    ]
    return mean_sizes([list(map(len, plan.train)) for plan in plans])


def _with_named_silos(config: ExperimentConfig, dataset: Dataset) -> ExperimentConfig:
    """Return the experiment with as many silos as its data name, where they name any.

    Where a column, folders or files name silos, these are the experiment's; a partitioner that is
    asked for has precedence over folders and files. Of a table that names none, the keys must say
    how rows are dealt to silos.
    """
    own, default = config.partition, PartitionConfig()
    if not dataset.silo_names:
        if dataset.contract:
            _check_silos(own, dataset)
        return config
    grouped = own.partition.name == GROUPED
    if not config.data.silo and own.partition != default.partition and not grouped:
        return config
    count = len(dataset.silo_names)
    if grouped:
        count = number_of_silos(own.partition, count)
    problems = []
    if "num-silos" in config.given and own.num_silos != count:
        problems.append(
            f"num-silos: {own.num_silos}, but the data name {count} silos; leave num-silos out"
            if not grouped
            else f"num-silos: {own.num_silos}, but {GROUPED} makes {count} silos; leave it out"
        )
    if own.excluded_classes not in (default.excluded_classes, ()):
        problems.append("excluded-classes: has no effect where the data name the silos")
    if own.partition != default.partition and not grouped:
        problems.append("partition: has no effect beside silo; leave out one of them")
    if problems:
        raise ConfigError(problems)
    named = own.model_copy(update={"num_silos": count, "excluded_classes": ()})
    return config.model_copy(update={"partition": named})


def _with_named_column(config: ExperimentConfig) -> ExperimentConfig:
    """Return the experiment with the column that a partitioner names as that of the silos.

    The one that takes each value for a silo is then no other thing than the key silo.

    Raises:
        ConfigError: the partitioner's arguments are not what they have to be, or the key silo
            names another column.
    """
    choice = config.partition.partition
    if choice.name not in (NATURAL_ID, GROUPED):
        return config
    check_partitioner(config.partition)
    column = str(choice.keywords.get("partition_by", config.data.silo))
    if config.data.silo not in ("", column):
        raise ConfigError(
            [f"silo: {config.data.silo}, but partition_by names {column}; leave one of them out"]
        )
    data = config.data.model_copy(update={"silo": column})
    rule = config.partition
    if choice.name == NATURAL_ID:
        rule = rule.model_copy(update={"partition": PartitionConfig().partition})
    return config.model_copy(update={"data": data, "partition": rule})


def _check_silos(config: PartitionConfig, dataset: Dataset) -> None:
    """Refuse a table of which nothing says who has which rows, but the tutorial's digits."""
    default = PartitionConfig()
    is_default = (config.partition, config.excluded_classes) == (
        default.partition,
        default.excluded_classes,
    )
    excluded = {name for names in config.excluded_classes for name in names}
    if is_default and not excluded <= set(dataset.class_names):
        raise ConfigError(
            [
                "silo: no column is said to name the silos. Set --silo COLUMN, or, for equal "
                f"random parts (num-silos = {config.num_silos}), --set 'excluded-classes=\"\"'"
            ]
        )


def _rows(config: PartitionConfig, dataset: Dataset) -> Rows:
    """Return what decides about folds: who has which rows must be the same in all of them."""
    is_named = config.partition.name in (PartitionConfig().partition.name, GROUPED)
    if not is_named or dataset.train_silos is None or dataset.test_silos is None:
        return Rows()
    silos = torch.cat((dataset.train_silos, dataset.test_silos))
    counts = torch.bincount(silos[silos >= 0], minlength=len(dataset.silo_names))
    return Rows(by_silo=counts.tolist(), is_dealt=dataset.is_dealt, size=_bytes(dataset))


def _bytes(dataset: Dataset) -> int:
    return sum(own.inputs.nbytes for own in (dataset.train, dataset.test))


def load_dataset(config: DataConfig) -> Dataset:
    """Return the dataset of all seeds, or of one fold, and keep it; raises as `read_dataset`."""
    return loaded(config).dataset


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Partitions:
    """What partitions a dataset, and remembers how, for as long as it is kept."""

    dataset: Dataset
    partition: Callable[[PartitionConfig, int], Silos]


def _bytes_of(found: _Partitions) -> int:
    return _bytes(found.dataset)


@remembered(_bytes_of)
def loaded(config: DataConfig) -> _Partitions:
    """Return a dataset with what partitions it, kept as long as there is room for it."""
    dataset = read_dataset(config)

    @functools.lru_cache(maxsize=16)
    def partition(config: PartitionConfig, seed: int) -> Silos:
        plan = partition_dataset(dataset, config, seed=seed)
        chains = Chains.of(config, dataset, plan, seed=seed)
        return Silos(dataset=chains.on(dataset, plan), plan=plan, chains=chains)

    return _Partitions(dataset=dataset, partition=partition)


def _count(labels: torch.Tensor, num_classes: int) -> tuple[int, ...]:
    return tuple(torch.bincount(labels, minlength=num_classes).tolist())
