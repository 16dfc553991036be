"""The torch-free rows that flow from the regimes to files and tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

POOLED = 0
"""The id of the silo that has everybody's training data, for the centralized model."""


def silo_name(silo: int) -> str:
    """Return what messages call the silo with this 1-based id."""
    return f"silo {silo}" if silo else "all silos"


def silo_names(silos: Sequence[int]) -> str:
    """Return what messages call these silos: "silo 3" or "silos 3, 5"."""
    return f"silo{'s' * (len(silos) > 1)} {', '.join(map(str, silos))}"


class Regime(StrEnum):
    """How a model was made, in the order of tables.

    `isolated-equal` is isolated training with the federated model's budget; the two
    commands' own regimes are `isolated` (with `isolated-epochs`) and `federated`.
    """

    ISOLATED = "isolated"
    ISOLATED_EQUAL = "isolated-equal"
    FEDERATED = "federated"
    FINE_TUNED = "fine-tuned"
    AVERAGE = "average"
    ENSEMBLE = "ensemble"
    CENTRALIZED = "centralized"


def training_name(regime: Regime, silo: int, seed: int) -> str:
    """Return what messages call one model's training."""
    return f"{regime} training of {silo_name(silo)}, seed {seed}"


class Question(StrEnum):
    """On which cases a silo asks whether it gains."""

    OWN = "own cases"
    WHOLE = "whole population"
    UNSEEN = "never-seen cases"


class Word(StrEnum):
    """The answer, in words."""

    GAINS = "gains"
    LOSES = "loses"
    NO_EVIDENCE = "no evidence either way"


class Phase(StrEnum):
    """What a silo did in a round: train its local model, or evaluate the global one."""

    TRAIN = "train"
    EVALUATE = "evaluate"


def model_name(regime: Regime, silo: int | None) -> str:
    """Return what tables call a model: "isolated, silo 1" or "federated"."""
    return regime.value if silo is None else f"{regime}, {silo_name(silo)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where all results come from: SHA-256 of the data, and of which silo has which of them."""

    data: str
    partition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochRecord:
    """Mean training loss of one silo over one epoch; `round` is 1 for an isolated model."""

    silo: int
    round: int
    epoch: int
    loss: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRecord:
    """What one silo reported of one round; accuracy is None where it only trained.

    A silo without test examples of its own evaluates nothing: loss and accuracy are None then.
    """

    round: int
    silo: int
    phase: Phase
    loss: float | None
    accuracy: float | None
    num_examples: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerRecord:
    """The global model after one round (0: before training) on one part of the test set.

    Accuracy and loss are None where the part has no examples.
    """

    round: int
    evaluated_on: str
    accuracy: float | None
    loss: float | None
    num_examples: int


Row = EpochRecord | RoundRecord | ServerRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One accuracy: a model (regime, silo) on one part of the test set.

    `silo` is the 1-based owner of an isolated model, None for the federated one.
    `evaluated_on` is "all", names of classes such as "1,3,7", or "seen:1" / "unseen:1":
    the classes that silo 1 does or does not have in its training data. `accuracy` is None
    where there are no examples of these.
    """

    regime: Regime
    silo: int | None
    evaluated_on: str
    accuracy: float | None
    num_examples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What examples of one unseen class are taken for by one isolated model.

    `share` is the part of that class's test examples which got this answer;
    `confidence` is the mean probability the model gave these wrong answers.
    """

    silo: int
    unseen_class: str
    taken_for: str
    share: float
    confidence: float
    num_examples: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was looked at, whether it is as it should be, and what was found or is to be done."""

    subject: str
    ok: bool
    finding: str

    def __str__(self) -> str:
        return f"{'ok   ' if self.ok else 'WRONG'} {self.subject}: {self.finding}"
