"""THE training loop, and the forward pass. No other module calls autograd."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import nn

from fedcompare.config import TrainConfig
from fedcompare.data.examples import Examples

OnEpoch = Callable[[int, float], None]
_PREDICT_BATCH = 2048


class MomentumSGD:
    """SGD with momentum, bit for bit `torch.optim.SGD(..., fused=True)`.

    It calls the same kernel, without the wrapper around it: for a model this small
    `torch.optim.SGD.step` takes longer to find its arguments than to use them.
    """

    def __init__(
        self, parameters: Sequence[torch.Tensor], *, learning_rate: float, momentum: float
    ) -> None:
        # Detached: the same storage, but no autograd bookkeeping on the update.
        self._parameters = [parameter.detach() for parameter in parameters]
        # The kernel wants no velocities where there is no momentum.
        moving = self._parameters if momentum else []
        self._velocities = [torch.zeros_like(parameter) for parameter in moving]
        self._learning_rate = learning_rate
        self._momentum = momentum

    def step(self, gradients: tuple[torch.Tensor, ...]) -> None:
        """Update the parameters in place."""
        torch._fused_sgd_(
            self._parameters,
            gradients,
            self._velocities,
            lr=self._learning_rate,
            momentum=self._momentum,
            weight_decay=0.0,
            dampening=0.0,
            nesterov=False,
            maximize=False,
            is_first_step=False,
        )


def train_round(
    model: nn.Module,
    examples: Examples,
    config: TrainConfig,
    *,
    epochs: int,
    seed: int,
    on_epoch: OnEpoch = lambda epoch, loss: None,
) -> list[float]:
    """Train `model` in place with a new optimiser and generator; return each epoch's mean loss.

    The mean is over examples. `on_epoch` is told (1-based epoch, loss) after each epoch.
    Training that diverged ends with the epoch whose loss is not finite, the last one returned;
    the weights can also become non-finite in the last step, which no loss tells.
    """
    model.train()
    generator = torch.Generator().manual_seed(seed)
    parameters = list(model.parameters())
    optimiser = MomentumSGD(
        parameters, learning_rate=config.learning_rate, momentum=config.momentum
    )
    losses = []
    for epoch in range(1, epochs + 1):
        losses.append(_train_epoch(model, parameters, optimiser, examples, config, generator))
        on_epoch(epoch, losses[-1])
        if not math.isfinite(losses[-1]):
            break
    return losses


def _train_epoch(
    model: nn.Module,
    parameters: list[nn.Parameter],
    optimiser: MomentumSGD,
    examples: Examples,
    config: TrainConfig,
    generator: torch.Generator,
) -> float:
    order = torch.randperm(len(examples), generator=generator)
    rows = torch.split(order, config.batch_size)
    labels = torch.split(examples.labels[order], config.batch_size)
    losses = []
    for batch_rows, batch_labels in zip(rows, labels, strict=True):
        logits = model(examples.inputs.index_select(0, batch_rows))
        loss = F.cross_entropy(logits, batch_labels)
        optimiser.step(torch.autograd.grad(loss, parameters))
        losses.append(loss.detach())
    # Read once an epoch: reading each loss would wait for each step.
    sizes = torch.tensor([len(batch) for batch in rows], dtype=torch.float64)
    return float((torch.stack(losses).double() * sizes).sum() / sizes.sum())


@torch.inference_mode()
def predict(model: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """Return class probabilities float32 [N, num_classes] from one forward pass.

    An example of which a logit is not finite has NaN for all: softmax would hide -inf in a 0.
    """
    model.eval()
    batches = torch.split(inputs, _PREDICT_BATCH)
    return torch.cat([_probabilities(model(batch)) for batch in batches])


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
