"""How much silos differ, in sentences and as a table."""

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from fedcompare.names import silo_name
from fedcompare.report.blocks import Cell, Sheet
from fedcompare.statistics.skew import Distance, Level, Measure, MeasuredSkew, at_least
from fedcompare.text.wording import DASH, count, number, plural

_NAMED = 3  # features in a sentence
_MOST = 10  # in a table


def sentences(sizes: Sequence[float], skew: MeasuredSkew, names: Sequence[str]) -> Iterator[str]:
    """Yield how much silos differ, by their numbers of training examples and what was measured."""
    if len(sizes) > 1:
        yield size_sentence(sizes, names)
    if said := skew_sentence(skew, names):
        yield said


def size_sentence(sizes: Sequence[float], names: Sequence[str]) -> str:
    """Return how different the silos' numbers of training examples are."""
    most, least = max(sizes), min(sizes)
    if 2 * most < 3 * least:
        same = count(most) if most == least else f"{count(least)} to {count(most)}"
        return f"Silos are of similar sizes: {same} training examples each."
    largest, smallest = (silo_name(sizes.index(size) + 1, names) for size in (most, least))
    times = number(most / least, 1 if most < 10 * least else 0)
    return (
        f"Sizes differ {times}-fold: {count(most)} training examples in {largest}, {count(least)} "
        f"in {smallest}."
    )


def skew_sentence(skew: MeasuredSkew, names: Sequence[str]) -> str:
    """Return how much labels and features differ between silos."""
    return " ".join((*_labels(skew, names), *_features(skew, names)))


def skew_sheet(skew: MeasuredSkew, names: Sequence[str]) -> Sheet | None:
    """Return the features that differ most between silos, None where none does."""
    shown = at_least(skew.features, Level.SOMEWHAT)[:_MOST]
    if not shown:
        return None
    return Sheet(
        key="skew",
        caption="Features that differ most, each in the silo furthest from the others together",
        columns=("feature", "silo", "distance", "level", "measure"),
        rows=tuple(
            (
                Cell(one.subject),
                Cell(silo_name(one.silo, names) if one.silo else DASH),
                Cell(_signed(one)),
                Cell(one.level.value),
                Cell(one.measure.value),
            )
            for one in shown
        ),
        words=frozenset({1, 3, 4}),
        note="By training examples alone; what chance may give is left out.",
    )


def distance_note(skew: MeasuredSkew) -> str:
    """Return what the distance of labels beside a silo's name is, where there is one."""
    if not skew.labels:
        return ""
    numbers = skew.labels[0].measure is Measure.MEANS
    what = (
        "the standardised difference of a silo's mean label from that"
        if numbers
        else "the Jensen-Shannon distance, 0 to 1, of a silo's shares of the classes from those"
    )
    return (
        f"Label distance is {what} of all others together; chance where dealing at random may "
        "bring silos of these sizes as far apart."
    )


def distance_cell(distance: Distance) -> Cell:
    """Return the distance of a silo's labels, with a note where it may be chance."""
    return Cell(_signed(distance), note="chance" if distance.is_chance else "")


def _labels(skew: MeasuredSkew, names: Sequence[str]) -> Iterator[str]:
    """Yield how much labels differ, in the silo furthest out and in the median one."""
    if not skew.labels:
        return
    telling = [one for one in skew.labels if not one.is_chance]
    if not telling:
        yield "Labels differ no more between silos than chance gives."
        return
    furthest = max(telling, key=lambda one: one.extent)
    middle = number(median(abs(one.value) for one in skew.labels), 2)
    yield (
        f"Labels differ {furthest.level} between silos: {_said(furthest, names)}; in the median "
        f"silo it is {middle}."
    )


def _features(skew: MeasuredSkew, names: Sequence[str]) -> Iterator[str]:
    """Yield how many features differ how much, and which ones most."""
    subjects = {one.subject for one in skew.features}
    if not subjects:
        return
    if all(one.is_chance for one in skew.features):
        yield "Features differ no more between silos than chance gives."
        return
    shown = at_least(skew.features, Level.SOMEWHAT)
    if not shown:
        yield f"Features differ little between silos, all {len(subjects)} of them."
        return
    levels = Counter({one.subject: one.level for one in reversed(shown)}.values())
    parts = [(levels[level], level) for level in reversed(Level) if levels[level]]
    first, *others = parts
    verb = "differs" if first[0] == 1 else "differ"
    said = [f"{first[0]} of {plural(len(subjects), 'feature')} {verb} {first[1]}"]
    said += [f"{number_of} {level}" for number_of, level in others]
    most = ", ".join(f"{one.subject} ({_said(one, names)})" for one in shown[:_NAMED])
    yield f"Between silos {', '.join(said)}: {most}."


def _said(distance: Distance, names: Sequence[str]) -> str:
    """Return a distance in words."""
    size = number(abs(distance.value), 2)
    if distance.measure is not Measure.MEANS:
        where = f" in {silo_name(distance.silo, names)}" if distance.silo else ""
        return f"{distance.measure} {size}{where}"
    if not distance.silo:
        return f"{size} deviations apart"
    side = "above" if distance.value > 0 else "below"
    return f"{silo_name(distance.silo, names)} lies {size} deviations {side} the others"


def _signed(distance: Distance) -> str:
    if distance.measure is not Measure.MEANS or not distance.silo:
        return number(abs(distance.value), 2)
    sign = "+" if distance.value > 0 else ""
    return f"{sign}{number(distance.value, 2)}"
