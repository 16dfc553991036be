"""Models of the user's own: made by their factory, and checked before anything relies on them."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from fedcompare.config.choices import Choice, choosable
from fedcompare.config.dotted import said, working_folder
from fedcompare.errors import ConfigError

GIVEN = ("input_shape", "num_outputs")
# Others cannot be stored, sent or averaged: Flower carries what numpy has.
_TYPES = (
    *(torch.float16, torch.float32, torch.float64, torch.bool),
    *(torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
)
Shape = tuple[int, ...]


def check_factory(choice: Choice, factory: Callable[..., Any]) -> None:
    """Raise if a factory does not take what it is called with.

    Raises:
        ConfigError: naming what it must take.
    """
    parameters = inspect.signature(factory).parameters.values()
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters):
        return
    if lacks := [name for name in GIVEN if name not in choosable(factory)]:
        raise ConfigError(
            [
                f"model: {choice.name} must take {' and '.join(lacks)} by name: it is called with "
                "input_shape=(channels, height, width) or (features,), and num_outputs=..."
            ]
        )


def make(
    choice: Choice, factory: Callable[..., Any], *, input_shape: Shape, num_outputs: int
) -> nn.Module:
    """Return the model that the factory makes.

    Raises:
        ConfigError: it raises, or what it makes cannot be trained and averaged.
    """
    try:
        with working_folder():
            model = factory(input_shape=input_shape, num_outputs=num_outputs, **choice.keywords)
    except Exception as error:
        called = f"input_shape={input_shape} and num_outputs={num_outputs}"
        raise ConfigError([f"model: {choice}, called with {called}, raised {said(error)}"]) from (
            error
        )
    if not isinstance(model, nn.Module):
        raise ConfigError(
            [f"model: {choice} must return a torch.nn.Module, not a {type(model).__name__}"]
        )
    if problem := next(_problems(model), None):
        raise ConfigError([f"model: {choice}: {problem}"])
    for parameter in model.parameters():  # the optimiser's kernel takes memory as it lies
        parameter.data = parameter.data.contiguous()
    return model


def try_out(
    choice: Choice, model: nn.Module, inputs: torch.Tensor, num_outputs: int, *, training: bool
) -> None:
    """Raise if the model, in training or not, does not answer as it must.

    Raises:
        ConfigError: it raises, or gives something else than a float for each example and output.
    """
    model.train(training)
    count = len(inputs)
    given = f"{'in training, ' if training else ''}given {count} of the examples"
    try:
        outputs = model(inputs)
    except Exception as error:
        shape = " x ".join(map(str, inputs.shape))
        raise ConfigError([f"model: {choice}, {given} ({shape}), raised {said(error)}"]) from error
    wanted = f"{count} x {num_outputs} floats are wanted, num_outputs for each example"
    if not isinstance(outputs, torch.Tensor):
        raise ConfigError(
            [f"model: {choice}, {given}, returns a {type(outputs).__name__}; {wanted}"]
        )
    if outputs.shape != (count, num_outputs) or not outputs.is_floating_point():
        shape = " x ".join(map(str, outputs.shape)) or "a single one"
        kind = str(outputs.dtype).removeprefix("torch.")
        raise ConfigError([f"model: {choice}, {given}, returns {shape} of {kind}; {wanted}"])
    if training and not outputs.requires_grad:
        raise ConfigError(
            [f"model: {choice}: its outputs do not depend on any weights that can be trained"]
        )


def _problems(model: nn.Module) -> Iterator[str]:
    """Yield what cannot be trained, stored or averaged, and the remedy."""
    if any(is_lazy(tensor) for tensor in (*model.parameters(), *model.buffers())):
        yield "a layer's size is open (Lazy...); give it one, from input_shape"
        return
    for name, value in model.state_dict().items():
        if not isinstance(value, torch.Tensor):
            yield f"{name} of its state is no tensor; keep only tensors there"
        elif value.dtype not in _TYPES:
            kind = str(value.dtype).removeprefix("torch.")
            yield f"{name} is of type {kind}; use float32, or another that numpy has"
        elif value.device.type != "cpu":
            yield f"{name} is on {value.device}; leave it on the CPU"
    if not any(parameter.requires_grad for parameter in model.parameters()):
        yield "it has no weights that can be trained; set requires_grad"
