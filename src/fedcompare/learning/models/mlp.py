"""Fully connected layers: the tutorial's model, and those of other widths."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

from fedcompare.config.choices import Width


class FullyConnected(nn.Module):
    """Inputs [N, ...] → flatten → Linear → ReLU, for each hidden layer → Linear → [N, outputs]."""

    def __init__(self, *, num_features: int, hidden: Sequence[int], num_outputs: int) -> None:
        super().__init__()
        widths = (num_features, *hidden)
        for number, (before, after) in enumerate(pairwise(widths), start=1):
            name = "hidden" if number == 1 else f"hidden_{number}"
            self.add_module(name, nn.Linear(before, after))
        self.output = nn.Linear(widths[-1], num_outputs)
        self.widths = (*widths, num_outputs)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return logits."""
        *hidden, output = self._modules.values()
        outputs = inputs.flatten(1)
        for layer in hidden:
            assert layer
            outputs = torch.relu(layer(outputs))
        assert output
        logits: torch.Tensor = output(outputs)
        return logits


def build(
    *, input_shape: tuple[int, ...], num_outputs: int, hidden: tuple[Width, ...] = (128,)
) -> nn.Module:
    """Fully connected layers of these widths, with ReLU between them."""
    return FullyConnected(
        num_features=torch.Size(input_shape).numel(), hidden=hidden, num_outputs=num_outputs
    )


def build_2nn(*, input_shape: tuple[int, ...], num_outputs: int) -> nn.Module:
    """Two hidden layers of 200 units: the 2NN of McMahan et al. 2017, section 3."""
    return build(input_shape=input_shape, num_outputs=num_outputs, hidden=(200, 200))
