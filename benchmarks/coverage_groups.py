"""Print how often intervals hold the true gain where test examples come in groups.

Usage: coverage_groups.py [--repetitions 1000]   (see docs/coverage.md; same output each time)
"""

import argparse
import itertools
from concurrent.futures import ProcessPoolExecutor

import numpy as np
from scipy.special import ndtri

from fedcompare.statistics.intervals import paired_gain
from fedcompare.statistics.moments import Moments
from fedcompare.statistics.samples import plain

SEEDS, GROUPS, GAINS = (3, 5), (8, 15, 60, 200), (0.0, 0.08)
SIZES = {
    "5 each": lambda rng, count: np.full(count, 5),
    "1 to 9": lambda rng, count: rng.integers(1, 10, count),
    "many small, few large": lambda rng, count: rng.geometric(0.2, count),
}
GROUP, EXAMPLE, SEED, CHANCE = 1.5, 0.7, 0.1, 0.7  # standard deviations of what decides an answer
ISOLATED = 0.75  # accuracy


def draw(rng, num_seeds, groups, gain):
    """Return differences, float [K, N]: groups, examples, seeds and chance decide an answer."""
    scale = np.sqrt(GROUP**2 + EXAMPLE**2 + SEED**2 + CHANCE**2)
    right = []
    for accuracy in (ISOLATED + gain, ISOLATED):
        shared = GROUP * rng.normal(size=groups.max() + 1)[groups]
        shared = shared + EXAMPLE * rng.normal(size=len(groups))
        own = SEED * rng.normal(size=(num_seeds, 1))
        chance = CHANCE * rng.normal(size=(num_seeds, len(groups)))
        right.append(ndtri(accuracy) * scale + shared + own + chance > 0)
    return right[0].astype(float) - right[1]


def covered(cell):
    """Return how often the intervals by groups and by examples hold the gain, in percent."""
    num_seeds, count, size, gain, repetitions = cell
    rng = np.random.default_rng([num_seeds, count, list(SIZES).index(size), round(100 * gain)])
    hits = np.zeros(2)
    for _ in range(repetitions):
        groups = np.repeat(np.arange(count), SIZES[size](rng, count))
        differences, labels = draw(rng, num_seeds, groups, gain), np.zeros_like(groups)
        for which, own in enumerate((groups, None)):
            found = paired_gain(plain(Moments.by_class(differences, labels, 1, own)))
            hits[which] += found.low <= gain <= found.high
    return 100 * hits / repetitions


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=1000)
    repetitions = parser.parse_args().repetitions
    cells = [(*cell, repetitions) for cell in itertools.product(SEEDS, GROUPS, SIZES, GAINS)]
    print("| seeds | groups | examples in one | true gain, points | covered, % | by examples, % |")
    print("| ---: | ---: | --- | ---: | ---: | ---: |")
    with ProcessPoolExecutor() as pool:
        for (seeds, count, size, gain, _), (own, rows) in zip(
            cells, pool.map(covered, cells), strict=True
        ):
            print(f"| {seeds} | {count} | {size} | {100 * gain:.0f} | {own:.1f} | {rows:.1f} |")


if __name__ == "__main__":
    main()
