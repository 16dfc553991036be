"""Weights as bytes, as files, and in a model."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, load_file, save
from torch import nn

from fedcompare.errors import WeightsError
from fedcompare.learning.finite import CAUSES, first_non_finite

State = Mapping[str, torch.Tensor]


def load_state(model: nn.Module, state: State, *, source: str = "the weights") -> nn.Module:
    """Put `state` into `model` and return the model.

    Raises:
        WeightsError: names or shapes do not fit the model.
    """
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise WeightsError(
            f"{source} do not fit the configured model: {str(error).splitlines()[-1].strip()}"
        ) from error
    return model


def state_to_bytes(state: State) -> bytes:
    """Return weights in the safetensors format; equal weights give equal bytes."""
    return save({name: tensor.contiguous() for name, tensor in sorted(state.items())})


def state_from_bytes(content: bytes) -> State:
    """Return the weights that `state_to_bytes` wrote."""
    return load(content)


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """Read a safetensors file.

    Raises:
        WeightsError: the file is unreadable, truncated or corrupt, or not finite.
    """
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise WeightsError(
            f"{path} is corrupt or unreadable ({error}); make it again with --force"
        ) from error
    if name := first_non_finite(tensors):
        raise WeightsError(
            f"{path}: {name} is not finite, so it is of a model that diverged, or was altered; "
            f"{CAUSES}, and make it again with --force"
        )
    return tensors
