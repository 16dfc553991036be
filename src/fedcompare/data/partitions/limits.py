"""What Flower Datasets' partitioners cannot make, found before they try, and what would work.

Each function yields a sentence for each thing that is impossible. They say themselves what is
impossible in words about their own code (a division by zero, an array's shape), or not at all.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from fedcompare.data.partitions.case import Case

Limits = Callable[[Case], Iterator[str]]
_Floats = npt.NDArray[np.float64]


def none(case: Case) -> Iterator[str]:
    """Everything that there are examples for can be made."""
    yield from ()


def growing(units: Callable[[_Floats], _Floats]) -> Limits:
    """Return the limits of a partitioner by which silo n gets `units(n)` parts of the data."""

    def smallest(num_silos: int, total: int) -> int:
        shares = units(np.arange(1, num_silos + 1, dtype=np.float64))
        with np.errstate(over="ignore", invalid="ignore"):
            first = shares[0] / shares.sum() * total
        return int(first) if np.isfinite(first) else 0

    def limits(case: Case) -> Iterator[str]:
        if smallest(case.num_silos, case.total) < 1:
            works = next(n for n in range(case.num_silos, 0, -1) if smallest(n, case.total))
            yield (
                f"silo 1 would get less than one of the {case.total} {case.things}; "
                f"num-silos = {works} or less works"
            )

    return limits


def sizes(case: Case) -> Iterator[str]:
    """Sizes must be positive, and there must be so many examples."""
    wanted = case.of("partition_sizes", ())
    if not all(size > 0 for size in wanted):
        yield "each of partition_sizes must be 1 or more: a silo without data cannot train"
    elif sum(wanted) > case.total:
        yield (
            f"partition_sizes add up to {sum(wanted)}, but there are {case.total} "
            f"{case.things}; sizes that add up to {case.total} or less work"
        )


def dirichlet(case: Case) -> Iterator[str]:
    """Alpha is one number, or one for each silo; the smallest silos must fit into the data."""
    yield from _alphas(case, case.num_silos, "silos")
    smallest = case.of("min_partition_size", 10)
    if smallest * case.num_silos > case.total:
        yield (
            f"{case.num_silos} silos of at least {smallest} (min_partition_size) are more than the "
            f"{case.total} {case.things}; min_partition_size="
            f"{case.total // case.num_silos} is the most that can be asked for"
        )


def inner_dirichlet(case: Case) -> Iterator[str]:
    """Alpha is one number, or one for each class; sizes as those of `sizes`."""
    yield from _alphas(case, len(case.class_sizes), "classes")
    yield from sizes(case)


def pathological(case: Case) -> Iterator[str]:
    """A silo has one class or more, and no more than there are."""
    yield from _classes(case, "num_classes_per_partition")


def continuous(case: Case) -> Iterator[str]:
    """Strictness goes from random parts to parts of the sorted values."""
    if not 0 <= (strictness := case.of("strictness")) <= 1:
        yield f"strictness must be 0 (random parts) to 1 (sorted by the column), got {strictness}"


def shard(case: Case) -> Iterator[str]:
    """There must be a shard for each silo, and an example for each shard."""
    shards, size = case.of("num_shards_per_partition"), case.of("shard_size")
    silos, total = case.num_silos, case.total
    if shards is None and size is None:
        yield "give num_shards_per_partition (2 in McMahan et al. 2017), shard_size, or both"
    elif min(number for number in (shards, size) if number is not None) < 1:
        yield "num_shards_per_partition and shard_size must be 1 or more"
    elif shards is not None and shards * silos * (size or 1) > total:
        most = total // (shards * silos)
        remedy = f"shard_size={most}" if most and size else _fewer_shards(total, silos, size or 1)
        yield (
            f"{silos} silos of {shards} shards of {size or 'at least 1'} are more than the {total} "
            f"{case.things}; {remedy} or less works"
        )
    elif shards is None and total // size < silos:
        yield (
            f"{total} {case.things} make {total // size} shards of {size}, fewer than there "
            f"are silos; shard_size={total // silos} or less works"
        )


def distribution(case: Case) -> Iterator[str]:
    """The table has a row for each class, and a column for each silo that has the class."""
    classes, silos = len(case.class_sizes), case.num_silos
    name = "num_unique_labels_per_partition"
    if problems := list(_classes(case, name)):
        yield from problems
    elif silos % classes:
        below = silos // classes * classes
        works = f"{below} or {below + classes}" if below else str(classes)
        yield (
            f"num-silos = {silos} is no multiple of the {classes} classes; num-silos = {works} "
            "works"
        )
    else:
        columns = case.of(name) * silos // classes
        yield from _table(case, np.asarray(case.of("distribution_array"), np.float64), columns)


def _table(case: Case, table: _Floats, columns: int) -> Iterator[str]:
    classes = len(case.class_sizes)
    if table.shape != (classes, columns):
        yield (
            f"distribution_array must have a row for each of the {classes} classes and {columns} "
            f"numbers in each (num_unique_labels_per_partition * num-silos / classes), but is "
            f"{' x '.join(map(str, table.shape))}"
        )
    elif (table < 0).any() or not (table.sum(axis=1) > 0).all():
        yield "distribution_array must have no negative number, and no row without a positive one"
    elif case.of("rescale", True):
        first = case.of("preassigned_num_samples_per_label")
        most = min(case.class_sizes) // columns - 1
        if not 0 <= first <= most:
            yield (
                f"preassigned_num_samples_per_label={first}, but the smallest class has "
                f"{min(case.class_sizes)} {case.things} for {columns} silos; "
                + (f"0 to {most} works" if most >= 0 else "a lower num-silos works")
            )
    elif (table.astype(int).sum(axis=1) > case.class_sizes).any():
        yield (
            f"a row of distribution_array adds up to more than the {case.things} of its class "
            f"({', '.join(map(str, case.class_sizes))}); lower it, or set rescale=true"
        )


def _alphas(case: Case, number: int, things: str) -> Iterator[str]:
    alpha = case.of("alpha")
    alphas = alpha if isinstance(alpha, tuple) else (alpha,)
    if not all(one > 0 for one in alphas):
        yield f"alpha must be above 0 (got {alpha}); small ones give skew, 100 nearly none"
    elif isinstance(alpha, tuple) and len(alpha) != number:
        yield f"alpha lists {len(alpha)} numbers, but there are {number} {things}; list {number}"


def _classes(case: Case, name: str) -> Iterator[str]:
    classes = len(case.class_sizes)
    if not 1 <= case.of(name) <= classes:
        yield f"{name}={case.of(name)}, but there are {classes} classes; 1 to {classes} works"


def _fewer_shards(total: int, silos: int, size: int) -> str:
    most = total // (silos * size)
    return f"num_shards_per_partition={most}" if most else f"num-silos = {total // size}"
