"""What things are called: silos, and the words of a verdict."""

from collections.abc import Sequence
from enum import StrEnum

POOLED = 0
"""The id of the silo that has everybody's training data, for the centralized model."""


def silo_name(silo: int, names: Sequence[str] = ()) -> str:
    """Return what people call the silo with this 1-based id.

    `names` are those of all silos in the order of their ids, where the data have names.
    """
    if silo and names:
        return names[silo - 1]
    return f"silo {silo}" if silo else "all silos"


def silo_title(silo: int, names: Sequence[str] = ()) -> str:
    """Return a silo's name as a sentence begins with it: a name of its own stays as it is."""
    return silo_name(silo, names) if names else silo_name(silo).capitalize()


def silo_names(silos: Sequence[int], names: Sequence[str] = ()) -> str:
    """Return what people call these silos: "silo 3", "silos 3, 5", or their names."""
    if names:
        return ", ".join(silo_name(silo, names) for silo in silos)
    return f"silo{'s' * (len(silos) > 1)} {', '.join(map(str, silos))}"


class Word(StrEnum):
    """The answer, in words."""

    GAINS = "gains"
    LOSES = "loses"
    NO_DIFFERENCE = "no relevant difference"
    NO_EVIDENCE = "no evidence either way"
    NO_WORD = "numbers only"


class Lack(StrEnum):
    """Why there are numbers and no word."""

    SEEDS = "too few seeds"
    GROUPS = "too few groups"


def answer(word: Word, *, beyond_margin: bool = False, within_margin: bool = False) -> str:
    """Return the word, and on which side of the margin a gain or a loss surely lies."""
    if word in (Word.GAINS, Word.LOSES) and beyond_margin:
        return f"{word.value} by more than the margin"
    if word in (Word.GAINS, Word.LOSES) and within_margin:
        return f"{word.value}, but by less than the margin"
    return word.value


def is_worth_it(word: Word, *, within_margin: bool) -> bool:
    """Return whether something surely gains, and not surely by less than the margin."""
    return word is Word.GAINS and not within_margin
