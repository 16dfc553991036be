"""In which form a silo should join: what each form gives it, and what it costs."""

from dataclasses import dataclass
from typing import TypeAlias

from fedcompare.findings.consortium import JointGain
from fedcompare.findings.gains import ClassGain, Gain
from fedcompare.findings.questions import Question
from fedcompare.findings.references import ReferenceGain
from fedcompare.names import Word, is_worth_it
from fedcompare.regimes.catalog import Regime


@dataclass(frozen=True, slots=True, kw_only=True)
class FormGain:
    """What one form gives a silo on one question: the form minus the silo's isolated-equal model.

    `value` is the form's mean of the comparison's first measure, and `gain` is above 0 where it is
    better. `word`, the interval `low` to `high` at level `confidence` that it comes from, and
    `adjusted_p_value` are corrected over all forms and silos that ask the question.
    `is_best` marks the form with the best value of those that are worth it, or of all where none
    is. `behind` is by how much that one is better, and `as_good`, that the two cannot be told
    apart; it is corrected for choosing the best of several.
    """

    silo: int
    question: Question
    regime: Regime
    value: float
    gain: float
    low: float
    high: float
    confidence: float
    adjusted_p_value: float
    word: Word
    beyond_margin: bool
    within_margin: bool
    behind: float
    is_best: bool
    as_good: bool

    @property
    def is_worth_it(self) -> bool:
        """Return whether it surely gains, and not surely by less than the margin."""
        return is_worth_it(self.word, within_margin=self.within_margin)

    @property
    def is_harm(self) -> bool:
        """Return whether it surely loses, and not surely by less than the margin."""
        return self.word is Word.LOSES and not self.within_margin


Worded: TypeAlias = Gain | ClassGain | FormGain | JointGain | ReferenceGain
"""What has a word, and the interval that it comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormCost:
    """What a silo pays for one form, as means over silos and seeds.

    `exchanges` counts how often it sends its weights and gets others back, bytes are what it sends
    (up) and receives (down), and `epochs` is how often it passes over its own examples.
    """

    regime: Regime
    exchanges: int
    bytes_up: float
    bytes_down: float
    epochs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The forms that are worth it on a question: the best one, and what is as good, best first."""

    question: Question
    forms: tuple[Regime, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """In which form a silo should join.

    `choices` has the questions on which a form is worth it. `forms` are the best ones on all of
    these; none where no form is. `harmed` are the questions on which the first of `forms` loses,
    and `spared` the forms that are worth it on some question and lose on none, where `forms` do.
    """

    silo: int
    choices: tuple[Choice, ...]
    forms: tuple[Regime, ...]
    harmed: tuple[Question, ...]
    spared: tuple[Regime, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """All forms of all silos: what each gives and costs, and in which one silos should join."""

    gains: tuple[FormGain, ...] = ()
    costs: tuple[FormCost, ...] = ()
    decisions: tuple[Decision, ...] = ()

    @property
    def advised(self) -> dict[int, tuple[Regime, ...]]:
        """Return the forms that are worth it on some question, by silo."""
        return {
            one.silo: tuple(dict.fromkeys(form for c in one.choices for form in c.forms))
            for one in self.decisions
        }

    def of_silo(self, silo: int) -> tuple[Decision, list[FormGain]]:
        """Return a silo's decision, and what it follows from."""
        nothing = Decision(silo=silo, choices=(), forms=(), harmed=(), spared=())
        decision = next((one for one in self.decisions if one.silo == silo), nothing)
        return decision, [gain for gain in self.gains if gain.silo == silo]


NO_FORMS = Forms()
