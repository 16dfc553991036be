"""How much silos differ, as values: distances, what to call them, and their means over seeds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import fmean


class Measure(StrEnum):
    """What a distance is measured by; of categories by shares, of numbers by means."""

    JENSEN_SHANNON = "Jensen-Shannon distance"
    HELLINGER = "Hellinger distance"
    MISSING = "Hellinger distance of missing values"
    MEANS = "standardised mean difference"


class Level(StrEnum):
    """How much silos differ, in words."""

    LITTLE = "little"
    SOMEWHAT = "somewhat"
    CLEARLY = "clearly"
    STRONGLY = "strongly"


# From where on a distance is more than little: small, medium and large differences of means as
# Cohen (1988) has them; and the distances of two shares around a half that lie apart by an h of
# his of the same sizes.
_HELLINGER = (0.07, 0.18, 0.28)
BOUNDS = {
    Measure.JENSEN_SHANNON: (0.08, 0.21, 0.34),
    Measure.HELLINGER: _HELLINGER,
    Measure.MISSING: _HELLINGER,
    Measure.MEANS: (0.2, 0.5, 0.8),
}
_LEVELS = tuple(Level)
DIGITS = 6  # the last ones of a distance depend on the order of sums


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """How far one silo lies from all others together, in the label or in one feature.

    `silo` is its 1-based id, None where it is another one with every seed. Differences of means
    have a sign, and are in deviations; all others are in [0, 1]. `is_chance` where silos of these
    sizes may lie so far apart though rows were dealt at random.
    """

    subject: str
    measure: Measure
    silo: int | None
    value: float
    is_chance: bool

    @property
    def extent(self) -> float:
        """Return the distance in large ones, in which all measures can be compared."""
        return abs(self.value) / BOUNDS[self.measure][-1]

    @property
    def level(self) -> Level:
        """Return how much that is, in words."""
        passed = sum(abs(self.value) >= bound for bound in BOUNDS[self.measure])
        return Level.LITTLE if self.is_chance else _LEVELS[passed]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredSkew:
    """The distance of every silo's labels, and of each feature that of the silo furthest out."""

    labels: tuple[Distance, ...] = ()
    features: tuple[Distance, ...] = ()


UNMEASURED = MeasuredSkew()


def mean_skew(skews: Sequence[MeasuredSkew]) -> MeasuredSkew:
    """Return the means over seeds; of a feature, of its silos furthest out."""
    labels = zip(*(skew.labels for skew in skews), strict=True)
    features: dict[tuple[str, Measure], list[Distance]] = {}
    for skew in skews:
        for distance in skew.features:
            features.setdefault((distance.subject, distance.measure), []).append(distance)
    return MeasuredSkew(
        labels=tuple(_mean(distances) for distances in labels),
        features=tuple(_mean(distances) for distances in features.values()),
    )


def at_least(distances: Iterable[Distance], level: Level) -> list[Distance]:
    """Return the distances of this level and above, the largest first."""
    lowest = _LEVELS.index(level)
    found = [one for one in distances if _LEVELS.index(one.level) >= lowest]
    return sorted(found, key=lambda one: -one.extent)


def _mean(distances: Sequence[Distance]) -> Distance:
    first, silos = distances[0], {one.silo for one in distances}
    values = [one.value for one in distances]
    is_one_sided = len({value > 0 for value in values}) == 1
    return Distance(
        subject=first.subject,
        measure=first.measure,
        silo=first.silo if len(silos) == 1 else None,
        value=round(fmean(value if is_one_sided else abs(value) for value in values), DIGITS),
        is_chance=2 * sum(one.is_chance for one in distances) > len(distances),
    )
