"""Print how often the 95 % interval of a gain holds the true gain, as docs/coverage.md explains.

Usage: coverage.py [--repetitions 4000]   (about four minutes on two cores, same output each time)
"""

import argparse
import math
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from fedcompare.statistics.intervals import paired_gain
from fedcompare.statistics.moments import Moments
from fedcompare.statistics.samples import plain, standardised
from fedcompare.statistics.significance import holm

SEEDS = (3, 5, 10)
SILOS = 3
RESAMPLES = 200


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """A probit world: the standard deviations are on the scale of a noise of 1.

    `example` is difficulty that both models share, `method` difficulty that each has for
    itself in all seeds, `seed` how much a whole model differs from seed to seed. With
    `shares`, examples have classes, silo's shares differ from the test set's, and a model of
    one seed differs from class to class by `seed` too; classes below `seen` are those that
    the isolated model has learned. Test examples are drawn from all classes alike, but with
    `counts` so many of each.
    """

    name: str
    examples: int
    federated: float
    isolated: float
    example: float = 1.5
    method: float = 0.7
    seed: float = 0.2
    shares: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()
    seen: int = 0

    @property
    def gain(self) -> float:
        """Return the true gain: a probit's mean over Gaussian effects is closed."""
        if not self.shares:
            return self.federated - self.isolated
        return self.federated - self.isolated * sum(self.shares[: self.seen])


SCENARIOS = (
    Scenario(name="no gain", examples=50, federated=0.8, isolated=0.8, example=1, method=0.5),
    Scenario(name="no gain", examples=500, federated=0.9, isolated=0.9),
    Scenario(name="no gain", examples=2000, federated=0.9, isolated=0.9),
    Scenario(name="no gain, seeds alike", examples=500, federated=0.9, isolated=0.9, seed=0.02),
    Scenario(name="no gain, seeds dominate", examples=2000, federated=0.9, isolated=0.9, seed=1),
    Scenario(
        name="no gain, only chance", examples=500, federated=0.9, isolated=0.9,
        example=1.5, method=0, seed=0.02,
    ),
    Scenario(name="small gain", examples=2000, federated=0.91, isolated=0.90, seed=0.1),
    Scenario(name="large gain", examples=50, federated=0.95, isolated=0.65),
    Scenario(name="large gain", examples=500, federated=0.95, isolated=0.65),
    Scenario(name="never-seen cases", examples=100, federated=0.95, isolated=0),
    Scenario(name="never-seen cases", examples=500, federated=0.95, isolated=0),
    Scenario(name="never-seen cases, seeds dominate", examples=500, federated=0.95, isolated=0,
             seed=1),
    Scenario(
        name="own cases, no gain", examples=500, federated=0.9, isolated=0.9,
        shares=(0.4, 0.3, 0.2, 0.1, 0), seen=5,
    ),
    Scenario(
        name="own cases, one class not seen", examples=500, federated=0.9, isolated=0.92,
        shares=(0.4, 0.3, 0.2, 0.1, 0), seen=3,
    ),
    Scenario(
        name="own cases, two rare classes", examples=500, federated=0.95, isolated=0.8,
        shares=(0.1, 0.1, 0.4, 0.4), counts=(240, 240, 10, 10), seen=4,
    ),
    Scenario(name="16 patients, no gain", examples=16, federated=0.8, isolated=0.8, example=1,
             method=0.5),
    Scenario(name="16 patients, large gain", examples=16, federated=0.95, isolated=0.65),
)  # fmt: skip

# Worlds in which 95 % is not what the interval holds.
EXTREMES = (
    Scenario(name="never-seen cases, seeds dominate", examples=1000, federated=0.99, isolated=0,
             seed=1),
    Scenario(name="never-seen cases", examples=50, federated=0.95, isolated=0),
    Scenario(name="30 patients, no gain", examples=30, federated=0.9, isolated=0.9, method=0.5),
    Scenario(name="16 patients, no gain", examples=16, federated=0.9, isolated=0.9, method=0.5),
    Scenario(name="10 patients, no gain", examples=10, federated=0.9, isolated=0.9, method=0.5),
)  # fmt: skip

HEADER = """
| scenario | seeds | N | true gain, points | covered, % | bootstrap over seeds, % \
| false verdicts, % of silos | in any of 3 silos, % |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"""


def answers(rng, scenario, accuracy, shared, labels, num_seeds):
    """Draw whether one kind of model is right, bool [num_seeds, N], at this mean accuracy."""
    if accuracy == 0:
        return np.zeros((num_seeds, scenario.examples), dtype=bool)
    by_class = scenario.seed if labels is not None else 0.0
    variance = 1 + scenario.example**2 + scenario.method**2 + scenario.seed**2 + by_class**2

    def normal(*shape):
        return rng.standard_normal(shape, dtype=np.float32)

    own = shared + np.float32(scenario.method) * normal(1, scenario.examples)
    drift = np.float32(scenario.seed) * normal(num_seeds, 1)
    if labels is not None:
        drift = drift + np.float32(by_class) * normal(num_seeds, len(scenario.shares))[:, labels]
    noise = normal(num_seeds, scenario.examples)
    return own + drift + noise > -np.float32(ndtri(accuracy) * math.sqrt(variance))


def comparison(rng, scenario, num_seeds):
    """Draw one comparison: the sample of each silo with the one federated model."""
    count = scenario.examples
    labels = None
    if scenario.counts:
        labels = np.repeat(np.arange(len(scenario.counts)), scenario.counts)
    elif scenario.shares:
        labels = rng.integers(len(scenario.shares), size=count)
    shared = np.float32(scenario.example) * rng.standard_normal((1, count), dtype=np.float32)
    federated = answers(rng, scenario, scenario.federated, shared, labels, num_seeds)
    for _ in range(SILOS):
        isolated = answers(rng, scenario, scenario.isolated, shared, labels, num_seeds)
        if labels is None:
            yield plain(Moments.of(federated.astype(float) - isolated))
            continue
        isolated &= labels < scenario.seen
        # Each seed draws the silo's training data anew: 1,000 examples.
        shares = rng.multinomial(1000, scenario.shares, size=num_seeds) / 1000
        differences = federated.astype(float) - isolated
        moments = Moments.by_class(differences, labels, len(scenario.shares))
        yield standardised(moments, shares)


def study(scenario, num_seeds, repetitions):
    """Return one row of the table."""
    rng = np.random.default_rng([num_seeds, scenario.examples, zlib.crc32(scenario.name.encode())])
    false = abs(scenario.gain) < 1e-12
    covered = bootstrap = said = said_any = 0
    for _ in range(repetitions):
        p_values = []
        for sample in comparison(rng, scenario, num_seeds):
            found = paired_gain(sample)
            p_values.append(found.p_value)
            covered += found.low <= scenario.gain <= found.high
            rows = sample.seed_gains
            draws = rows[rng.integers(num_seeds, size=(RESAMPLES, num_seeds))].mean(axis=1)
            draws.sort()
            low, high = draws[int(0.025 * RESAMPLES)], draws[-int(0.025 * RESAMPLES) - 1]
            bootstrap += low <= scenario.gain <= high
        # Holm rejects something only where its first step does; statsmodels is slow.
        ask = false and min(p_values) <= 0.05 / SILOS
        words = sum(p <= 0.05 for p in holm(p_values)) if ask else 0
        said += words
        said_any += words > 0
    total = SILOS * repetitions
    return (
        scenario.name,
        str(num_seeds),
        str(scenario.examples),
        f"{100 * scenario.gain:.1f}",
        f"{100 * covered / total:.1f}",
        f"{100 * bootstrap / total:.1f}",
        f"{100 * said / total:.1f}" if false else "–",
        f"{100 * said_any / repetitions:.1f}" if false else "–",
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=4000)
    repetitions = parser.parse_args().repetitions
    with ProcessPoolExecutor() as pool:
        for scenarios in (SCENARIOS, EXTREMES):
            print(HEADER)
            jobs = [(each, seeds, repetitions) for each in scenarios for seeds in SEEDS]
            for row in pool.map(study, *zip(*jobs, strict=True)):
                print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
