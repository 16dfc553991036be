"""Models that are made of others, without training."""

from collections.abc import Sequence

import numpy as np
import torch

from fedcompare.evaluation.answers import Predictions
from fedcompare.learning.weights import State


def ensemble(models: Sequence[Predictions]) -> Predictions:
    """Return the mean of the models' probabilities."""
    stacked = np.stack([model.probabilities for model in models])
    mean = stacked.mean(axis=0, dtype=np.float64).astype(np.float32)
    return Predictions(labels=models[0].labels, probabilities=np.asarray(mean))


def average(states: Sequence[State], weights: Sequence[int]) -> State:
    """Return the states' mean, weighted by examples: FedAvg's aggregation, once."""
    total = sum(weights)
    return {
        name: torch.stack(
            [state[name].double() * w / total for state, w in zip(states, weights, strict=True)]
        )
        .sum(dim=0)
        .to(states[0][name].dtype)
        for name in states[0]
    }
