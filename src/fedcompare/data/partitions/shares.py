"""A silo's own test examples: as its training examples are, class by class."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fedcompare.data.examples import Indices

_Floats = npt.NDArray[np.float64]


def deal_by_shares(
    train: Sequence[Indices], train_labels: Indices, test_labels: Indices, *, seed: int
) -> tuple[Indices, ...]:
    """Return test rows for each silo, in the shares of each class that its training rows are.

    A silo is tested on cases as it has them, so its own test examples follow what it trains on.
    To ask the partitioner a second time, on the test split, would not do: Dirichlet or random
    classes would be drawn anew, and a silo would be tested on classes that it lacks; sizes in rows
    would not fit. So each class's test examples are dealt as its training examples were, and
    where these were dealt whole, so are those; where training rows belong to no silo, all
    classes give the same lower share of theirs, as large as can be. Which rows a silo gets is
    drawn by `seed`; a fraction of a row goes to the silo that so far was short of most.
    """
    num_classes = 1 + int(max(train_labels.max(initial=0), test_labels.max(initial=0)))
    rng = np.random.default_rng(seed)
    counts = _deal_counts(
        _expected(train, train_labels, test_labels, num_classes), rng.permutation(len(train))
    )
    dealt: list[list[Indices]] = [[] for _ in train]
    for label, own in enumerate(counts):
        rows = rng.permutation(np.flatnonzero(test_labels == label))
        for silo, part in enumerate(np.split(rows, np.cumsum(own))[:-1]):
            dealt[silo].append(part)
    return tuple(np.sort(np.concatenate(parts)) for parts in dealt)


def _expected(
    train: Sequence[Indices], train_labels: Indices, test_labels: Indices, num_classes: int
) -> _Floats:
    """Return how many test rows of each class [C] each silo [S] should have, in fractions."""
    has = np.stack([np.bincount(train_labels[rows], minlength=num_classes) for rows in train], 1)
    shares = has / np.maximum(np.bincount(train_labels, minlength=num_classes), 1)[:, None]
    whole = shares.sum(axis=1).max()
    tests: _Floats = np.bincount(test_labels, minlength=num_classes)[:, None] * shares / whole
    return tests


def _deal_counts(expected: _Floats, order: Indices) -> npt.NDArray[np.int64]:
    """Return whole numbers: each expected one or its neighbour, and each silo's sum nearly so.

    `order` says which of two silos comes first that are short of the same.
    """
    counts = np.floor(expected + 1e-9).astype(np.int64)
    short = np.zeros(expected.shape[1])
    for own, wanted in zip(counts, expected, strict=True):
        short += wanted - own
        left = round(wanted.sum()) - own.sum()
        fractions = order[(wanted - own)[order] > 1e-9]
        chosen = fractions[np.argsort(-short[fractions].round(9), kind="stable")][:left]
        own[chosen] += 1
        short[chosen] -= 1
    return counts
