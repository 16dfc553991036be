"""Worlds of models that are really trained, on small data: cross-fitting, and who gains by it."""

import numpy as np
from coverage_worlds import World, plainly

FOLDS, INPUTS, HIDDEN, NEW = 5, 6, 12, 1000


def draw_rows(rng, count, weights):
    inputs = rng.normal(size=(count, INPUTS))
    logits = inputs @ weights + 0.8 * np.sin(2 * inputs[:, 0])
    return inputs, np.where(rng.random(count) < 1 / (1 + np.exp(-2 * logits)), 1.0, -1.0)


def fitted(features, labels, penalty):
    square = features.T @ features + penalty * np.eye(features.shape[1])
    return np.linalg.solve(square, features.T @ labels)


def folds_of(rng, labels):
    """Deal each class over the folds."""
    folds = np.empty(len(labels), dtype=int)
    for label in (-1.0, 1.0):
        own = np.flatnonzero(labels == label)
        folds[rng.permutation(own)] = np.arange(len(own)) % FOLDS
    return folds


def hidden(rng):
    """Return a random layer, as another seed of a network has another, for rows of inputs."""
    weights, offsets = rng.normal(size=(INPUTS, HIDDEN)), rng.normal(size=HIDDEN)
    return lambda rows: np.hstack(
        [np.maximum(rows @ weights + offsets, 0), np.ones((len(rows), 1))]
    )


def one_seed(rng, own, others, new, penalty, same):
    """Return differences on the own rows, by models of the other folds, and on new rows by all."""
    (inputs, labels), folds = own, folds_of(rng, own[1])
    first, second = hidden(rng), hidden(rng)
    differences, fresh = np.empty(len(labels)), []
    for fold in range(FOLDS):
        train, test = folds != fold, folds == fold
        alone = fitted(second(inputs[train]), labels[train], penalty)
        pooled = [(inputs[train], labels[train])] + ([] if same else others)
        rows, known = (np.concatenate(part) for part in zip(*pooled, strict=True))
        together = fitted(first(rows), known, penalty)
        for cases, target in ((slice(None), new), (test, own)):
            rows, known = target[0][cases], target[1][cases]
            right = [
                layer(rows) @ model * known > 0
                for layer, model in ((first, together), (second, alone))
            ]
            found = right[0].astype(float) - right[1]
            if target is new:
                fresh.append(found.mean())
            else:
                differences[test] = found
    return differences, float(np.mean(fresh))


def cross_fitted(name, seeds, count, *, same=False, penalty=1.0, widened=True):
    """A silo of `count` rows and two of as many; the truth is of its data, new seeds, new cases."""

    def draw(rng):
        weights = rng.normal(size=INPUTS) * 0.6
        own, *others = (draw_rows(rng, count, weights) for _ in range(3))
        while min((own[1] > 0).sum(), (own[1] < 0).sum()) < 2:
            own = draw_rows(rng, count, weights)
        new = draw_rows(rng, NEW, weights)
        found = [one_seed(rng, own, others, new, penalty, same) for _ in range(seeds)]
        more = [one_seed(rng, own, others, new, penalty, same)[1] for _ in range(8)]
        truth = 0.0 if same else float(np.mean([fresh for _, fresh in found] + more))
        rows = np.stack([differences for differences, _ in found])
        found = plainly(rows, folds=FOLDS if widened else 1)
        return found if same else (found, truth)

    return World(name=name, seeds=seeds, size=str(count), gain=0.0 if same else None, draw=draw)
