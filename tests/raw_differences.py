"""Made-up differences by seed and example, and what follows from all of them at once.

Samples are made here as textbooks write them, with every deviation: what moments must give.
"""

import math

import numpy as np

from fedcompare.statistics.samples import MeanSquares, Sample

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
    alike = np.full(differences.shape, 1 / count)
    return raw_sample(
        differences, differences, alike, shares=[1.0], sizes=[float(count)], freedom=count - 1
    )


def raw_standardised(differences, labels, class_shares):
    """Return the sample of float [K, N] whose classes weigh as each seed's shares."""
    wanted = np.flatnonzero((class_shares > 0).any(axis=0))
    kept = np.isin(labels, wanted)
    means, deviations = np.zeros(len(differences)), np.zeros(differences.shape)
    weights = np.zeros(differences.shape)
    for label in wanted:
        members = labels == label
        count = members.sum()
        centre = differences[:, members].mean(axis=1)
        means += class_shares[:, label] * centre
        inflation = math.sqrt(count / (count - 1)) if count > 1 else 1.0
        weight = class_shares[:, label] * kept.sum() / count * inflation
        deviations[:, members] = weight[:, None] * (differences[:, members] - centre[:, None])
        weights[:, members] = class_shares[:, [label]] / count
    shares = class_shares.mean(axis=0)[wanted]
    counts = np.bincount(labels, minlength=class_shares.shape[1])[wanted].astype(float)
    squares = (weights * differences).mean(axis=0) ** 2
    of_classes = np.array([squares[labels == label].sum() for label in wanted])
    mean_square = (differences[:, kept] ** 2).mean()
    of_classes += 2 / 16 * mean_square * (shares / counts) ** 2
    if not of_classes.any():
        of_classes = shares**2 / counts
    satterthwaite = of_classes.sum() ** 2 / (of_classes**2 / counts).sum() - 1
    return raw_sample(
        means[:, None] + deviations[:, kept],
        differences[:, kept],
        weights[:, kept],
        shares=shares,
        sizes=counts,
        freedom=max(satterthwaite, 4 if len(wanted) > 1 else 1),
    )


def raw_sample(rows, differences, weights, *, shares, sizes, freedom):
    weighted = weights * differences
    at_no_gain = (weighted.mean(axis=0) ** 2).sum()
    of_one = (weighted**2).sum() / len(rows)
    one_more = ((np.array(shares) / sizes) ** 2).sum()
    return Sample(
        gain=rows.mean(),
        seed_gains=rows.mean(axis=1),
        squares=raw_mean_squares(rows),
        num_examples=rows.shape[1],
        shares=np.array(shares),
        sizes=np.array(sizes),
        mean_square=(differences**2).mean(),
        at_no_gain=at_no_gain,
        agreement=min(max((at_no_gain + one_more) / (of_one + one_more), 1 / len(rows)), 1),
        freedom=max(float(freedom), 1.0),
    )
