"""THE training loop. No other module calls autograd."""

import math
from collections.abc import Sequence

import torch
from torch import nn

from fedcompare.config.groups import TrainConfig
from fedcompare.data.examples import Examples
from fedcompare.learning.devices import placed
from fedcompare.learning.losses import loss_of
from fedcompare.learning.models.catalog import is_stackable
from fedcompare.learning.optimiser import MomentumSGD
from fedcompare.learning.randomness import seeded
from fedcompare.learning.stacked import stacks, train_stack
from fedcompare.learning.training_round import OnEpoch, TrainingRound
from fedcompare.regimes.devices import CPU
from fedcompare.seeds import derive_seed


def train_rounds(rounds: Sequence[TrainingRound]) -> list[list[float]]:
    """Train each model in place; return each one's mean loss of each epoch, as `train_round` does.

    Each gets exactly the bits that it gets alone.
    """
    losses: list[list[float]] = [[] for _ in rounds]
    stackable = {
        position: one.model
        for position, one in enumerate(rounds)
        if one.config.device == CPU and is_stackable(one.model)
    }
    for positions in stacks(rounds, stackable):
        found = train_stack([rounds[n] for n in positions], [stackable[n] for n in positions])
        for position, own in zip(positions, found, strict=True):
            losses[position] = own
    for position, one in enumerate(rounds):
        if position not in stackable:
            losses[position] = _train(one)
    return losses


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
    alone = TrainingRound(
        model=model, examples=examples, config=config, epochs=epochs, seed=seed, on_epoch=on_epoch
    )
    (losses,) = train_rounds([alone])
    return losses


def _train(one: TrainingRound) -> list[float]:
    with placed(one.model, one.config.device):
        return _train_there(one)


def _train_there(one: TrainingRound) -> list[float]:
    """Train a model where it is; examples are brought to its device batch by batch."""
    model, config = one.model.train(), one.config
    generator = torch.Generator().manual_seed(one.seed)
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = MomentumSGD(
        parameters,
        learning_rate=config.learning_rate,
        momentum=config.momentum,
        weight_decay=one.weight_decay,
    )
    losses = []
    # For what the model draws, as dropout does.
    with seeded(derive_seed(one.seed, "model"), config.device):
        for epoch in range(1, one.epochs + 1):
            loss = _train_epoch(model, parameters, optimiser, one.examples, config, generator)
            losses.append(loss)
            one.on_epoch(epoch, loss)
            if not math.isfinite(loss):
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
    device = parameters[0].device
    order = torch.randperm(len(examples), generator=generator)
    rows = torch.split(order, config.batch_size)
    targets = torch.split(examples.targets[order], config.batch_size)
    loss_function = loss_of(examples)
    losses = []
    for batch_rows, batch_targets in zip(rows, targets, strict=True):
        outputs = model(examples.inputs.index_select(0, batch_rows).to(device))
        loss = loss_function.mean(outputs, batch_targets)
        # What a model has and does not use gets zeros.
        optimiser.step(torch.autograd.grad(loss, parameters, materialize_grads=True))
        losses.append(loss.detach())
    # Read once an epoch: reading each loss would wait for each step.
    sizes = torch.tensor([len(batch) for batch in rows], dtype=torch.float64)
    return float((torch.stack(losses).cpu().double() * sizes).sum() / sizes.sum())
