"""How sentences speak of a measure: of cases that a model gets right, or of how far it is off."""

from dataclasses import dataclass
from typing import Protocol

from fedcompare.evaluation.measures.catalog import Measure
from fedcompare.findings.forms import Worded
from fedcompare.findings.gains import Gain
from fedcompare.names import Word
from fedcompare.text.units import PERCENT, PLAIN
from fedcompare.text.wording import level, percent


class Voice(Protocol):
    """The parts of sentences that depend on the measure of a comparison."""

    def preamble(self) -> str:
        """Return a sentence on what numbers are, or nothing."""
        ...

    def models(self, gain: Gain) -> str:
        """Return how good a silo's own and the federated model are."""
        ...

    def change(self, gain: Worded) -> str:
        """Return by how much a silo gains or loses, with the interval: "gains 1.2 points (...)"."""
        ...

    def difference(self, gain: Worded) -> str:
        """Return a difference that may be none, with its interval: "a difference of ..."."""
        ...

    def detectable(self, gain: Gain) -> str:
        """Return how small a gain would have been found, as a sentence."""
        ...

    def alternatives(self, ensemble: float, average: float, federated: float) -> str:
        """Return how good the three models are that silos could share."""
        ...

    def fine_tuned(self, own: float, unseen: float | None) -> str:
        """Return how good a fine-tuned model is on a silo's own and never-seen cases."""
        ...

    def reference(self, value: float) -> str:
        """Return a value to which others are compared."""
        ...


def voice_of(measure: Measure, label: str, margin: float | None = None) -> Voice:
    """Return how to speak of a measure; `label` names what models are to tell.

    `margin` is the least gain that is worth it, in the unit of gains.
    """
    if measure.is_share:
        return RightAnswers(margin)
    return Errors(measure.name, label, margin)


def _beside_margin(gain: Worded, margin: str) -> str:
    """Return on which side of the margin a difference lies, if it surely does."""
    if gain.word is Word.NO_DIFFERENCE:
        return f", within the margin of {margin}"
    if gain.word not in (Word.GAINS, Word.LOSES):
        return ""
    if gain.beyond_margin:
        return f", by more than the margin of {margin}"
    return f", but by less than the margin of {margin}" if gain.within_margin else ""


@dataclass(frozen=True, slots=True)
class RightAnswers:
    """Speaks of the share of cases that a model gets right, and of percentage points."""

    margin: float | None = None

    def preamble(self) -> str:
        """Return nothing: everybody knows percent."""
        return ""

    def models(self, gain: Gain) -> str:
        """Return both accuracies."""
        return (
            f"its own model gets {percent(gain.isolated_equal)} % right, "
            f"the federated one {percent(gain.federated)} %"
        )

    def change(self, gain: Worded) -> str:
        """Return percentage points without a sign: the word has it."""
        digits = PERCENT.digits(gain.gain)
        amount = percent(abs(gain.gain), digits)
        beside = _beside_margin(gain, self._margin())
        return f"{gain.word.value} {amount} points{beside} ({self._certain(gain)})"

    def difference(self, gain: Worded) -> str:
        """Return signed percentage points."""
        beside = _beside_margin(gain, self._margin())
        return f"a difference of {PERCENT.gain(gain.gain)} points{beside} ({self._certain(gain)})"

    def detectable(self, gain: Gain) -> str:
        """Return percentage points; no gain is larger than 100."""
        if gain.detectable >= 1:
            return (
                "With these few seeds and test examples, not even the largest gain would surely "
                "have been found."
            )
        amount = percent(gain.detectable, PERCENT.digits(gain.detectable))
        return f"A true gain or loss of {amount} points or more would probably have been found."

    def alternatives(self, ensemble: float, average: float, federated: float) -> str:
        """Return three accuracies."""
        return (
            f"the ensemble of the isolated-equal models gets {percent(ensemble)} % right and "
            f"their average {percent(average)} %, the federated model {percent(federated)} %"
        )

    def fine_tuned(self, own: float, unseen: float | None) -> str:
        """Return one or two accuracies."""
        also = (
            "" if unseen is None else f", and {percent(unseen)} % of those of classes it never saw"
        )
        return f"gets {percent(own)} % of its own cases right{also}"

    def reference(self, value: float) -> str:
        """Return an accuracy."""
        return f"{percent(value)} %"

    def _certain(self, gain: Worded) -> str:
        bounds = PERCENT.interval(gain.low, gain.high, PERCENT.digits(gain.gain))
        return f"{level(gain.confidence)} interval {bounds}"

    def _margin(self) -> str:
        amount = f"{100 * (self.margin or 0):.10g}"
        return f"{amount} point" if amount == "1" else f"{amount} points"


@dataclass(frozen=True, slots=True)
class Errors:
    """Speaks of how far a model is off, in the unit of the label: less is better."""

    name: str
    label: str
    margin: float | None = None

    def preamble(self) -> str:
        """Return whose unit the numbers have."""
        return f"Errors are {self.name}s in the unit of {self.label}; a gain lowers them."

    def models(self, gain: Gain) -> str:
        """Return both errors."""
        # Models that are hardly unlike must not look alike.
        digits = max(
            PLAIN.digits(gain.isolated_equal, gain.federated),
            PLAIN.digits(gain.gain, gain.low, gain.high) - 1,
        )
        alone, together = (
            PLAIN.value(value, digits) for value in (gain.isolated_equal, gain.federated)
        )
        if gain.word not in (Word.GAINS, Word.LOSES):
            return f"the {self.name} of its own model is {alone}, of the federated one {together}"
        return f"from {alone} of its own model to {together} of the federated one"

    def change(self, gain: Worded) -> str:
        """Return an amount without a sign: the verb has it, and the interval's bounds follow it."""
        lowers = gain.word is Word.GAINS
        low, high = (gain.low, gain.high) if lowers else (-gain.high, -gain.low)
        digits = PLAIN.digits(gain.gain, low, high)
        bounds = f"{PLAIN.value(low, digits)} to {PLAIN.value(high, digits)}"
        beside = _beside_margin(gain, f"{self.margin or 0:.10g}")
        return (
            f"{'lowers' if lowers else 'raises'} its {self.name} by "
            f"{PLAIN.value(abs(gain.gain), digits)}{beside} "
            f"({level(gain.confidence)} interval {bounds})"
        )

    def difference(self, gain: Worded) -> str:
        """Return a signed amount: above 0, the federated model is nearer."""
        digits = PLAIN.digits(gain.gain, gain.low, gain.high)
        bounds = PLAIN.interval(gain.low, gain.high, digits)
        beside = _beside_margin(gain, f"{self.margin or 0:.10g}")
        return (
            f"a gain of {PLAIN.gain(gain.gain, digits)}{beside} ({level(gain.confidence)} interval "
            f"{bounds}; above 0, federating lowers the error)"
        )

    def detectable(self, gain: Gain) -> str:
        """Return an amount; errors have no largest gain."""
        amount = PLAIN.value(gain.detectable)
        return f"A true gain or loss of {amount} or more would probably have been found."

    def alternatives(self, ensemble: float, average: float, federated: float) -> str:
        """Return three errors."""
        return (
            f"the {self.name} of the ensemble of the isolated-equal models is "
            f"{PLAIN.value(ensemble)} and that of their average {PLAIN.value(average)}, that of "
            f"the federated model {PLAIN.value(federated)}"
        )

    def fine_tuned(self, own: float, unseen: float | None) -> str:
        """Return one error: numbers have no classes that a silo never saw."""
        return f"has a {self.name} of {PLAIN.value(own)} on its own cases"

    def reference(self, value: float) -> str:
        """Return an error."""
        return PLAIN.value(value)
