"""Made-up differences by seed and example, and what follows from all of them at once.

Samples are made here as textbooks write them, with every deviation: what moments must give.
"""

import math

import numpy as np

from fedcompare.statistics.moments import MeanSquares, Sample

LABELS = np.repeat([0, 1, 2], [20, 30, 10])


def draw(rng, seeds, examples):
    """Differences with an effect of seeds and of examples."""
    shared = rng.normal(size=(1, examples)) + 0.3 * rng.normal(size=(seeds, 1))
    models = [shared * sign + rng.normal(size=(seeds, examples)) > -1 for sign in (1, 0.5)]
    return models[0].astype(float) - models[1]


def raw_mean_squares(differences):
    """Return the mean squares of float [K seeds, N examples]."""
    num_seeds, num_examples = differences.shape
    mean = differences.mean()
    by_seed = differences.mean(axis=1, keepdims=True) - mean
    by_example = differences.mean(axis=0, keepdims=True) - mean
    residual = differences - mean - by_seed - by_example
    freedom = max(num_examples - 1, 1)
    return MeanSquares(
        seed=num_examples * (by_seed**2).sum() / (num_seeds - 1),
        example=num_seeds * (by_example**2).sum() / freedom,
        residual=(residual**2).sum() / ((num_seeds - 1) * freedom),
    )


def raw_plain(differences):
    """Return the sample of float [K, N] whose examples weigh alike."""
    count = differences.shape[1]
    return raw_sample(differences, size=float(count), coarseness=1 / count**2)


def raw_standardised(differences, labels, class_shares):
    """Return the sample of float [K, N] whose classes weigh as each seed's shares."""
    wanted = np.flatnonzero((class_shares > 0).any(axis=0))
    kept = np.isin(labels, wanted)
    means, deviations = np.zeros(len(differences)), np.zeros(differences.shape)
    for label in wanted:
        members = labels == label
        count = members.sum()
        centre = differences[:, members].mean(axis=1)
        means += class_shares[:, label] * centre
        inflation = math.sqrt(count / (count - 1)) if count > 1 else 1.0
        weight = class_shares[:, label] * kept.sum() / count * inflation
        deviations[:, members] = weight[:, None] * (differences[:, members] - centre[:, None])
    shares = class_shares.mean(axis=0)[wanted]
    counts = np.bincount(labels, minlength=class_shares.shape[1])[wanted]
    return raw_sample(
        means[:, None] + deviations[:, kept],
        squared=differences[:, kept],
        size=1 / (shares**2 / counts).sum(),
        coarseness=((shares / counts) ** 2).sum(),
    )


def raw_sample(differences, *, size, coarseness, squared=None):
    return Sample(
        gain=differences.mean(),
        seed_gains=differences.mean(axis=1),
        squares=raw_mean_squares(differences),
        num_examples=differences.shape[1],
        size=size,
        coarseness=coarseness,
        mean_square=((differences if squared is None else squared) ** 2).mean(),
    )
