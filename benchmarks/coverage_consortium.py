"""Worlds of silos together: what each of the consortium's intervals holds."""

import math

import numpy as np
from scipy.special import ndtri

from fedcompare.statistics.consortium import find_consortium
from fedcompare.statistics.moments import Moments

SCALE = math.sqrt(1 + 1.5**2 + 0.7**2 + 0.2**2)
COLUMNS = ("these silos", "their rows", "silos like these", "a new silo")


def right(rng, accuracy, shared, drift):
    own = shared + 0.7 * rng.standard_normal(shared.shape) + drift
    return own + rng.standard_normal((len(drift), shared.shape[1])) > -ndtri(accuracy) * SCALE


def held(rng, silos, seeds, gain, spread, isolated=0.8):
    """Return what each interval holds, and which says a false word; None where there is none.

    Silos have 15 to 150 rows and true gains that differ by `spread`; federated models share
    their seeds.
    """
    gains = np.clip(gain + spread * rng.standard_normal(silos + 1), -0.7, 0.19)
    *here, new = gains.tolist()
    sizes = rng.integers(15, 151, silos)
    of_seeds, moments = 0.2 * rng.standard_normal((seeds, 1)), []
    for size, own in zip(sizes, here, strict=True):
        shared = 1.5 * rng.standard_normal((1, size))
        federated = right(rng, isolated + own, shared, of_seeds)
        alone = right(rng, isolated, shared, 0.2 * rng.standard_normal((seeds, 1)))
        moments.append(Moments.of(federated.astype(float) - alone))
    found = find_consortium(moments)
    such, one = found.of_such_silos, found.of_a_new_silo
    pairs = (
        (found.of_silos, np.mean(here)),
        (found.of_rows, sizes @ here / sizes.sum()),
        (such, gain),
        (one, new),
    )
    holds = [None if each is None else each.low <= truth <= each.high for each, truth in pairs]
    return holds, such is not None and such.p_value < 0.05
