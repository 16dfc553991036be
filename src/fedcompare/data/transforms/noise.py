"""Errors of measurement, and of those who label."""

import numpy as np

from fedcompare.config.choices import Factor, Share
from fedcompare.data.examples import Labels
from fedcompare.data.transforms.seen import Inputs, Seen


def noise(seen: Seen, *, deviation: Factor) -> Inputs:
    """Gaussian noise on pixels, which are -1 to 1, or on a table's numbers, in their deviations."""

    def noisy(values: Inputs) -> Inputs:
        drawn = seen.generator.standard_normal(values.shape, dtype=np.float32)
        return values + np.float32(deviation) * drawn

    return seen.measured(noisy)


def label_noise(
    labels: Labels, num_classes: int, generator: np.random.Generator, *, share: Share
) -> Labels:
    """That share of the training labels, drawn at random, each another class."""
    count = round(share * len(labels))
    rows = generator.choice(len(labels), size=count, replace=False)
    noisy = labels.copy()
    noisy[rows] = (labels[rows] + generator.integers(1, num_classes, size=count)) % num_classes
    return noisy
