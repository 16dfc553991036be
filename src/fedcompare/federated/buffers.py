"""What of a model a strategy averages: its trainable weights. All else is averaged here.

Strategies make floats of batch norm's counters, and give its variances a momentum, which may
become negative then. Frozen weights and masks are the same in all silos, and stay as they are.
"""

from collections.abc import Collection, Sequence

from flwr.app import Array, ArrayRecord

from fedcompare.federated import wire


def only(arrays: ArrayRecord, names: Collection[str]) -> ArrayRecord:
    """Return the arrays of these names, in their order."""
    chosen = ArrayRecord()
    for name, array in arrays.items():
        if name in names:
            chosen[name] = array
    return chosen


def joined(trained: ArrayRecord, others: ArrayRecord, *, like: ArrayRecord) -> ArrayRecord:
    """Return both, with the names, in the order and of the types of `like`."""
    whole = ArrayRecord()
    for name, model in like.items():
        array = others[name] if name in others else trained[name]
        if array.dtype != model.dtype:
            array = Array(array.numpy().astype(model.dtype))
        whole[name] = array
    return whole


def mean(models: Sequence[ArrayRecord], sizes: Sequence[int]) -> ArrayRecord:
    """Return the mean of the silos' arrays, weighted by their numbers of examples."""
    if not models[0]:
        return models[0]
    from fedcompare.learning.weights import weighted_mean

    return wire.encode_state(weighted_mean(list(map(wire.decode_state, models)), sizes))
