"""What happens from round to round."""

from dataclasses import dataclass

from fedcompare.findings.scores import Shares


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One round of a curve: mean, lowest and highest value over the seeds."""

    round: int
    mean: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A model's value of the first measure on a test set after each round (0: before training)."""

    model: str
    test_set: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgetting:
    """Mean accuracy per class around one silo's local training in one round.

    `before` is the global model that the silo receives, `local` the model it sends back,
    `after` the next global model; each holds one share per class (mean over the seeds), None for
    a class without test examples.
    """

    round: int
    silo: int
    before: Shares
    local: Shares
    after: Shares
