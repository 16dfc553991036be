"""The loop of models that train as a stack."""

import math
from collections.abc import Hashable, Iterator, Mapping, Sequence

import torch

from fedcompare.learning.forward import torch_threads
from fedcompare.learning.losses import loss_of
from fedcompare.learning.models.mlp import FullyConnected
from fedcompare.learning.padded import PaddedBatches, batch_size, padded_size
from fedcompare.learning.stack import Stack
from fedcompare.learning.training_round import TrainingRound

_STEP = 2**19  # floats that a step of a stack touches: more would not stay in the cache
_DATA = 2**24  # floats of inputs that are copied to lie together


def stacks(
    rounds: Sequence[TrainingRound], models: Mapping[int, FullyConnected]
) -> Iterator[list[int]]:
    """Yield the positions of rounds that train as one stack, of those whose models are given."""
    alike: dict[Hashable, list[int]] = {}
    for position, model in models.items():
        alike.setdefault(_form(rounds[position], model), []).append(position)
    for positions in alike.values():
        yield from _pieces(positions, rounds, models)


def _form(one: TrainingRound, model: FullyConnected) -> Hashable:
    """Return what models of one stack have in common."""
    config = one.config
    optimiser = config.learning_rate, config.momentum
    is_number = one.examples.scale is not None
    return model.widths, is_number, batch_size(one), one.epochs, optimiser


def _pieces(
    positions: Sequence[int], rounds: Sequence[TrainingRound], models: Mapping[int, FullyConnected]
) -> Iterator[list[int]]:
    """Yield the same positions, as many at a time as the cache and the memory are for."""
    piece: list[int] = []
    touched, data = 0, dict[int, int]()
    for position in positions:
        one = rounds[position]
        step = _step_size(one, models[position])
        own = {id(one.examples): one.examples.inputs.numel()}
        if piece and (touched + step > _STEP or sum((data | own).values()) > _DATA):
            yield piece
            piece, touched, data = [], 0, {}
        piece.append(position)
        touched, data = touched + step, data | own
    yield piece


def train_stack(
    rounds: Sequence[TrainingRound], models: Sequence[FullyConnected]
) -> list[list[float]]:
    """Train models that are one of `stacks` in place; return each one's mean loss of each epoch.

    It takes one thread: bits must not depend on how a stack's work is shared out. A model that
    diverges keeps the weights of that epoch; what goes on in its place harms no other.
    """
    order = sorted(range(len(rounds)), key=lambda position: -len(rounds[position].examples))
    losses: list[list[float]] = [[] for _ in rounds]
    with torch_threads(1), torch.inference_mode():
        training = _Training([rounds[n] for n in order], [models[n] for n in order])
        for epoch in range(1, rounds[0].epochs + 1):
            means = training.run_epoch()
            for place, position in enumerate(order, start=1):
                if _has_diverged(losses[position]):
                    continue
                losses[position].append(means[place])
                if epoch == rounds[0].epochs or _has_diverged(losses[position]):
                    training.stack.unload(place, models[position])
                rounds[position].on_epoch(epoch, means[place])
            if all(map(_has_diverged, losses)):
                break
    return losses


class _Training:
    """A stack, and the batches of its models, `rounds` in falling order of their steps."""

    def __init__(self, rounds: Sequence[TrainingRound], models: Sequence[FullyConnected]) -> None:
        config, self._loss = rounds[0].config, loss_of(rounds[0].examples)
        self._batches = PaddedBatches(rounds, loss=self._loss, num_outputs=models[0].widths[-1])
        self.stack = Stack(
            models,
            loss=self._loss,
            learning_rate=config.learning_rate,
            momentum=config.momentum,
            weight_decays=[one.weight_decay for one in rounds],
        )
        self._first = {count: self.stack.first(count) for count in set(self._batches.counts)}

    def run_epoch(self) -> list[float]:
        """Train all models for an epoch; return the mean loss at each place."""
        totals = torch.zeros(self._batches.sizes.shape[1], dtype=torch.float64)
        for block in self._batches.epoch():
            for count, batch in zip(block.counts, block.batches(), strict=True):
                self._first[count].step(batch)
            # One after the other, as they are added alone: no sum of many knows how many there are.
            for own in block.losses(self._loss).double() * block.sizes:
                totals[: len(own)] += own
        return (totals / self._batches.sizes.sum(0)).tolist()


def _has_diverged(losses: Sequence[float]) -> bool:
    return bool(losses) and not math.isfinite(losses[-1])


def _step_size(one: TrainingRound, model: FullyConnected) -> int:
    weights = sum(map(torch.Tensor.numel, model.parameters()))
    return padded_size(batch_size(one)) * sum(model.widths) + 3 * weights
