"""Models of one shape as one program: their weights in one tensor, gradients in closed form.

A small model costs dispatch, not arithmetic: a hundred of them take hardly longer than one. Each
gets the bits that it gets alone, whatever it is stacked with:

- Matrices are multiplied pair by pair, two pairs or more: MKL has another kernel for a single one.
  So place 0 of a stack is nobody's.
- A model's weights fill whole vectors of the processor: kernels treat what is left over apart.
- Each model's matrices begin with a cache line: where they begin can change MKL's last bits.
- What is added up is a model's own, and lies in memory as it does alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch

from fedcompare.learning.losses import Loss
from fedcompare.learning.models.mlp import FullyConnected
from fedcompare.learning.optimiser import update

_VECTOR = 64  # floats: a few of the widest registers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """One batch of each of the first M places of a stack; an example without weight is padding.

    `inputs` [M, B, F], `aims` and `kept` [M, B, C] as the loss has them, `weights` [M, B].
    """

    inputs: torch.Tensor
    aims: torch.Tensor
    weights: torch.Tensor
    kept: torch.Tensor


class Stack:
    """Models of one shape, each with an optimiser of its own: SGD with momentum, as `MomentumSGD`.

    The model at position n has place n + 1.
    """

    def __init__(
        self,
        models: Sequence[FullyConnected],
        *,
        loss: Loss,
        learning_rate: float,
        momentum: float,
        weight_decays: Sequence[float],
    ) -> None:
        self._size = sum(map(torch.Tensor.numel, models[0].parameters()))
        size = -(-self._size // _VECTOR) * _VECTOR
        self._values, self._gradients, self._velocities, self._decays = (
            torch.zeros(1 + len(models), size) for _ in range(4)
        )
        for place, model in enumerate(models, start=1):
            own = [parameter.detach().flatten() for parameter in model.parameters()]
            torch.cat(own, out=self._values[place, : self._size])
        for weights, _ in _split(self._decays[1:], models[0].widths):
            weights.copy_(torch.tensor(weight_decays).view(-1, 1, 1))
        self._widths = models[0].widths
        self._loss, self._learning_rate, self._momentum = loss, learning_rate, momentum

    def first(self, count: int) -> "First":
        """Return the first so many places, for steps that the others do not take."""
        values, gradients = self._values[:count], self._gradients[:count]
        return First(
            values=values,
            gradients=gradients,
            velocities=self._velocities[:count],
            decays=self._decays[:count],
            layers=list(_split(values, self._widths)),
            layer_gradients=list(_split(gradients, self._widths)),
            loss=self._loss,
            learning_rate=self._learning_rate,
            momentum=self._momentum,
        )

    def unload(self, place: int, model: FullyConnected) -> None:
        """Give a model the weights at a place."""
        parameters = list(model.parameters())
        sizes = [one.numel() for one in parameters]
        own = torch.split(self._values[place, : self._size], sizes)
        for parameter, values in zip(parameters, own, strict=True):
            parameter.detach().copy_(values.view_as(parameter))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class First:
    """The first M places of a stack, and of each layer their weights and biases, as views."""

    values: torch.Tensor
    gradients: torch.Tensor
    velocities: torch.Tensor
    decays: torch.Tensor
    layers: "list[_Layer]"
    layer_gradients: "list[_Layer]"
    loss: Loss
    learning_rate: float
    momentum: float

    def step(self, batch: Batch) -> None:
        """Update all weights by one batch of each model, and fill what is `kept` of the outputs."""
        inputs = [batch.inputs]
        for number, (weights, biases) in enumerate(self.layers, start=1):
            outputs = torch.baddbmm(biases, inputs[-1], weights.transpose(1, 2))
            if number < len(self.layers):
                inputs.append(outputs.relu_())
        self._go_back(inputs, self.loss.gradient(outputs, batch.aims, batch.weights, batch.kept))
        self.gradients.addcmul_(self.values, self.decays)
        update(
            [self.values],
            [self.gradients],
            [self.velocities] if self.momentum else [],
            learning_rate=self.learning_rate,
            momentum=self.momentum,
        )

    def _go_back(self, inputs: Sequence[torch.Tensor], gradient: torch.Tensor) -> None:
        """Fill the gradients of all layers, from that of the last one's outputs."""
        places = range(len(self.layers))
        for place in reversed(places):
            weights, biases = self.layer_gradients[place]
            torch.bmm(gradient.transpose(1, 2), inputs[place], out=weights)
            torch.sum(gradient, 1, keepdim=True, out=biases)
            if place:
                behind = torch.bmm(gradient, self.layers[place][0])
                gradient = behind.masked_fill_(inputs[place] <= 0, 0.0)


_Layer = tuple[torch.Tensor, torch.Tensor]


def _split(values: torch.Tensor, widths: Sequence[int]) -> Iterator[_Layer]:
    """Yield views of each layer's weights [M, after, before] and biases [M, 1, after]."""
    start, count = 0, len(values)
    for before, after in pairwise(widths):
        end = start + before * after
        yield (
            values[:, start:end].view(count, after, before),
            values[:, end : end + after].view(count, 1, after),
        )
        start = end + after
