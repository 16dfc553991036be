"""torchvision's ResNet-18, with group norm in place of batch norm, also for small pictures."""

import functools
from typing import Literal

from torch import nn

from fedcompare.learning.models.pictures import picture_shape

_SMALL = 64  # pixels a side
_WIDTH = 64  # channels of the first layer


def build(
    *,
    input_shape: tuple[int, ...],
    num_outputs: int,
    groups: Literal[1, 2, 4, 8, 16, 32, 64] = 32,
) -> nn.Module:
    """ResNet-18 with group norm; up to 64 pixels a side its first layer keeps their number.

    Group norm has no statistics of the data to be averaged, which batch norm's are, and which
    differ between silos (Hsieh et al. 2020).
    """
    channels, height, width = picture_shape(input_shape)
    from torchvision.models import resnet18  # over a second

    norm = functools.partial(nn.GroupNorm, groups)
    model: nn.Module = resnet18(num_classes=num_outputs, norm_layer=norm)
    if max(height, width) <= _SMALL:
        first = nn.Conv2d(channels, _WIDTH, kernel_size=3, padding=1, bias=False)
        model.maxpool = nn.Identity()
    else:
        first = nn.Conv2d(channels, _WIDTH, kernel_size=7, stride=2, padding=3, bias=False)
    nn.init.kaiming_normal_(first.weight, mode="fan_out", nonlinearity="relu")
    model.conv1 = first
    return model
