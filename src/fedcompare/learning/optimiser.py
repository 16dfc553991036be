"""The optimiser of all regimes."""

from collections.abc import Sequence

import torch


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
        """Update the parameters in place; these lie contiguous in memory.

        Gradients need not: the kernel would read them in the order in which they lie.
        """
        torch._fused_sgd_(
            self._parameters,
            [gradient.contiguous() for gradient in gradients],
            self._velocities,
            lr=self._learning_rate,
            momentum=self._momentum,
            weight_decay=0.0,
            dampening=0.0,
            nesterov=False,
            maximize=False,
            is_first_step=False,
        )
