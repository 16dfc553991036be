"""How much silos differ in what they train on, from what each can say of its own examples."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from fedcompare.data.tables.contract import Contract, Feature, Kind
from fedcompare.statistics.distances import Floats
from fedcompare.statistics.skew import Measure
from fedcompare.statistics.tallies import Numbers, Shares, Tally

Inputs = npt.NDArray[np.float32]

LABEL = "label"
_LOOKS = ("brightness", "contrast")
_CHUNK = 4096  # pictures at a time


def tally_classes(label_counts: Sequence[Sequence[int]]) -> Shares:
    """Return how often each silo has each class, [S][C]."""
    counts = np.asarray(label_counts, dtype=np.float64)
    return Shares(subject=LABEL, counts=counts, measure=Measure.JENSEN_SHANNON)


def tally_pictures(silos: Iterable[Inputs]) -> Iterator[Tally]:
    """Yield what silos say of how bright their pictures are, and of their contrast.

    These are the mean of a picture's pixels, and their deviation; pictures are [N, C, H, W].
    """
    looks = list(map(_looks, silos))
    for place, subject in enumerate(_LOOKS):
        yield tally_numbers(subject, [own[:, place] for own in looks])


def tally_rows(contract: Contract, silos: Sequence[Inputs]) -> Iterator[Tally]:
    """Yield what silos say of each feature of their rows, as the contract made inputs [N, F]."""
    place = 0
    for feature in contract.features:
        yield from _tally(feature, [own[:, place : place + feature.width] for own in silos])
        place += feature.width


def tally_numbers(subject: str, silos: Sequence[npt.NDArray[np.floating]]) -> Numbers:
    """Return how many numbers each silo has, their mean and their scatter."""
    found = [own.astype(np.float64) for own in silos]
    means = np.array([own.mean() if len(own) else 0.0 for own in found])
    return Numbers(
        subject=subject,
        counts=np.array(list(map(len, found)), dtype=np.float64),
        means=means,
        scatters=np.array(
            [np.square(own - mean).sum() for own, mean in zip(found, means, strict=True)]
        ),
    )


def _tally(feature: Feature, silos: Sequence[Inputs]) -> Iterator[Tally]:
    if feature.kind is Kind.CATEGORY:
        yield _shares(feature, [own.sum(axis=0) for own in silos])
        return
    if feature.gaps:
        there = [own[:, -1] == 0 for own in silos]
        filled = [(has.sum(), len(has) - has.sum()) for has in there]
        yield _shares(feature, filled, Measure.MISSING)
        silos = [own[has] for own, has in zip(silos, there, strict=True)]
    if feature.kind is Kind.YES_NO:
        yield _shares(feature, [(own[:, 0].sum(), (1 - own[:, 0]).sum()) for own in silos])
    else:
        yield tally_numbers(feature.name, [own[:, 0] for own in silos])


def _shares(
    feature: Feature, counts: Sequence[object], measure: Measure = Measure.HELLINGER
) -> Shares:
    found = np.array(counts, dtype=np.float64)
    return Shares(subject=feature.name, counts=found, measure=measure)


def _looks(pictures: Inputs) -> Floats:
    """Return the mean of each picture's pixels, and their deviation, float64 [N, 2]."""
    flat = pictures.reshape(len(pictures), -1)
    parts = [flat[start : start + _CHUNK] for start in range(0, len(flat), _CHUNK)]
    looks = [
        np.stack([part.mean(axis=1, dtype=np.float64), part.std(axis=1, dtype=np.float64)], axis=1)
        for part in parts
    ]
    return np.concatenate(looks) if looks else np.empty((0, len(_LOOKS)))
