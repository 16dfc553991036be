"""How the gains of a comparison become words."""

from collections.abc import Sequence
from dataclasses import dataclass

from fedcompare.config.groups import ComparisonConfig
from fedcompare.evaluation.measures.catalog import Measure
from fedcompare.statistics.intervals import PairedGain
from fedcompare.statistics.word_rules import Correction
from fedcompare.statistics.words import Decided, decide


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How gains become words: the level, the margin in the unit of gains, and the correction."""

    alpha: float = 0.05
    margin: float | None = None
    correction: Correction = Correction.HOLM

    @classmethod
    def of(cls, config: ComparisonConfig, measure: Measure) -> "Rules":
        """Return those of a configuration, whose margin is in points where gains are."""
        margin = config.margin
        if margin is not None and measure.is_bounded:
            margin /= 100
        return cls(margin=margin, correction=Correction(config.correct))

    def decide(self, gains: Sequence[PairedGain]) -> tuple[Decided, ...]:
        """Return the words of gains that are corrected for each other."""
        return decide(gains, alpha=self.alpha, margin=self.margin, correction=self.correction)


STANDARD = Rules()
