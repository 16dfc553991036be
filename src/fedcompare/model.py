"""The network, its initial weights, and its weights as bytes."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, load_file, save
from torch import nn

from fedcompare.config import ExperimentConfig, ModelConfig
from fedcompare.data.examples import Dataset
from fedcompare.errors import WeightsError
from fedcompare.finite import CAUSES, first_non_finite
from fedcompare.seeds import derive_seed

State = Mapping[str, torch.Tensor]


class TwoLayers(nn.Module):
    """Inputs [N, ...] → flatten → Linear → ReLU → Linear → logits [N, num_classes]."""

    def __init__(self, *, num_features: int, hidden_units: int, num_classes: int) -> None:
        super().__init__()
        self.hidden = nn.Linear(num_features, hidden_units)
        self.output = nn.Linear(hidden_units, num_classes)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        logits: torch.Tensor = self.output(torch.relu(self.hidden(inputs.flatten(1))))
        return logits


def initial_model(config: ExperimentConfig, dataset: Dataset) -> nn.Module:
    """Return the model from which every regime of an experiment starts."""
    return build_model(
        config.model,
        input_shape=tuple(dataset.train.inputs.shape[1:]),
        num_classes=len(dataset.class_names),
        seed=config.seed,
    )


def build_model(
    config: ModelConfig, *, input_shape: tuple[int, ...], num_classes: int, seed: int
) -> nn.Module:
    """Return a model whose initial weights depend on the experiment seed alone.

    The global random state is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "initial-weights"))
        return TwoLayers(
            num_features=torch.Size(input_shape).numel(),
            hidden_units=config.hidden_units,
            num_classes=num_classes,
        )


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
