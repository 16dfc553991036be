"""Made-up labels, and how they are dealt by a partitioner that is named as in a configuration."""

import numpy as np
import torch

from fedcompare.config.parsing import Setting, parse_config
from fedcompare.data.examples import Dataset, Examples
from fedcompare.data.partitions.plan import partition_dataset

CLASSES = 10


def made_up_dataset(train=600, test=300, *, classes=CLASSES, in_order=True):
    """Return examples that are labels only: equal classes, sorted unless said otherwise."""

    def examples(count, seed):
        labels = np.arange(count) * classes // count
        if not in_order:
            labels = np.random.default_rng(seed).permutation(labels)
        return Examples.numbered(
            inputs=torch.zeros(count, 1, 1, 1), labels=torch.from_numpy(labels).long()
        )

    return Dataset(
        train=examples(train, 1),
        test=examples(test, 2),
        class_names=tuple(f"class {label}" for label in range(classes)),
        fingerprint=f"{train} and {test} of {classes}",
        example_bytes=1,
    )


def parse(**keys):
    flat = {key.replace("_", "-"): value for key, value in keys.items()}
    return parse_config({key: Setting(value, key) for key, value in flat.items()})


def deal(dataset, partition, *, seed=7, **keys):
    """Return the plan of a partitioner as it is written in a configuration."""
    return partition_dataset(dataset, parse(partition=partition, **keys).partition, seed=seed)


def class_counts(labels, parts, classes=CLASSES):
    """Return how many examples of each class [C] each silo [S] has: [S, C]."""
    return np.stack([np.bincount(labels[rows], minlength=classes) for rows in parts])
