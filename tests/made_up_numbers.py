"""Made-up answers of three silos' models that tell a number, for tests of what is found in them."""

import numpy as np

from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.stored import SeedAnswers, rounds_of
from fedcompare.regimes.catalog import ROWS, TRAINED, Regime
from fedcompare.regimes.models import models_of
from made_up_answers import made_up_training
from support import ORIGIN

SEEDS = (3, 4, 5)
NAMES = ("north", "south", "east")
SIZES = (40, 30, 20)
# The first test rows are north's, then south's, then east's, and the last ones are nobody's.
OWNERS = np.repeat([1, 2, 3, 0], [60, 50, 40, 25])
LABELS = 50.0 + np.arange(len(OWNERS)) % 7 * 10.0
# How far answers are off, about: federated ones are near, and isolated ones not.
OFF = {Regime.FEDERATED: 2.0, Regime.CENTRALIZED: 1.0, Regime.ISOLATED: 9.0}


def answering(errors, *, labels=LABELS):
    """Return answers that miss their labels by these errors."""
    return Answers.of(labels + errors, ids=np.arange(len(labels)), labels=labels)


def made_up_numbers(*, off=OFF, owners=OWNERS, seeds=SEEDS):
    """Return what every model answered, in every seed and after every round."""
    random = np.random.default_rng(2)

    def errors(size):
        return random.normal(0, size, len(LABELS))

    return [
        SeedAnswers(
            seed=seed,
            final={
                model: answering(errors(off.get(model.regime, 6.0)))
                for model in models_of(ROWS, [1, 2, 3])
            },
            rounds={key: LABELS + errors(20.0 / (1 + key[1])) for key in rounds_of([1, 2, 3], 2)},
            origin=ORIGIN,
            trainings=dict.fromkeys(
                TRAINED,
                made_up_training(
                    tuple((size,) for size in SIZES),
                    class_names=(),
                    notes=("Task: regression.",),
                    silo_names=NAMES,
                ),
            ),
            model_bytes=1,
            owners=owners,
        )
        for seed in seeds
    ]
