"""Made-up answers of two silos' models that tell two classes apart, one of them rare."""

import numpy as np

from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.stored import SeedAnswers, rounds_of
from fedcompare.regimes.catalog import ROWS, TRAINED, Regime
from fedcompare.regimes.models import models_of
from made_up_answers import made_up_training
from support import ORIGIN

SEEDS = (3, 4, 5)
NAMES = ("well", "ill")
COUNTS = ((90, 10), (60, 12))
LABELS = np.tile(np.repeat([0, 1], [44, 6]), 4)
# How far apart the scores of the classes are, about.
APART = {Regime.FEDERATED: 1.8, Regime.CENTRALIZED: 1.8}


def ordering(random, apart, labels=LABELS):
    """Return answers whose scores are so far apart, and low, as those of a rare class are."""
    score = 1 / (1 + np.exp(2.5 - apart * labels - random.normal(size=len(labels))))
    outputs = np.stack([1 - score, score], axis=1).astype(np.float32)
    return Answers.of(outputs, ids=np.arange(len(labels)), labels=labels)


def made_up_pairs(apart=APART, other=0.3):
    """Return what every model answered, in every seed and after every round."""
    random = np.random.default_rng(6)
    return [
        SeedAnswers(
            seed=seed,
            final={
                model: ordering(random, apart.get(model.regime, other))
                for model in models_of(ROWS, [1, 2])
            },
            rounds={key: random.integers(0, 2, len(LABELS)) for key in rounds_of([1, 2], 2)},
            origin=ORIGIN,
            trainings=dict.fromkeys(TRAINED, made_up_training(COUNTS, class_names=NAMES)),
            model_bytes=1,
        )
        for seed in SEEDS
    ]
