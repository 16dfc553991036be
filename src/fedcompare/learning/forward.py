"""The forward pass, and the threads it may use."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from fedcompare.data.examples import Scale
from fedcompare.learning.devices import placed
from fedcompare.learning.randomness import seeded
from fedcompare.regimes.devices import CPU

_PREDICT_BATCH = 2048


@torch.inference_mode()
def predict(
    model: nn.Module, inputs: torch.Tensor, scale: Scale | None = None, *, device: str = CPU
) -> torch.Tensor:
    """Return class probabilities float32 [N, num_classes] from one forward pass.

    With a `scale`, labels are numbers: these are returned in their own unit, float64 [N].
    They depend on weights and inputs alone, also where the model draws while it answers. Model and
    inputs are on the CPU, and so are the answers, whatever the device. An example of which a logit
    is not finite has NaN for all: softmax would hide -inf in a 0.
    """
    model.eval()
    batches = torch.split(inputs, _PREDICT_BATCH)
    with placed(model, device) as place, seeded(0, device):
        outputs = (model(batch.to(place)).float().cpu() for batch in batches)
        if scale is not None:
            return torch.cat([scale.restored(own.squeeze(1)) for own in outputs])
        return torch.cat(list(map(_probabilities, outputs)))


def _probabilities(logits: torch.Tensor) -> torch.Tensor:
    finite = logits.isfinite().all(dim=1, keepdim=True)
    return torch.where(finite, logits.softmax(dim=1), torch.nan)


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Let torch use `count` threads inside the block: the count can change the last bits."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
