"""The optimiser of all regimes."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    """Parameters of one weight decay, and their places among all gradients."""

    parameters: list[torch.Tensor]
    velocities: list[torch.Tensor]
    places: list[int]
    weight_decay: float

    @classmethod
    def of(
        cls, every: Sequence[torch.Tensor], places: list[int], weight_decay: float, momentum: float
    ) -> "_Group":
        parameters = [every[place] for place in places]
        # The kernel wants no velocities where there is no momentum.
        moving = parameters if momentum else []
        return cls(parameters, [torch.zeros_like(one) for one in moving], places, weight_decay)


class MomentumSGD:
    """SGD with momentum, bit for bit `torch.optim.SGD(..., fused=True)`.

    It calls the same kernel, without the wrapper around it: for a model this small
    `torch.optim.SGD.step` takes longer to find its arguments than to use them. Of vectors, which
    are biases and scales, no weight decays.
    """

    def __init__(
        self,
        parameters: Sequence[torch.Tensor],
        *,
        learning_rate: float,
        momentum: float,
        weight_decay: float = 0.0,
    ) -> None:
        # Detached: the same storage, but no autograd bookkeeping on the update.
        every = [parameter.detach() for parameter in parameters]
        decays = [weight_decay if parameter.dim() > 1 else 0.0 for parameter in every]
        self._learning_rate = learning_rate
        self._momentum = momentum
        # One call of the kernel for all that decays alike.
        self._groups = [
            _Group.of(every, [n for n, own in enumerate(decays) if own == decay], decay, momentum)
            for decay in sorted(set(decays))
        ]

    def step(self, gradients: tuple[torch.Tensor, ...]) -> None:
        """Update the parameters in place; these lie contiguous in memory.

        Gradients need not: the kernel would read them in the order in which they lie.
        """
        for group in self._groups:
            update(
                group.parameters,
                [gradients[place].contiguous() for place in group.places],
                group.velocities,
                learning_rate=self._learning_rate,
                momentum=self._momentum,
                weight_decay=group.weight_decay,
            )


def update(
    parameters: list[torch.Tensor],
    gradients: list[torch.Tensor],
    velocities: list[torch.Tensor],
    *,
    learning_rate: float,
    momentum: float,
    weight_decay: float = 0.0,
) -> None:
    """Update parameters and velocities in place: torch's fused kernel; all lie contiguous.

    There are no velocities where there is no momentum.
    """
    torch._fused_sgd_(
        parameters,
        gradients,
        velocities,
        lr=learning_rate,
        momentum=momentum,
        weight_decay=weight_decay,
        dampening=0.0,
        nesterov=False,
        maximize=False,
        is_first_step=False,
    )
