"""All randomness comes from one experiment seed, through named streams."""

import hashlib


def derive_seed(seed: int, *stream: str | int) -> int:
    """Return the seed of one stream, for example `derive_seed(42, "train", silo_id, round)`.

    The first 7 bytes of a SHA-256 digest: stable over runs, processes and
    platforms, and within the 63 bits that torch and numpy generators take.
    """
    name = "/".join(str(part) for part in (seed, *stream))
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7], "big")
