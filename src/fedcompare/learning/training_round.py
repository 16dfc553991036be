"""What a round of training is asked for."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from fedcompare.config.groups import TrainConfig
from fedcompare.data.examples import Examples

OnEpoch = Callable[[int, float], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingRound:
    """A model to train in place, on what and how; `on_epoch` is told (1-based epoch, loss).

    `num_examples` is how many examples all silos train the model on; None: these ones only.
    """

    model: nn.Module
    examples: Examples
    config: TrainConfig
    epochs: int
    seed: int
    num_examples: int | None = None
    on_epoch: OnEpoch = lambda epoch, loss: None

    @property
    def weight_decay(self) -> float:
        """Return what the L2 penalty's gradient is per weight: the same for all who train it."""
        return self.config.l2_penalty / max(1, self.num_examples or len(self.examples))
