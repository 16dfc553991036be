"""What models draw while they are made, train or answer: from global generators, by seed."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from fedcompare.regimes.devices import CPU
from fedcompare.seeds import seeded_globals


@contextmanager
def seeded(seed: int, device: str = CPU) -> Iterator[None]:
    """Seed the global generators of torch, Python and numpy; afterwards they are as before.

    Of torch only the CPU's is seeded where nothing is drawn elsewhere: `torch.manual_seed` takes
    longer than a training step. A GPU's stays as the block leaves it.
    """
    with torch.random.fork_rng(devices=[]), seeded_globals(seed):
        torch.default_generator.manual_seed(seed)
        if device != CPU:
            torch.manual_seed(seed)
        yield
