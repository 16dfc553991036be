"""How many silos work at the same time."""

import os

from fedcompare.errors import ResourceError


def available_cpus() -> int:
    """Return the number of CPUs this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def resolve_cpus(num_cpus: int) -> int:
    """Return the CPUs to use; 0 asks for all.

    Raises:
        ResourceError: more are asked for than there are.
    """
    available = available_cpus()
    if num_cpus > available:
        raise ResourceError(
            f"num-cpus = {num_cpus}, but this machine has {available}. "
            f"Use num-cpus = {available}, or 0 for all there are."
        )
    return num_cpus or available


def plan_workers(num_silos: int, cpus: int) -> int:
    """Return how many silos to train side by side.

    Three equal silos on two CPUs take two waves if two run at a time, but only
    1.5 if all three share the CPUs. So up to twice as many workers as CPUs are
    started where that leaves no worker idle in the last wave.
    """
    if num_silos <= cpus:
        return num_silos
    for workers in range(cpus, 2 * cpus + 1):
        if num_silos % workers == 0:
            return workers
    waves = -(-num_silos // (2 * cpus))
    return -(-num_silos // waves)
