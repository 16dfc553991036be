"""How sentences speak of a measure: of right answers, of points, or of how far a model is off."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fedcompare.evaluation.measures.catalog import AUROC, Measure
from fedcompare.findings.forms import Worded
from fedcompare.findings.gains import Gain
from fedcompare.names import Word
from fedcompare.text.units import PERCENT, PLAIN, Unit
from fedcompare.text.wording import level, percent, sentence, several


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

    def parts(self, unseen: float, seen: float) -> str:
        """Return what two kinds of classes contribute to a gain."""
        ...


def voice_of(
    measure: Measure, label: str, margin: float | None = None, class_names: Sequence[str] = ()
) -> Voice:
    """Return how to speak of a measure; `label` names what models are to tell.

    `margin` is the least gain that is worth it, in the unit of gains.
    """
    if measure.is_share:
        return RightAnswers(margin)
    if measure is AUROC and class_names:
        first, second = class_names
        said = (
            f"AUROC is how often, of 100 pairs, a case of class {second} gets a higher score than "
            f"one of class {first}: 50 is guessing."
        )
        return Points(measure.name, said, RightAnswers(margin))
    if measure.is_bounded:
        said = f"{sentence(measure.name)} is {measure.line}; it is written in points of 100."
        return Points(measure.name, said, RightAnswers(margin))
    unit = f"the unit of {label}" if measure.unit is Unit.LABEL else measure.unit.value
    return Errors(measure.name, unit, margin)


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

    def parts(self, unseen: float, seen: float) -> str:
        """Return signed percentage points."""
        return (
            f"{PERCENT.gain(unseen)} points come from the classes it never saw and "
            f"{PERCENT.gain(seen)} from those it has"
        )

    def _certain(self, gain: Worded) -> str:
        bounds = PERCENT.interval(gain.low, gain.high, PERCENT.digits(gain.gain))
        return f"{level(gain.confidence)} interval {bounds}"

    def _margin(self) -> str:
        amount = f"{100 * (self.margin or 0):.10g}"
        return f"{amount} point" if amount == "1" else f"{amount} points"


@dataclass(frozen=True, slots=True)
class Points:
    """Speaks of a measure in [0, 1] that is no share of right answers, in points of 100.

    Gains are spoken of as those of right answers, which are in points too.
    """

    name: str
    said: str
    gains: RightAnswers

    def preamble(self) -> str:
        """Return what the measure is."""
        return self.said

    def models(self, gain: Gain) -> str:
        """Return both values."""
        return (
            f"its own model has {self._one} of {percent(gain.isolated_equal)}, the federated one "
            f"{percent(gain.federated)}"
        )

    def change(self, gain: Worded) -> str:
        """Return points without a sign: the word has it."""
        return self.gains.change(gain)

    def difference(self, gain: Worded) -> str:
        """Return signed points."""
        return self.gains.difference(gain)

    def detectable(self, gain: Gain) -> str:
        """Return points; no gain is larger than 100."""
        return self.gains.detectable(gain)

    def alternatives(self, ensemble: float, average: float, federated: float) -> str:
        """Return three values."""
        return (
            f"the ensemble of the isolated-equal models has {self._one} of {percent(ensemble)} and "
            f"their average {percent(average)}, the federated model {percent(federated)}"
        )

    def fine_tuned(self, own: float, unseen: float | None) -> str:
        """Return one or two values."""
        also = "" if unseen is None else f", and {percent(unseen)} on those of classes it never saw"
        return f"has {self._one} of {percent(own)} on its own cases{also}"

    def reference(self, value: float) -> str:
        """Return the measure with its value."""
        return f"{self.name} {percent(value)}"

    def parts(self, unseen: float, seen: float) -> str:
        """Return signed points."""
        return self.gains.parts(unseen, seen)

    @property
    def _one(self) -> str:
        return f"{'an' if self.name[0] in 'AEIO' else 'a'} {self.name}"


@dataclass(frozen=True, slots=True)
class Errors:
    """Speaks of how far a model is off, in the unit of the label, or another: less is better."""

    name: str
    unit: str
    margin: float | None = None

    def preamble(self) -> str:
        """Return whose unit the numbers have."""
        unit = f" in {self.unit}" if self.unit else ""
        return f"Errors are {several(self.name)}{unit}; a gain lowers them."

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

    def parts(self, unseen: float, seen: float) -> str:
        """Return by how much they lower the error, as positive amounts."""
        return (
            f"{PLAIN.gain(unseen)} comes from the classes it never saw and {PLAIN.gain(seen)} from "
            "those it has"
        )
