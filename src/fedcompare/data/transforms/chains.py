"""Which silo sees its examples transformed, and how it sees them."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from fedcompare.classes import listed
from fedcompare.config.choices import Choice
from fedcompare.config.groups import PartitionConfig
from fedcompare.config.silo_transforms import Transforms, format_chain
from fedcompare.data.examples import Dataset, Examples, Indices, Labels
from fedcompare.data.partitions.rows import Plan
from fedcompare.data.tables.contract import contract_from_json
from fedcompare.data.transforms.catalog import CATALOG, KEY, changes_labels, misfit
from fedcompare.data.transforms.seen import Columns, Inputs, Seen, numeric_columns
from fedcompare.errors import ConfigError
from fedcompare.machine.environment import versions
from fedcompare.names import silo_name, silo_names
from fedcompare.seeds import derive_seed
from fedcompare.text.wording import plural

TRAIN, TEST = "train", "test"
Chain = tuple[Choice, ...]
Places = Mapping[int, Indices | slice]
_FORMAT = 1  # to be raised when the same transforms give other values
_LIBRARIES = ("numpy", "scipy")
_MOST_NAMES = 20


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chains:
    """Each silo's chain of transforms, by its id; silos without any are not there.

    What is drawn follows from (seed, silo, place in the chain, name, split), so that a row gets
    the same in every regime, process and engine. `notes` say in a sentence each what is done.
    """

    by_silo: Mapping[int, Chain] = field(default_factory=dict)
    columns: Columns = field(default_factory=dict)
    num_classes: int = 0
    seed: int = 0
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, config: PartitionConfig, dataset: Dataset, plan: Plan, *, seed: int) -> "Chains":
        """Return the transforms that `config` asks for, of the silos that a plan has.

        Raises:
            ConfigError: there are more or fewer entries than silos, one names a silo that there is
                not, or a transform does not fit the data.
        """
        if not config.transforms:
            return cls()
        names = [silo_name(silo, plan.names) for silo in range(1, len(plan) + 1)]
        chains = _by_silo(config.transforms, names)
        contract = contract_from_json(dataset.contract) if dataset.contract else None
        columns = dict(numeric_columns(contract)) if contract else None
        num_classes = len(dataset.class_names)
        chosen = dict.fromkeys(choice for chain in chains.values() for choice in chain)
        problems = [misfit(choice, columns, num_classes) for choice in chosen]
        if any(problems):
            raise ConfigError([f"{KEY}: {problem}" for problem in problems if problem])
        made = cls(by_silo=chains, columns=columns or {}, num_classes=num_classes, seed=seed)
        return replace(made, notes=tuple(made._notes(dataset, plan)))

    def fingerprint(self, plan: Plan) -> str:
        """Return the SHA-256 of who has which rows and sees them how."""
        if not self.by_silo:
            return plan.fingerprint
        content = {
            "plan": plan.fingerprint,
            "chains": {silo: list(map(str, chain)) for silo, chain in self.by_silo.items()},
            "format": _FORMAT,
            "versions": versions(_LIBRARIES),
        }
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def on(self, dataset: Dataset, plan: Plan) -> Dataset:
        """Return the dataset with the labels that silos train on."""
        if not self.by_silo:
            return dataset
        labels = torch.from_numpy(self._relabelled(dataset, plan))
        return replace(dataset, train=replace(dataset.train, labels=labels))

    def see(self, examples: Examples, places: Places, split: str) -> Examples:
        """Return examples whose inputs are as silos see them; they are changed in place.

        `places` says where the examples of each silo are among them.
        """
        inputs = examples.inputs.numpy()
        for silo in self.by_silo.keys() & places.keys():
            where = places[silo]
            inputs[where] = self._inputs(silo, inputs[where], split)
        return examples

    def _relabelled(self, dataset: Dataset, plan: Plan) -> Labels:
        before = dataset.train.labels.numpy()
        labels = before.copy()
        for silo in self.by_silo:
            rows = plan.train[silo - 1]
            labels[rows] = self._labels(silo, before[rows])
        return labels

    def _inputs(self, silo: int, inputs: Inputs, split: str) -> Inputs:
        for choice, generator in self._steps(silo, split):
            if not changes_labels(choice):
                seen = Seen(inputs=inputs, columns=self.columns, generator=generator)
                inputs = CATALOG[choice.name].transform(seen, **choice.keywords)
        return inputs

    def _labels(self, silo: int, labels: Labels) -> Labels:
        for choice, generator in self._steps(silo, TRAIN):
            if changes_labels(choice):
                transform = CATALOG[choice.name].transform
                labels = transform(labels, self.num_classes, generator, **choice.keywords)
        return labels

    def _steps(self, silo: int, split: str) -> Iterator[tuple[Choice, np.random.Generator]]:
        """Yield each transform of a silo, and the generator that it draws from."""
        for place, choice in enumerate(self.by_silo[silo]):
            stream = derive_seed(self.seed, "transform", silo, place, choice.name, split)
            yield choice, np.random.default_rng(stream)

    def _notes(self, dataset: Dataset, plan: Plan) -> Iterator[str]:
        """Yield what is done to which silos, and how many labels are wrong."""
        for chain in dict.fromkeys(self.by_silo.values()):
            silos = [silo for silo, own in self.by_silo.items() if own == chain]
            alike = ", training and test examples alike"
            inputs = "" if all(map(changes_labels, chain)) else alike
            yield f"Transformed for {silo_names(silos, plan.names)}: {format_chain(chain)}{inputs}."
        wrong = self._relabelled(dataset, plan) != dataset.train.labels.numpy()
        for silo in self.by_silo:
            if count := int(wrong[plan.train[silo - 1]].sum()):
                yield (
                    f"Label noise gives {count} training examples of {silo_name(silo, plan.names)} "
                    "another class; test labels stay true."
                )


def _by_silo(entries: Transforms, names: Sequence[str]) -> dict[int, Chain]:
    """Return the chains of silos that have one, by id in the order of ids."""
    if not entries[0].silo and len(entries) != len(names):
        raise ConfigError(
            [
                f"{KEY}: {plural(len(entries), 'entry', 'entries')}, but num-silos = {len(names)}; "
                "write one for each silo, empty for none, or name the silos that have any, as in "
                f'"{names[-1]}: ..."'
            ]
        )
    ids = {name: silo for silo, name in enumerate(names, start=1)}
    if strange := [entry.silo for entry in entries if entry.silo and entry.silo not in ids]:
        known = listed(names, most=_MOST_NAMES)
        raise ConfigError([f"{KEY}: there is no silo {listed(strange)}; there are {known}"])
    found = {
        ids[entry.silo] if entry.silo else place: entry.chain
        for place, entry in enumerate(entries, start=1)
    }
    return {silo: found[silo] for silo in sorted(found) if found[silo]}
