"""What pictures hold: their form, their classes, and what silos would have of them."""

from collections.abc import Iterator

import numpy as np
import torch

from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.examples import Dataset, Examples
from fedcompare.data.inspection.command import next_command
from fedcompare.data.inspection.dealt import silo_examples
from fedcompare.data.inspection.found import Inspection, SiloExamples
from fedcompare.data.silos import Silos, load_dataset, load_silos, settle, training_sizes
from fedcompare.errors import PartitionError
from fedcompare.regimes.budgets import told_few_steps
from fedcompare.regimes.defaults import told_defaults
from fedcompare.regimes.folds import told_folds
from fedcompare.statistics.skew import MeasuredSkew
from fedcompare.text.wording import plural

_CHANNELS = {1: "grey", 3: "colours"}


def inspect_pictures(config: ExperimentConfig) -> Inspection:
    """Return what pictures hold, and how the configured partition deals them to silos.

    Where it does not fit the data, a note says so, and what there is is one silo's.

    Raises:
        FedcompareError: the data cannot be loaded, or keys do not go together.
    """
    dataset = load_dataset(config.data)
    settled, silos, problem = _deal(config)
    notes = silos.notes if silos else dataset.notes
    return Inspection(
        place=str(config.data.source),
        noun="picture",
        examples=len(dataset.train) + len(dataset.test),
        train=len(dataset.train),
        test=len(dataset.test),
        form=_form(dataset.train),
        classes=dataset.class_names,
        silos=tuple(silo_examples(silos) if silos else _one_silo(dataset)),
        has_silos=silos is not None,
        skew=silos.measured_skew if silos else MeasuredSkew(),
        columns=(),
        notes=(*notes, *problem, *(_training(settled, silos) if silos else ())),
        command=next_command(config),
    )


def _deal(config: ExperimentConfig) -> tuple[ExperimentConfig, Silos | None, tuple[str, ...]]:
    """Return what the data decide of the keys, and the silos, or why none can be made."""
    try:
        settled = settle(config)
        return settled, load_silos(settled), ()
    except PartitionError as error:
        return config, None, (f"No silos can be made: {error}.",)


def _training(config: ExperimentConfig, silos: Silos) -> Iterator[str]:
    """Say how `compare` will hold pictures out and train, and whether that is little training."""
    sizes = training_sizes(config)
    if told := told_folds(config.comparison):
        yield f"In compare, {told[0].lower()}{told[1:]}"
    notes = (told_defaults(config, sizes, is_table=False), told_few_steps(config, sizes))
    yield from filter(None, notes)


def _form(examples: Examples) -> str:
    channels, height, width = examples.inputs.shape[1:]
    kind = _CHANNELS.get(channels, "channels")
    return f"{width} x {height} pixels, {plural(channels, 'channel')} ({kind})"


def _one_silo(dataset: Dataset) -> Iterator[SiloExamples]:
    labels = torch.cat([dataset.train.labels, dataset.test.labels]).numpy()
    yield SiloExamples(
        name="all pictures",
        train=len(dataset.train),
        test=len(dataset.test),
        by_class=tuple(np.bincount(labels, minlength=len(dataset.class_names)).tolist()),
    )
