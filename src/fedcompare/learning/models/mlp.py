"""Two fully connected layers."""

import torch
from torch import nn

from fedcompare.config.groups import ModelConfig


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


def build(config: ModelConfig, input_shape: tuple[int, ...], num_classes: int) -> TwoLayers:
    """Return the model of these keys, for inputs of this shape."""
    return TwoLayers(
        num_features=torch.Size(input_shape).numel(),
        hidden_units=config.hidden_units,
        num_classes=num_classes,
    )
