"""Where tensors lie while models train and answer: on the CPU, or a GPU of this machine."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from fedcompare.config.groups import ExperimentConfig
from fedcompare.errors import ConfigError, ResourceError
from fedcompare.regimes.devices import AUTO, CPU, CUDA, MPS

_CUBLAS = "CUBLAS_WORKSPACE_CONFIG"  # read when a process first multiplies matrices on a GPU


def available() -> tuple[str, ...]:
    """Return the devices of this machine, the fastest first."""
    # Unlike torch.cuda.is_available, this does not start CUDA where the driver can be asked.
    found = [CUDA] if torch.cuda.device_count() else []
    found += [MPS] if torch.backends.mps.is_available() else []
    return (*found, CPU)


def settle_device(config: ExperimentConfig) -> ExperimentConfig:
    """Return the experiment with a device that this machine has, where it was left open.

    Raises:
        ConfigError: the device that is asked for is not there; those that are get named.
    """
    return _on(find_device(config.train.device), config)


def here(config: ExperimentConfig) -> ExperimentConfig:
    """Return the experiment on its device, or on the CPU where this machine has no such device."""
    name = config.train.device
    return config if name == CPU or name in available() else _on(CPU, config)


def _on(name: str, config: ExperimentConfig) -> ExperimentConfig:
    train = config.train.model_copy(update={"device": name})
    return config.model_copy(update={"train": train})


def find_device(name: str) -> str:
    """Return the name of a device of this machine; raises as `settle_device`."""
    if name == CPU:
        return CPU
    there = available()
    if name == AUTO:
        return there[0]
    if name not in there:
        raise ConfigError(
            [f"device: torch finds no {name} on this machine; it has {', '.join(there)}"]
        )
    return name


@contextmanager
def placed(model: nn.Module, name: str) -> Iterator[torch.device]:
    """Have a model on a device inside the block, and afterwards on the CPU again.

    Of several algorithms that torch has there, it takes those that give the same bits each time.

    Raises:
        ConfigError: this machine has no such device, or the model needs what has no such algorithm.
        ResourceError: the device's memory is full.
    """
    name = find_device(name)
    if name == CPU:
        yield torch.device(CPU)
        return
    try:
        with _deterministic(name):
            yield from _moved(model, torch.device(name))
    except torch.OutOfMemoryError as error:
        raise ResourceError(
            f"device: the memory of {name} is full; lower batch-size, or num-cpus, which is how "
            f"many models train at a time, or use device = {CPU}"
        ) from error
    except RuntimeError as error:
        if "deterministic" not in str(error):
            raise
        problem = f"the model does what has no deterministic algorithm on {name}: {error}"
        raise ConfigError([f"device: {problem.splitlines()[0]}; use device = {CPU}"]) from error


def _moved(model: nn.Module, device: torch.device) -> Iterator[torch.device]:
    model.to(device)
    try:
        yield device
    finally:
        model.to(CPU)


@contextmanager
def _deterministic(name: str) -> Iterator[None]:
    if name != CUDA:
        yield
        return
    os.environ.setdefault(_CUBLAS, ":4096:8")
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
            yield
    finally:
        torch.use_deterministic_algorithms(before)
