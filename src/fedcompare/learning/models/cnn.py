"""The convolutional network of McMahan et al. 2017, section 3."""

from torch import nn

from fedcompare.learning.models.pictures import picture_shape

_CHANNELS = (32, 64)
_KERNEL = 5
_UNITS = 512


def build(*, input_shape: tuple[int, ...], num_outputs: int) -> nn.Module:
    """Two 5x5 convolutions of 32 and 64 channels with pooling, 512 units (McMahan et al. 2017)."""
    channels, height, width = picture_shape(input_shape, least=4)
    first, second = _CHANNELS
    return nn.Sequential(
        *_block(channels, first),
        *_block(first, second),
        nn.Flatten(),
        nn.Linear(second * (height // 4) * (width // 4), _UNITS),
        nn.ReLU(),
        nn.Linear(_UNITS, num_outputs),
    )


def _block(before: int, after: int) -> tuple[nn.Module, ...]:
    return nn.Conv2d(before, after, _KERNEL, padding="same"), nn.ReLU(), nn.MaxPool2d(2)
