"""Print how often the 95 % interval of a gain holds the true gain, as docs/coverage.md explains.

Usage: coverage.py [--full]   (a minute; with --full about 20, on one core)
"""

import argparse
import itertools
import zlib
from collections.abc import Iterator

import coverage_consortium as consortium
import numpy as np
from coverage_fits import cross_fitted
from coverage_worlds import (
    World,
    auroc,
    classes,
    collapsing,
    crossed,
    errors,
    few_differ,
    grouped,
    heavy,
    logistic,
    lognormal_errors,
    many,
    plainly,
    skewed,
)
from scipy.stats import multinomial

from fedcompare.statistics.word_rules import Correction
from fedcompare.statistics.words import decide

RATES = (
    (0.05, 0), (0.02, 0), (0.1, 0), (0.2, 0), (0.5, 0), (0.9, 0), (0.05, 0.01), (0.05, 0.02),
    (0.05, 0.05), (0.1, 0.05), (0.02, 0.02), (0.2, 0.1), (0.3, 0.05), (0.01, 0.01), (0.1, 0.1),
    (0.6, 0.1), (0.3, 0.3),
)  # fmt: skip
HEADER = "| world | seeds | N | true gain, points | covered, % | p < .05, % | width, points |"
RULE = "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"


def won_by(won, lost, agreement):
    return f"{100 * won:.0f} % won, {100 * lost:.0f} % lost, seeds agree on {100 * agreement:.0f} %"


def rng_of(*key):
    return np.random.default_rng(zlib.crc32(repr(key).encode()))


def study(title: str, worlds: list[World], repetitions: int) -> None:
    """Print a table, and the range of what it says."""
    print(f"\n### {title}\n\n{HEADER}\n{RULE}")
    coverages, false = [], []
    for world in worlds:
        rng = rng_of(title, world.name, world.seeds, world.size, world.gain)
        held = said = total = 0
        widths, truths = [], []
        for _ in range(repetitions):
            drawn = world.draw(rng)
            gains = drawn if isinstance(drawn, list) else [drawn]
            pairs = gains if world.gain is None else [(each, world.gain) for each in gains]
            for each, truth in pairs:
                held += each.low <= truth <= each.high
                said += each.p_value < 0.05
                widths.append(each.high - each.low)
                truths.append(truth)
                total += 1
        coverages.append(100 * held / total)
        if world.gain is not None and abs(world.gain) < 1e-12:
            false.append(100 * said / total)
        print(
            f"| {world.name} | {world.seeds} | {world.size} | {100 * np.mean(truths):.1f} "
            f"| {coverages[-1]:.1f} | {100 * said / total:.1f} | {100 * np.mean(widths):.1f} |",
            flush=True,
        )
    print(f"\n{repetitions} comparisons a row. Covered: {min(coverages):.1f} to ", end="")
    print(
        f"{max(coverages):.1f} %."
        + (f" p < .05 without a gain: {max(false):.1f} % at most." if false else ""),
        flush=True,
    )


def enumerated(counts: tuple[int, ...]) -> None:
    """Print the lowest exact coverage where three seeds agree, over all outcomes."""
    print("\n### Seeds that agree, by enumeration\n")
    print("| N | lowest, % | highest, % | lowest at won, lost |\n| ---: | ---: | ---: | --- |")
    for count in counts:
        known = {}

        def interval(won, lost, count=count, known=known):
            if (won, lost) not in known:
                row = np.repeat([1.0, -1.0, 0.0], [won, lost, count - won - lost])
                found = plainly(np.tile(row, (3, 1)))
                known[won, lost] = found.low, found.high
            return known[won, lost]

        covered = {}
        for won, lost in RATES:
            outcomes = np.array([(w, x) for w in range(count + 1) for x in range(count + 1 - w)])
            every = np.column_stack((outcomes, count - outcomes.sum(axis=1)))
            chances = multinomial.pmf(every, count, (won, lost, 1 - won - lost))
            likely = np.flatnonzero(chances > 1e-5 if count < 100 else chances > 1e-4)
            ends = np.array([interval(*outcome) for outcome in outcomes[likely].tolist()])
            holds = (ends[:, 0] <= won - lost) & (won - lost <= ends[:, 1])
            covered[won, lost] = 100 * chances[likely][holds].sum() / chances[likely].sum()
        worst = min(covered, key=covered.get)
        print(
            f"| {count} | {covered[worst]:.1f} | {max(covered.values()):.1f} | {worst} |",
            flush=True,
        )


def false_words(worlds: list[World], repetitions: int) -> None:
    """Print how often any silo of a comparison without gains gets a word."""
    print("\n### Any false word of a comparison\n")
    print("| world | seeds | silos | Holm, % | Benjamini-Hochberg, % |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for world in worlds:
        rng, said = rng_of(world.name, world.seeds, world.size), dict.fromkeys(Correction, 0)
        times = max(repetitions // 2, 1) if world.size.startswith("100 ") else repetitions
        for _ in range(times):
            gains = world.draw(rng)
            for correction in Correction:
                words = decide(gains, correction=correction)
                said[correction] += any(w.low > 0 or w.high < 0 for w in words)
        rates = " | ".join(f"{100 * said[each] / times:.1f}" for each in Correction)
        print(f"| {world.name} | {world.seeds} | {world.size} | {rates} |", flush=True)
    print(f"\n{repetitions} comparisons a row, half as many of 100 silos.")


def margins(worlds: list[World], repetitions: int) -> None:
    """Print how often a gain that is just the margin is said to be beyond or within it."""
    print("\n### Words with a margin, where the true gain is just the margin\n")
    print("| world | seeds | N | margin, points | falsely by more, % | falsely no relevant, % |")
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for world in worlds:
        rng, beyond, within = rng_of("margin", world.name, world.seeds, world.size), 0, 0
        total = 0
        for _ in range(repetitions):
            drawn = world.draw(rng)
            for gain in drawn if isinstance(drawn, list) else [drawn]:
                (word,) = decide([gain], margin=world.gain)
                beyond, within = beyond + word.beyond_margin, within + word.within_margin
                total += 1
        print(
            f"| {world.name} | {world.seeds} | {world.size} | {100 * world.gain:.1f} "
            f"| {100 * beyond / total:.1f} | {100 * within / total:.1f} |",
            flush=True,
        )
    print(f"\n{repetitions} comparisons a row.")


def together(repetitions: int) -> None:
    """Print how often the consortium's intervals hold what they are about."""
    print("\n### All silos together\n")
    print(
        "| silos | seeds | gain, points | gains differ by | "
        + " | ".join(consortium.COLUMNS)
        + " |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    cells = itertools.product((3, 4, 10, 60), (3, 5), (0.0, 0.02, 0.06))
    for silos, seeds, spread in cells:
        gain = 0.0 if spread == 0.02 else 0.03
        rng, rows = rng_of(silos, seeds, spread), []
        for _ in range(repetitions):
            rows.append(consortium.held(rng, silos, seeds, gain, spread)[0])
        shown = [
            "–" if column[0] is None else f"{100 * np.mean(column):.1f}"
            for column in zip(*rows, strict=True)
        ]
        numbers = f"{silos} | {seeds} | {100 * gain:.0f} | {100 * spread:.0f}"
        print(f"| {numbers} | {' | '.join(shown)} |", flush=True)
    print(f"\nCovered, in %; {repetitions} comparisons a row.")


def few_worlds() -> Iterator[World]:
    for seeds, count, rates, agreement in itertools.product(
        (3, 5, 10), (20, 50, 100), ((0.02, 0), (0.05, 0), (0.2, 0), (0.3, 0.1)), (0, 0.5, 0.8)
    ):
        yield few_differ(won_by(*rates, agreement),
                         seeds, count, *rates, agreement)  # fmt: skip


def class_worlds() -> Iterator[World]:
    for seeds, count in itertools.product((3, 5), (1, 2, 3, 5, 10, 30)):
        counts, shares = (200, count), (0.9, 0.1)
        yield classes("rare class, no gain", seeds, counts, shares, [(0.05, 0.05), (0.3, 0.3)])
        yield classes("rare class loses half", seeds, counts, shares, [(0, 0), (0, 0.5)])
        yield classes("rare class loses half, chance in the other", seeds, counts, shares,
                      [(0.05, 0.05), (0, 0.5)], 0.5)  # fmt: skip
    yield classes("ten classes, 5 % won", 3, (10,) * 10, (0.1,) * 10, [(0.05, 0)] * 10)
    yield classes("four classes, shares .6 .2 .1 .1", 3, (25,) * 4, (0.6, 0.2, 0.1, 0.1),
                  [(0.06, 0.01)] * 4)  # fmt: skip
    for counts in ((4, 10), (10, 30), (10, 100)):
        yield classes("balanced, no gain", 3, counts, (0.5, 0.5), [(0.2, 0.2), (0.1, 0.1)])
        yield classes("balanced, gain", 3, counts, (0.5, 0.5), [(0.3, 0.1), (0.1, 0.05)])


CROSSED = (
    ("no gain", 50, 0.8, 0.8, {"example": 1, "method": 0.5}),
    ("no gain", 500, 0.9, 0.9, {}),
    ("no gain", 2000, 0.9, 0.9, {}),
    ("no gain, seeds alike", 500, 0.9, 0.9, {"seed": 0.02}),
    ("no gain, seeds dominate", 2000, 0.9, 0.9, {"seed": 1}),
    ("no gain, only chance", 500, 0.9, 0.9, {"method": 0, "seed": 0.02}),
    ("small gain", 2000, 0.91, 0.90, {"seed": 0.1}),
    ("large gain", 50, 0.95, 0.65, {}),
    ("large gain", 500, 0.95, 0.65, {}),
    ("never-seen cases", 100, 0.95, 0, {}),
    ("never-seen cases, seeds dominate", 500, 0.95, 0, {"seed": 1}),
    ("16 patients, no gain", 16, 0.8, 0.8, {"example": 1, "method": 0.5}),
    ("16 patients, large gain", 16, 0.95, 0.65, {}),
)


def crossed_worlds() -> Iterator[World]:
    for name, count, federated, isolated, kind in CROSSED:
        for seeds in (3, 5, 10):
            yield crossed(name, seeds, count, federated, isolated, **kind)


def group_worlds() -> Iterator[World]:
    for seeds, count, sizes, gain in itertools.product(
        (3, 5), (8, 12, 60, 200), ("5 each", "1 to 9", "many small, few large"), (0.0, 0.08)
    ):
        yield grouped(seeds, count, sizes, gain)


def fold_worlds() -> Iterator[World]:
    for seeds, count in itertools.product((3, 5), (16, 30, 60, 300)):
        yield cross_fitted("federated of three silos", seeds, count)
        yield cross_fitted("no gain", seeds, count, same=True)
    yield cross_fitted("federated, hardly penalised", 5, 60, penalty=0.01)
    yield cross_fitted("no gain, hardly penalised", 5, 60, same=True, penalty=0.01)


def measure_worlds() -> Iterator[World]:
    for seeds, counts, areas in itertools.product(
        (3, 5), ((5, 20), (10, 20), (30, 60)), ((0.8, 0.8), (0.9, 0.8), (0.97, 0.97), (0.99, 0.95))
    ):
        yield auroc(seeds, *counts, *areas)
    for seeds, count in itertools.product((3, 5), (16, 50, 300)):
        yield errors("differences with heavy tails", seeds, count, 0.0, heavy)
        yield errors("differences with heavy tails", seeds, count, 0.3, heavy)
        yield lognormal_errors(seeds, count, 0.0)
        yield lognormal_errors(seeds, count, 0.2)


def broken_worlds() -> Iterator[World]:
    """Yield worlds in which 95 % is not what the interval holds, or too little is known."""
    for seeds, depth in itertools.product((3, 5, 10), (0.8, 0.1)):
        yield collapsing(seeds, 1000, depth)
    for seeds, count in itertools.product((3, 5), (16, 50, 300)):
        yield errors("errors whose differences are skewed to one side", seeds, count, 0.0, skewed)
    for seeds in (3, 10):
        yield crossed("never-seen cases, seeds dominate", seeds, 1000, 0.99, 0, seed=1)
        yield crossed("10 patients, no gain", seeds, 10, 0.9, 0.9, method=0.5)


def wrong_worlds() -> Iterator[World]:
    """Yield what must not be done: rows of a group taken for independent, folds for one split."""
    for seeds, sizes in itertools.product((3, 5), ("5 each", "many small, few large")):
        yield grouped(seeds, 60, sizes, 0.0, by_rows=True)
    for seeds, count in itertools.product((3, 5), (30, 60, 300)):
        yield cross_fitted("no gain, not widened", seeds, count, same=True, widened=False)


def untuned_worlds() -> Iterator[World]:
    """Yield worlds that nothing was chosen by; they were drawn up before they were run."""
    for seeds, count, agreement in itertools.product((3, 4, 7), (35, 150), (0.0, 0.6, 0.95)):
        name = f"beta difficulties, seeds agree on {100 * agreement:.0f} %"
        yield logistic(f"{name}, no gain", seeds, count, 0.0, agreement, 3)
        yield logistic(f"{name}, gain", seeds, count, 0.7, agreement, 3)
    for seeds in (3, 6):
        yield classes("three classes, the rarest of 4", seeds, (60, 15, 4), (0.7, 0.2, 0.1),
                      [(0.04, 0.02), (0.1, 0), (0, 0.25)], 0.7)  # fmt: skip
        yield classes("five thin classes, no gain", seeds, (3, 3, 6, 6, 40), (0.2,) * 5,
                      [(0.15, 0.15)] * 5, 0.7)  # fmt: skip
        yield classes("all of one class won", seeds, (80, 8), (0.8, 0.2), [(0, 0), (0.9, 0)], 0.9)
        yield crossed("seeds of Student's t with 3 degrees", seeds, 300, 0.88, 0.85,
                      seed=0.4, tails=3)  # fmt: skip
        yield crossed("a loss of 10 points", seeds, 80, 0.75, 0.85, example=2.5, method=0.3)
        yield grouped(seeds, 25, "lognormal", 0.0, of_group=2.0, example=0.3)
        yield grouped(seeds, 25, "lognormal", 0.1, of_group=2.0, example=0.3)
        yield auroc(seeds, 15, 100, 0.92, 0.85)
        yield cross_fitted("federated of three silos, much penalised", seeds, 45, penalty=10)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="800 comparisons a row")
    full = parser.parse_args().full
    times = 800 if full else 25
    enumerated((16, 20, 30, 50, 100, 300) if full else (16, 20))
    study("Few cases differ", list(few_worlds()), times)
    study("Classes with shares", list(class_worlds()), times)
    study("Seeds and examples as crossed effects", list(crossed_worlds()), times)
    study("Groups of rows", list(group_worlds()), times // 2)
    study("Cross-fitted, five folds, really trained", list(fold_worlds()), times // 4)
    study("Other measures", list(measure_worlds()), times // 2)
    study("Where it stops holding", list(broken_worlds()), times)
    study("What must not be done", list(wrong_worlds()), times // 4)
    false_words(
        [
            many(name, seeds, silos, count, **kind)
            for seeds, silos, (name, count, kind) in itertools.product(
                (3, 5),
                (3, 10, 100),
                (("own cases", 50, {}), ("seeds dominate", 50, {"seed": 0.7}),
                 ("seeds alike, few differ", 30, {"method": 0.4, "seed": 0.02, "example": 2.5})),
            )
        ],
        times // 2,
    )  # fmt: skip
    margins(
        [
            few_differ(won_by(won, 0.0, agree), 3, count, won, 0.0, agree)
            for won, count, agree in itertools.product((0.03, 0.05), (50, 200), (0.5, 1))
        ]
        + [
            crossed("probit", seeds, count, 0.92, 0.87)
            for seeds, count in itertools.product((3, 5, 10), (50, 200, 1000))
        ],
        times,
    )
    together(times // 4)
    study("Worlds that were not used for tuning", list(untuned_worlds()), times)


if __name__ == "__main__":
    main()
