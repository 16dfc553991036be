"""Numbers over the seeds."""

from collections.abc import Sequence

import numpy as np

from fedcompare.findings.gains import Spread


def spread(values: Sequence[float]) -> Spread:
    """Return mean, lowest and highest."""
    return Spread(mean=float(np.mean(values)), lowest=min(values), highest=max(values))
