"""In which order to show gains of very different certainty; nothing here decides anything."""

from collections.abc import Sequence
from statistics import fmean, variance


def shrunken(gains: Sequence[float], errors: Sequence[float]) -> tuple[float, ...]:
    """Return gains that are drawn towards their mean by as much as they are uncertain.

    The weight of a gain of its own is spread / (spread + error^2), where the spread is the gains'
    variance less the mean square of their errors (Efron and Morris 1975, JASA 70:311-319). Where
    that is nothing, all gains are their mean. Intervals around them would be too narrow (they cover
    55 to 80 %), so they may order a picture, and no more.
    """
    mean = fmean(gains)
    noise = fmean(error**2 for error in errors)
    spread = max(variance(gains) - noise, 0.0) if len(gains) > 1 else 0.0
    if not spread:
        return (mean,) * len(gains)
    return tuple(
        mean + spread / (spread + error**2) * (gain - mean)
        for gain, error in zip(gains, errors, strict=True)
    )
