"""Two fully connected layers."""

import torch
from torch import nn


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
