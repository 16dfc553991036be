"""What making models took."""

from dataclasses import dataclass

from fedcompare.regimes.catalog import Regime


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What making one regime's models took, for all silos together, as means over the seeds.

    `epochs` is how often each training example was passed over; `examples` counts examples
    processed in training; bytes are serialised messages from (up) and to (down) the silos,
    for `average` and `ensemble` one exchange of weights, and for `centralized` the raw
    examples; `seconds` is wall time (of the slowest silo, or of the federation from its
    first message to its last), measured while other regimes shared the CPUs; `cpu_seconds`
    is CPU time of training. Both are 0 for models that are no networks: these are fitted
    while all models answer, in a moment that nobody measures.
    """

    regime: Regime
    epochs: int
    local_steps: float
    examples: float
    bytes_up: float
    bytes_down: float
    seconds: float
    cpu_seconds: float
