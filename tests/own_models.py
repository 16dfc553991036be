"""Models of a user's own, some of them wrong; tests name them by dotted path."""

import torch
from torch import nn


def wide(*, input_shape, num_outputs, width=3):
    """Batch norm, whose counter is an integer, and dropout, which draws."""
    features = torch.Size(input_shape).numel()
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(features, width),
        nn.BatchNorm1d(width),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(width, num_outputs),
    )


class Odd(nn.Module):
    """Has all that is rare: frozen, unused, tied, transposed and double weights, and a mask."""

    def __init__(self, input_shape, num_outputs):
        super().__init__()
        features = torch.Size(input_shape).numel()
        self.first = nn.Parameter(torch.randn(4, features).t() / 9)
        self.bias = nn.Parameter(torch.zeros(1, dtype=torch.float64))
        self.slope = nn.Parameter(torch.zeros(3))
        self.unused = nn.Parameter(torch.ones(2))
        self.frozen = nn.Parameter(torch.randn(4), requires_grad=False)
        self.output = nn.Linear(4, num_outputs)
        self.tied = self.output
        self.register_buffer("mask", torch.arange(4) < 3)
        self.register_buffer("large", torch.tensor(2**62 + 1))

    def forward(self, inputs):
        """Use a sum, whose gradient has no memory of its own."""
        hidden = (inputs.flatten(1) @ self.first) * self.mask + self.frozen
        outputs = self.tied(hidden.relu()) * (1 + self.bias.float())
        return outputs + self.slope.sum() * torch.arange(outputs.shape[1])


class Constant(nn.Module):
    """Learns nothing."""

    def __init__(self, *, input_shape, num_outputs):
        super().__init__()
        self.layer = nn.Linear(1, 1)
        self.outputs = num_outputs

    def forward(self, inputs):
        return torch.zeros(len(inputs), self.outputs)


class Squeezed(nn.Module):
    """Forgets the examples' dimension where there is one example."""

    def __init__(self, *, input_shape, num_outputs):
        super().__init__()
        self.layer = wide(input_shape=input_shape, num_outputs=num_outputs)

    def forward(self, inputs):
        return self.layer(inputs).squeeze(0)


def raising(*, input_shape, num_outputs):
    raise RuntimeError("no such\nlayer")


def one_too_many(*, input_shape, num_outputs):
    return wide(input_shape=input_shape, num_outputs=num_outputs + 1)


def for_others(*, input_shape, num_outputs):
    return nn.Sequential(nn.Flatten(), nn.Linear(7, num_outputs))


def tuples(*, input_shape, num_outputs):
    return nn.Sequential(nn.Flatten(), nn.LSTM(torch.Size(input_shape).numel(), num_outputs))


def a_list(*, input_shape, num_outputs):
    return []


def lazy(*, input_shape, num_outputs):
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(num_outputs))


def frozen(*, input_shape, num_outputs):
    return wide(input_shape=input_shape, num_outputs=num_outputs).requires_grad_(False)


def brain(*, input_shape, num_outputs):
    return wide(input_shape=input_shape, num_outputs=num_outputs).bfloat16()


def positional(shape, classes):
    return None


number = 3
