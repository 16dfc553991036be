"""Weights as bytes, as files, and in a model."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, load_file, save
from torch import nn

from fedcompare.errors import WeightsError
from fedcompare.learning.finite import CAUSES, first_non_finite

State = Mapping[str, torch.Tensor]
_ROWS = torch.contiguous_format


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


def trainable_names(model: nn.Module) -> frozenset[str]:
    """Return which tensors of the state training changes by gradients."""
    named = model.named_parameters(remove_duplicate=False)
    return frozenset(name for name, parameter in named if parameter.requires_grad)


def weighted_mean(states: Sequence[State], weights: Sequence[int]) -> State:
    """Return the states' mean, weighted by examples, in the types of the first.

    A tensor that is the same in all of them stays as it is; integers are rounded.
    """
    return {name: _mean([state[name] for state in states], weights) for name in states[0]}


def _mean(tensors: Sequence[torch.Tensor], weights: Sequence[int]) -> torch.Tensor:
    first, total = tensors[0], sum(weights)
    if all(torch.equal(first, other) for other in tensors[1:]):
        return first
    shares = [tensor.double() * w / total for tensor, w in zip(tensors, weights, strict=True)]
    mean = torch.stack(shares).sum(dim=0)
    return (mean if first.is_floating_point() else mean.round()).to(first.dtype)


def state_to_bytes(state: State) -> bytes:
    """Return weights in the safetensors format; equal weights give equal bytes.

    Tensors that share memory, such as tied weights, are stored one by one.
    """
    return save({name: tensor.clone(memory_format=_ROWS) for name, tensor in sorted(state.items())})


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
