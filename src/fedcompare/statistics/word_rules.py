"""The table by which gains get their words; light, since reports print it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from fedcompare.names import Word

FEWEST_SEEDS, FEWEST_GROUPS = 3, 10
"""With fewer there are numbers and no word; groups are counted as `Sample.size` counts them."""


class Correction(StrEnum):
    """What keeps many questions from giving one false word: which rate of them is held."""

    HOLM = "holm"
    BH = "bh"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What decides: whether there is a lack, the interval, and how it lies to the margin."""

    lacks: bool
    low: float
    high: float
    beyond: bool
    within: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a word is said; `when` says so to people."""

    word: Word
    when: str
    holds: Callable[[Evidence], bool]


# The first one that holds decides.
RULES = (
    Rule(
        word=Word.NO_WORD,
        when=f"there are fewer than {FEWEST_SEEDS} seeds, or than {FEWEST_GROUPS} groups",
        holds=lambda evidence: evidence.lacks,
    ),
    Rule(
        word=Word.GAINS,
        when="the interval lies above 0",
        holds=lambda evidence: evidence.low > 0,
    ),
    Rule(
        word=Word.LOSES,
        when="the interval lies below 0",
        holds=lambda evidence: evidence.high < 0,
    ),
    Rule(
        word=Word.NO_DIFFERENCE,
        when="the interval of twice the level (90 % for 95 %) lies within the margin on both sides",
        holds=lambda evidence: evidence.within,
    ),
    Rule(word=Word.NO_EVIDENCE, when="else", holds=lambda evidence: True),
)
# What is said with gains and losses where there is a margin.
SIDES = (
    ("by more than the margin", "the interval lies beyond the margin"),
    ("but by less than the margin", "the interval of twice the level lies within the margin"),
)
