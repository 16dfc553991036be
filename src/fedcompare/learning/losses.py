"""What training minimises: cross entropy of classes, squared error of standardised numbers.

Each has a mean over a batch, for the plain loop. For a stack of models it has a gradient in closed
form, [models, batch, outputs], of which an example has its weight in the mean, and keeps what the
losses follow from.
"""

from typing import Protocol

import torch
import torch.nn.functional as F

from fedcompare.data.examples import Examples


class Loss(Protocol):
    """A loss of outputs, given what they are to be."""

    def mean(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the mean loss of a batch of outputs [B, C]; targets are brought to its device."""

    def aims(self, targets: torch.Tensor, weights: torch.Tensor, num_outputs: int) -> torch.Tensor:
        """Return what `gradient` is given, [..., B, C], of targets and weights [..., B]."""

    def gradient(
        self, outputs: torch.Tensor, aims: torch.Tensor, weights: torch.Tensor, kept: torch.Tensor
    ) -> torch.Tensor:
        """Return the gradient of the weighted sum of losses; fill `kept`; all [M, B, C]."""

    def each(self, kept: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        """Return the loss of every example, [..., B]."""


class _CrossEntropy:
    def mean(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(outputs, targets.to(outputs.device))

    def aims(self, targets: torch.Tensor, weights: torch.Tensor, num_outputs: int) -> torch.Tensor:
        """Return the gradient by the logarithms of probabilities."""
        aims = torch.zeros(*targets.shape, num_outputs)
        return aims.scatter_(-1, targets.unsqueeze(-1), -weights.unsqueeze(-1))

    def gradient(
        self, outputs: torch.Tensor, aims: torch.Tensor, weights: torch.Tensor, kept: torch.Tensor
    ) -> torch.Tensor:
        torch.log_softmax(outputs, -1, out=kept)
        return torch._log_softmax_backward_data(aims, kept, -1, outputs.dtype)

    def each(self, kept: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return -kept.gather(-1, targets.unsqueeze(-1)).squeeze(-1)


class _SquaredError:
    def mean(self, outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        # One after the other: a device need not know 64 bits.
        return F.mse_loss(outputs.squeeze(1), targets.to(outputs.dtype).to(outputs.device))

    def aims(self, targets: torch.Tensor, weights: torch.Tensor, num_outputs: int) -> torch.Tensor:
        return targets.unsqueeze(-1)

    def gradient(
        self, outputs: torch.Tensor, aims: torch.Tensor, weights: torch.Tensor, kept: torch.Tensor
    ) -> torch.Tensor:
        kept.copy_(outputs)
        return (outputs - aims) * (2 * weights).unsqueeze(-1)

    def each(self, kept: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return (kept.squeeze(-1) - targets).square()


_CROSS_ENTROPY, _SQUARED_ERROR = _CrossEntropy(), _SquaredError()


def loss_of(examples: Examples) -> Loss:
    """Return the loss for these examples' labels."""
    return _CROSS_ENTROPY if examples.scale is None else _SQUARED_ERROR
