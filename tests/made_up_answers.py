"""Made-up answers of two silos' models over three seeds, for tests of what is found in answers."""

from dataclasses import replace

import numpy as np

from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.stored import SeedAnswers, rounds_of
from fedcompare.regimes.catalog import FOLLOWED, TRAINED, rows_for
from fedcompare.regimes.models import models_of
from fedcompare.runs.manifest import Training
from support import ORIGIN

LABELS = np.repeat([0, 1, 2, 3], [12, 9, 10, 9])
NAMES = ("cat", "dog", "hen", "owl")
SEEDS = (3, 4, 5)
ROUNDS = (0, 1, 2)
# [seed][silo][class]: silo 1 lacks hen and owl, silo 2 lacks nothing.
COUNTS = [((8, 2 + k, 0, 0), (1, 5, 5, 5)) for k in range(len(SEEDS))]
CASES = Cases.build(LABELS, COUNTS, NAMES)
# The same, of models that also know a class without test examples.
UNTESTED = Cases.build(LABELS, [[(*own, 0) for own in row] for row in COUNTS], (*NAMES, "bat"))
MODELS = models_of(rows_for(is_table=False), [1, 2])
FOLLOWED_MODELS = models_of(FOLLOWED, [1, 2])


def made_up(random: np.random.Generator) -> Answers:
    """Return answers that are right about half of the time."""
    probabilities = random.dirichlet(np.ones(4), len(LABELS)) + 0.4 * np.eye(4)[LABELS]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    return Answers.of(probabilities.astype(np.float32), ids=np.arange(len(LABELS)), labels=LABELS)


def made_up_answers() -> list[SeedAnswers]:
    """Return what every model answered, in every seed and after every round."""
    random = np.random.default_rng(1)
    return [
        SeedAnswers(
            seed=seed,
            final={model: made_up(random) for model in MODELS},
            rounds={key: random.integers(0, 4, len(LABELS)) for key in rounds_of([1, 2], 2)},
            origin=ORIGIN,
            trainings=dict.fromkeys(TRAINED, made_up_training(counts)),
            model_bytes=1,
        )
        for seed, counts in zip(SEEDS, COUNTS, strict=True)
    ]


def made_up_training(label_counts: tuple[tuple[int, ...], ...], **known: object) -> Training:
    """Return what training took of silos with so many examples of each class."""
    return Training(
        seconds=1.0,
        cpu_seconds=1.0,
        epochs=2,
        local_steps=(1,) * len(label_counts),
        bytes_up=0,
        bytes_down=0,
        label_counts=label_counts,
        example_bytes=65,
        **{"class_names": NAMES, "notes": ()} | known,
    )


def shuffled(seeds: list[SeedAnswers]) -> list[SeedAnswers]:
    """Return the same answers, each model's in an order of its own."""
    random = np.random.default_rng(8)

    def mix(own: Answers) -> Answers:
        return own.at(random.permutation(own.ids))

    return [
        replace(seed, final={model: mix(own) for model, own in seed.final.items()})
        for seed in seeds
    ]


def calibration_by_hand(answers: Answers, bins: int = 15) -> float:
    """Return the expected calibration error by the book: bins ((m - 1) / M, m / M]."""
    total = 0.0
    for lower in range(bins):
        low, high = lower / bins, (lower + 1) / bins
        inside = (answers.confidence > low) & (answers.confidence <= high)
        if inside.any():
            right = (answers.predicted == answers.labels)[inside].mean()
            sure = answers.confidence[inside].astype(np.float64).mean()
            total += inside.sum() * abs(right - sure)
    return total / len(answers.labels)


ANSWERS = made_up_answers()
