"""What things are called: silos, and the words of a verdict."""

from collections.abc import Sequence
from enum import StrEnum

POOLED = 0
"""The id of the silo that has everybody's training data, for the centralized model."""


def silo_name(silo: int) -> str:
    """Return what messages call the silo with this 1-based id."""
    return f"silo {silo}" if silo else "all silos"


def silo_names(silos: Sequence[int]) -> str:
    """Return what messages call these silos: "silo 3" or "silos 3, 5"."""
    return f"silo{'s' * (len(silos) > 1)} {', '.join(map(str, silos))}"


class Word(StrEnum):
    """The answer, in words."""

    GAINS = "gains"
    LOSES = "loses"
    NO_EVIDENCE = "no evidence either way"
