"""All randomness comes from one experiment seed, through named streams."""

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager


def derive_seed(seed: int, *stream: str | int) -> int:
    """Return the seed of one stream, for example `derive_seed(42, "train", silo_id, round)`.

    The first 7 bytes of a SHA-256 digest: stable over runs, processes and
    platforms, and within the 63 bits that torch and numpy generators take.
    """
    name = "/".join(str(part) for part in (seed, *stream))
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big")


@contextmanager
def seeded_globals(seed: int) -> Iterator[None]:
    """Seed Python's and numpy's global generators in the block; afterwards they are as before.

    For what is not ours, and draws from them.
    """
    import numpy as np

    before, numpy_before = random.getstate(), np.random.get_state()  # noqa: NPY002
    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(before)
        np.random.set_state(numpy_before)  # noqa: NPY002
