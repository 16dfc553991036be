"""What models draw while they are made, train or answer: from global generators, by seed."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from fedcompare.seeds import seeded_globals


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the global generators of torch, Python and numpy; afterwards they are as before.

    Only torch's of the CPU is seeded: `torch.manual_seed` takes longer than a training step.
    """
    with torch.random.fork_rng(devices=[]), seeded_globals(seed):
        torch.default_generator.manual_seed(seed)
        yield
