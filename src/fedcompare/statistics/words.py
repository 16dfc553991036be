"""The words that gains decide, each from the interval that is printed beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from fedcompare.names import Word
from fedcompare.statistics.intervals import PairedGain
from fedcompare.statistics.significance import benjamini_hochberg, holm
from fedcompare.statistics.word_rules import RULES, Correction, Evidence

_ADJUST = {Correction.HOLM: holm, Correction.BH: benjamini_hochberg}


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A word, and the interval that it comes from.

    `low` and `high` bound the gain at `confidence`, the level that the correction leaves this
    question: gains and loses are said where it excludes 0. `beyond_margin`: it lies beyond the
    margin as a whole, so that the gain or the loss is surely worth speaking of. `within_margin`:
    the interval at twice the level, as two one-sided tests need it, lies inside; where that decides
    the word, it is the interval here. Both are False without a margin. `adjusted_p_value` is at
    most alpha where the interval excludes 0.
    """

    word: Word
    low: float
    high: float
    confidence: float
    adjusted_p_value: float
    beyond_margin: bool
    within_margin: bool


def decide(
    gains: Sequence[PairedGain],
    *,
    alpha: float = 0.05,
    margin: float | None = None,
    correction: Correction = Correction.HOLM,
) -> tuple[Decided, ...]:
    """Return the word of each of the gains, which answer one question of several silos.

    The first of `word_rules.RULES` that holds decides.

    Levels are those of the correction's own step (`levels`), so that a word, its interval and
    its adjusted p-value never contradict each other. Equivalence is decided by two one-sided tests
    (Schuirmann 1987, J. Pharmacokinetics and Biopharmaceutics 15:657-680). A gain with a lack is
    not tested and does not count among the others; its interval is the plain one at 1 - alpha, and
    its p-value is not adjusted.

    Args:
        gains: Of the questions that are corrected for each other.
        alpha: The level of all of them together, in (0, 1/2).
        margin: The smallest gain or loss that matters, in the gain's unit, above 0.
        correction: Holm's (1979) holds the chance of any false word at `alpha`, Benjamini and
            Hochberg's (1995) the expected share of false ones among those said.

    Raises:
        ValueError: `alpha` or `margin` is not in its range.
    """
    if not 0 < alpha < 0.5:
        raise ValueError("alpha must be inside (0, 1/2)")
    if margin is not None and not margin > 0:
        raise ValueError("a margin must be above 0")
    tested = [index for index, gain in enumerate(gains) if gain.lack is None]
    p_values = [gains[index].p_value for index in tested]
    found = zip(_ADJUST[correction](p_values), levels(p_values, alpha, correction), strict=True)
    by_index = dict(zip(tested, found, strict=True))
    return tuple(
        _decide(gain, *by_index.get(index, (gain.p_value, alpha)), margin)
        for index, gain in enumerate(gains)
    )


def levels(p_values: Sequence[float], alpha: float, correction: Correction) -> tuple[float, ...]:
    """Return the level at which each hypothesis is tested in the end, in their own order.

    A hypothesis is rejected where its p-value is at most its level. Of m, of which r are rejected:
    by Holm's method the one of rank i at alpha / (m - i + 1), and those that are not at
    alpha / (m - r); by Benjamini and Hochberg's all at r alpha / m, r being at least 1, whose
    intervals are Benjamini and Yekutieli's for selected ones (2005, JASA 100:71-81).
    """
    count = len(p_values)
    rejected = sum(p_value <= alpha for p_value in _ADJUST[correction](p_values))
    if correction is Correction.BH:
        return (max(rejected, 1) * alpha / count,) * count if count else ()
    order = sorted(range(count), key=p_values.__getitem__)
    by_rank = {index: min(rank, rejected) for rank, index in enumerate(order)}
    return tuple(alpha / (count - by_rank[index]) for index in range(count))


def _decide(
    gain: PairedGain, adjusted_p_value: float, level: float, margin: float | None
) -> Decided:
    (low, high), inner = gain.interval(1 - level), gain.interval(1 - 2 * level)
    evidence = Evidence(
        lacks=gain.lack is not None,
        low=low,
        high=high,
        beyond=margin is not None and (low > margin or high < -margin),
        within=margin is not None and -margin < inner[0] and inner[1] < margin,
    )
    word = next(rule.word for rule in RULES if rule.holds(evidence))
    if word is Word.NO_DIFFERENCE:
        level, (low, high) = 2 * level, inner
    return Decided(
        word=word,
        low=low,
        high=high,
        confidence=1 - level,
        adjusted_p_value=adjusted_p_value,
        beyond_margin=evidence.beyond,
        within_margin=evidence.within,
    )
