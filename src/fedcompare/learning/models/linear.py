"""No hidden layer."""

from torch import nn

from fedcompare.learning.models import mlp


def build(*, input_shape: tuple[int, ...], num_outputs: int) -> nn.Module:
    """One linear layer: logistic regression, or where labels are numbers, linear regression."""
    return mlp.build(input_shape=input_shape, num_outputs=num_outputs, hidden=())
