"""The one place that names models: their files, their rows, and what people call them."""

from fedcompare.names import silo_name
from fedcompare.regimes.catalog import Regime


def training_name(regime: Regime, silo: int, seed: int) -> str:
    """Return what messages call one model's training."""
    return f"{regime} training of {silo_name(silo)}, seed {seed}"


def model_name(regime: Regime, silo: int | None) -> str:
    """Return what tables call a model: "isolated, silo 1" or "federated"."""
    return regime.value if silo is None else f"{regime}, {silo_name(silo)}"


def weights_file(silo: int | None, *, round: int | None = None) -> str:
    """Return where a model's weights are in its regime's part; no silo means the global model.

    Without a round, these are the weights after the last one.
    """
    stem = "global" if silo is None else f"silo-{silo}"
    folder = "weights" if round is None else f"weights/round-{round}"
    return f"{folder}/{stem}.safetensors"


LOCAL = "local"


def model_key(regime: str, silo: int | None) -> str:
    """Return the name of a model's files and rows: "isolated-equal-silo-1" or "federated"."""
    return regime if silo is None else f"{regime}-silo-{silo}"
