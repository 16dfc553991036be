"""What a silo would reach without a network at all, and whether joining beats that."""

from dataclasses import dataclass

from fedcompare.findings.questions import Question
from fedcompare.names import Word
from fedcompare.regimes.catalog import Regime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceGain:
    """What a form gives a silo on a question beyond the best model that needs no network.

    `reference` is the best of the silo's conventional models there, by its mean over the seeds
    (`reference_value`), and `regime` the form, with `value`. `gain` is above 0 where the form is
    better. `word`, and the interval `low` to `high` at level `confidence` that it comes from, are
    corrected over all silos and forms that ask the question. Where the word is not "gains", the
    form beats at most a weak network of the silo's own, which is no reason to join.
    """

    silo: int
    question: Question
    regime: Regime
    reference: Regime
    value: float
    reference_value: float
    gain: float
    low: float
    high: float
    confidence: float
    adjusted_p_value: float
    word: Word
    beyond_margin: bool
    within_margin: bool

    @property
    def is_beaten(self) -> bool:
        """Return whether the form surely beats the reference."""
        return self.word is Word.GAINS
