"""What is known of all silos together."""

from dataclasses import dataclass
from enum import StrEnum

from fedcompare.findings.questions import Question
from fedcompare.names import Lack, Word


class Estimand(StrEnum):
    """Whose mean gain it is: each is another question, and they are never mixed."""

    SILOS = "these silos, each alike"
    ROWS = "these silos, each row alike"
    SUCH = "silos like these, each alike"


@dataclass(frozen=True, slots=True, kw_only=True)
class JointGain:
    """A mean gain of several silos, with its word and the interval that it comes from."""

    estimand: Estimand
    gain: float
    low: float
    high: float
    confidence: float
    p_value: float
    word: Word
    beyond_margin: bool
    within_margin: bool
    lack: Lack | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What a new silo may expect: a 95 % prediction interval of its gain, which gives no word."""

    gain: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Consortium:
    """What one question has for an answer of all silos together: federated minus isolated-equal.

    `num_silos` are those of which it can be asked. `gains` has an estimand each, and `prospect`
    what a new silo may expect, None of fewer than five silos. `spread` is the standard deviation of
    the silos' true gains, and `differ`, whether they surely do; None where silos answer the same
    cases. `sentences` say all of it. `leads`: it is the first thing to know, since silos are many,
    or no silo's own interval says anything.
    """

    question: Question
    num_silos: int
    gains: tuple[JointGain, ...]
    prospect: Prospect | None
    spread: float | None
    differ: bool | None
    leads: bool
    sentences: tuple[str, ...]
