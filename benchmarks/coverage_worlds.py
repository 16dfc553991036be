"""Worlds whose true gain is known: each draws one comparison, and returns what was found there."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from fedcompare.statistics.intervals import paired_gain
from fedcompare.statistics.moments import Moments
from fedcompare.statistics.samples import plain, standardised
from fedcompare.statistics.stratified import stratified, stratified_values


@dataclass(frozen=True, kw_only=True)
class World:
    """A cell of a table: `draw` returns a `PairedGain`, or a list of them, of one a silo.

    `gain` is the true one; where it is None, `draw` returns pairs of what was found and the truth.
    """

    name: str
    seeds: int
    size: str
    gain: float | None
    draw: Callable


def plainly(differences, **asked):
    return paired_gain(plain(Moments.of(differences)), **asked)


def by_class(differences, labels, shares):
    rows = np.tile(shares, (len(differences), 1))
    return paired_gain(standardised(Moments.by_class(differences, labels, len(shares)), rows))


def answers(rng, rates, labels, seeds, agreement=1.0):
    """Draw -1, 0, 1 by the classes' rates of won and lost; seeds agree on so many examples."""
    won, lost = np.transpose(rates)
    drawn = rng.random((seeds, len(labels)))
    drawn = np.where(rng.random(len(labels)) < agreement, drawn[:1], drawn)
    return np.where(drawn < won[labels], 1.0, np.where(drawn < (won + lost)[labels], -1.0, 0.0))


def few_differ(name, seeds, count, won, lost, agreement):
    def draw(rng):
        return plainly(answers(rng, [(won, lost)], np.zeros(count, int), seeds, agreement))

    return World(name=name, seeds=seeds, size=str(count), gain=won - lost, draw=draw)


def classes(name, seeds, counts, shares, rates, agreement=1.0):
    labels = np.repeat(np.arange(len(counts)), counts)
    gain = sum(s * (won - lost) for s, (won, lost) in zip(shares, rates, strict=True))

    def draw(rng):
        return by_class(answers(rng, rates, labels, seeds, agreement), labels, shares)

    size = "+".join(map(str, counts)) if len(set(counts)) > 1 else f"{len(counts)} of {counts[0]}"
    return World(name=name, seeds=seeds, size=size, gain=gain, draw=draw)


def probit(rng, accuracies, seeds, count, *, example=1.5, method=0.7, seed=0.2, tails=None):
    """Draw whether kinds of models are right, a list of bool [seeds, count], on the same examples.

    Standard deviations are on the scale of a noise of 1: of difficulty that kinds share, of
    difficulty of each kind, and of whole models, with `tails` of Student's t and their own scale.
    """
    shared = example * rng.standard_normal((1, count))
    scale = math.sqrt(1 + example**2 + method**2 + seed**2)
    found = []
    for accuracy in accuracies:
        drift = rng.standard_normal((seeds, 1)) if tails is None else scaled_t(rng, tails, seeds)
        own = shared + method * rng.standard_normal((1, count)) + seed * drift
        noise = rng.standard_normal((seeds, count))
        level = math.inf if accuracy == 0 else -ndtri(accuracy) * scale
        found.append(own + noise > level)
    return found


def scaled_t(rng, freedom, seeds):
    return rng.standard_t(freedom, (seeds, 1)) * math.sqrt((freedom - 2) / freedom)


def crossed(name, seeds, count, federated, isolated, *, silos=3, **kind):
    """Silos whose isolated models are compared with one federated model, on the same cases."""

    def draw(rng):
        first, *others = probit(rng, [federated] + [isolated] * silos, seeds, count, **kind)
        return [plainly(first.astype(float) - other) for other in others]

    gain = federated - isolated
    return World(name=name, seeds=seeds, size=str(count), gain=gain, draw=draw)


def many(name, seeds, silos, count, *, accuracy=0.85, **kind):
    """Silos with cases of their own, whose federated models share their seeds; no gain."""
    example, method, seed = kind.get("example", 1.5), kind.get("method", 0.7), kind.get("seed", 0.2)
    scale = math.sqrt(1 + example**2 + method**2 + seed**2)

    def draw(rng):
        of_seeds, found = seed * rng.standard_normal((seeds, 1)), []
        for _ in range(silos):
            shared, right = example * rng.standard_normal((1, count)), []
            for drift in (of_seeds, seed * rng.standard_normal((seeds, 1))):
                own = shared + method * rng.standard_normal((1, count)) + drift
                noise = rng.standard_normal((seeds, count))
                right.append(own + noise > -ndtri(accuracy) * scale)
            found.append(plainly(right[0].astype(float) - right[1]))
        return found

    return World(name=name, seeds=seeds, size=f"{silos} of {count}", gain=0.0, draw=draw)


SIZES = {
    "5 each": lambda rng, count: np.full(count, 5),
    "1 to 9": lambda rng, count: rng.integers(1, 10, count),
    "many small, few large": lambda rng, count: rng.geometric(0.2, count),
    "lognormal": lambda rng, count: np.ceil(rng.lognormal(1, 0.7, count)).astype(int),
}


def grouped(seeds, count, sizes, gain, *, isolated=0.75, of_group=1.5, example=0.7, by_rows=False):
    scale = math.sqrt(of_group**2 + example**2 + 0.1**2 + 0.7**2)

    def draw(rng):
        groups, right = np.repeat(np.arange(count), SIZES[sizes](rng, count)), []
        for accuracy in (isolated + gain, isolated):
            shared = of_group * rng.normal(size=count)[groups] + example * rng.normal(
                size=len(groups)
            )
            own = 0.1 * rng.normal(size=(seeds, 1)) + 0.7 * rng.normal(size=(seeds, len(groups)))
            right.append(ndtri(accuracy) * scale + shared + own > 0)
        differences, labels = right[0].astype(float) - right[1], np.zeros_like(groups)
        moments = Moments.by_class(differences, labels, 1, None if by_rows else groups)
        return paired_gain(plain(moments))

    name = f"groups, {sizes}" + (", taken for rows" if by_rows else "")
    return World(name=name, seeds=seeds, size=str(count), gain=gain, draw=draw)


def placements(scores, labels):
    cases, controls = scores[labels == 1], scores[labels == 0]
    wins = (cases[:, None] > controls[None]).astype(float)
    found = np.empty(len(scores))
    found[labels == 1], found[labels == 0] = wins.mean(axis=1), wins.mean(axis=0)
    return found


def auroc(seeds, cases, controls, challenger, baseline):
    """Binormal scores: half of their variance is the example's, in both kinds of models."""
    labels = np.repeat([1, 0], [cases, controls])
    members, shares = np.tile(labels, (seeds, 1)), np.full((seeds, 2), 0.5)
    shifts = [ndtri(area) * math.sqrt(2) for area in (challenger, baseline)]

    def draw(rng):
        shared, found = math.sqrt(0.5) * rng.normal(size=len(labels)), []
        for shift in shifts:
            own = math.sqrt(0.3) * rng.normal(size=len(labels))
            rows = shift * labels + shared + own
            noise = math.sqrt(0.2) * rng.normal(size=(seeds, len(labels)))
            found.append(np.stack([placements(row, labels) for row in rows + noise]))
        values = stratified_values(found[0] - found[1], members, shares, times=2)
        return paired_gain(stratified(Moments.of(values), members, shares, None, times=2))

    return World(
        name=f"AUROC {challenger:g} against {baseline:g}",
        seeds=seeds,
        size=f"{cases}+{controls}",
        gain=challenger - baseline,
        draw=draw,
    )


def errors(name, seeds, count, gain, noise):
    """Differences of errors as they are drawn, with seeds and chance."""

    def draw(rng):
        examples = noise(rng, (1, count)) + 0.3 * noise(rng, (seeds, count))
        return plainly(gain + examples + 0.1 * rng.normal(size=(seeds, 1)), bounded=False)

    return World(name=name, seeds=seeds, size=str(count), gain=gain, draw=draw)


def lognormal_errors(seeds, count, less):
    """Two models' absolute errors, lognormal; the challenger's are smaller by a share."""

    def of_one(rng, shared):
        own = rng.normal(size=(1, count)) + 0.5 * rng.normal(size=(seeds, count))
        drift = 0.05 * rng.normal(size=(seeds, 1))
        return np.exp(0.8 * (math.sqrt(0.6) * shared + math.sqrt(0.32) * own) + drift)

    def draw(rng):
        shared = rng.normal(size=(1, count))
        return plainly(of_one(rng, shared) - (1 - less) * of_one(rng, shared), bounded=False)

    gain = less * math.exp(0.32 + 0.05**2 / 2)
    return World(name="lognormal errors", seeds=seeds, size=str(count), gain=gain, draw=draw)


def heavy(rng, shape):
    return rng.standard_t(3, shape)


def skewed(rng, shape):
    return rng.lognormal(0, 0.8, shape) - math.exp(0.32)


def collapsing(seeds, count, depth):
    """One seed in five of the federated model is worse by `depth`; else it gains 5 points."""

    def draw(rng):
        first, other = probit(rng, [0.9, 0.85], seeds, count)
        fails = rng.random((seeds, 1)) < 0.2
        lost = fails & (rng.random((seeds, count)) < depth / 0.9)
        return plainly((first & ~lost).astype(float) - other)

    return World(
        name=f"a seed in five falls by {100 * depth:.0f} points",
        seeds=seeds,
        size=str(count),
        gain=0.05 - 0.2 * depth,
        draw=draw,
    )


def logistic(name, seeds, count, gain, agreement, freedom):
    """Difficulties from a beta distribution, seeds of Student's t on the logit scale.

    The truth is the mean over so many seeds and examples that it is known to a few hundredths.
    """
    truth = np.random.default_rng(1)

    def right(rng, shift, seeds, base):
        drift = 0.3 * rng.standard_t(freedom, (seeds, 1))
        logits = np.log(base / (1 - base)) + shift + drift
        chance = rng.random((seeds, len(base)))
        chance = np.where(rng.random(len(base)) < agreement, chance[:1], chance)
        return chance < 1 / (1 + np.exp(-logits))

    def differences(rng, seeds, count):
        base = np.clip(rng.beta(2, 0.6, count), 1e-6, 1 - 1e-6)
        return right(rng, gain, seeds, base).astype(float) - right(rng, 0.0, seeds, base)

    known = 0.0 if gain == 0 else float(differences(truth, 2000, 4000).mean())
    return World(
        name=name,
        seeds=seeds,
        size=str(count),
        gain=known,
        draw=lambda rng: plainly(differences(rng, seeds, count)),
    )
