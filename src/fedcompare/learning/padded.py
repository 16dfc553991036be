"""The batches of a stack's models, padded to one width, so that no shape depends on company."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from fedcompare.learning.losses import Loss
from fedcompare.learning.stack import Batch
from fedcompare.learning.training_round import TrainingRound

LINE = 16  # floats of a cache line
_SMALLEST = 64  # a batch that is as large as the data allow, and no smaller
_BLOCK = 2**18  # floats of inputs that are gathered at a time: they stay in the cache


def batch_size(one: TrainingRound) -> int:
    """Return the largest number of examples in a batch, or the power of two above a model's few."""
    enough = max(_SMALLEST, 1 << (len(one.examples) - 1).bit_length())
    return min(one.config.batch_size, enough)


def padded_size(size: int) -> int:
    """Return to how many examples batches are padded: then each begins with a cache line."""
    return -(-size // LINE) * LINE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Block:
    """Some consecutive batches [S, M, B, ...] of the first M places, as `Batch` has one of them.

    `counts`: how many places take each of the steps. `sizes` int64 [S, M]: of how many examples.
    """

    counts: Sequence[int]
    sizes: torch.Tensor
    targets: torch.Tensor
    inputs: torch.Tensor
    aims: torch.Tensor
    weights: torch.Tensor
    kept: torch.Tensor

    def batches(self) -> Iterator[Batch]:
        """Yield the batch of each step, of those who take it."""
        for step, count in enumerate(self.counts):
            yield Batch(
                inputs=self.inputs[step, :count],
                aims=self.aims[step, :count],
                weights=self.weights[step, :count],
                kept=self.kept[step, :count],
            )

    def losses(self, loss: Loss) -> torch.Tensor:
        """Return the mean loss of each batch, float32 [S, M]: 0 where there is none."""
        return (loss.each(self.kept, self.targets) * self.weights).sum(2)


class PaddedBatches:
    """All models' batches, shuffled anew in each epoch; `rounds` in falling order of their steps.

    Place 0 has batches without any example that counts.
    """

    def __init__(self, rounds: Sequence[TrainingRound], *, loss: Loss, num_outputs: int) -> None:
        self._loss, self._num_outputs = loss, num_outputs
        self._lengths = [len(one.examples) for one in rounds]
        self._generators = [torch.Generator().manual_seed(one.seed) for one in rounds]
        self._size = batch_size(rounds[0])
        self._width = padded_size(self._size)
        steps = [-(-length // self._size) for length in self._lengths]
        self.counts = [1 + sum(own > step for own in steps) for step in range(steps[0])]
        # [S, 1 + models]: of so many examples is each batch.
        step = torch.arange(steps[0]).unsqueeze(1) * self._size
        lengths = torch.tensor([0, *self._lengths])
        self.sizes = (lengths - step).clamp(0, self._size)
        self._inputs, self._targets, self._offsets = _joined(rounds)

    def epoch(self) -> Iterator[Block]:
        """Yield all batches of an epoch."""
        rows = self._shuffled()
        a_step = rows.shape[1] * self._width * self._inputs.shape[1]
        steps = max(1, _BLOCK // a_step)
        for start in range(0, len(rows), steps):
            counts = self.counts[start : start + steps]
            yield self._block(
                counts,
                rows[start : start + steps, : counts[0]],
                self.sizes[start : start + steps, : counts[0]],
            )

    def _shuffled(self) -> torch.Tensor:
        """Return the row of each example of each batch, int64 [S, 1 + models, B].

        A model's own first row pads: one of another's could be too large for it.
        """
        steps, models = len(self.counts), len(self._lengths)
        rows = torch.zeros(1 + models, steps * self._size, dtype=torch.int64)
        for own, length, generator in zip(rows[1:], self._lengths, self._generators, strict=True):
            torch.randperm(length, generator=generator, out=own[:length])
        batches = rows.view(1 + models, steps, self._size).transpose(0, 1)
        return F.pad(batches, (0, self._width - self._size)) + self._offsets.unsqueeze(1)

    def _block(self, counts: Sequence[int], rows: torch.Tensor, sizes: torch.Tensor) -> Block:
        wanted = rows.flatten()
        inputs = self._inputs.index_select(0, wanted).view(*rows.shape, -1)
        targets = self._targets.index_select(0, wanted).view(rows.shape)
        is_there = torch.arange(self._width) < sizes.unsqueeze(2)
        weights = is_there / sizes.clamp(min=1).unsqueeze(2)
        aims = self._loss.aims(targets, weights, self._num_outputs)
        kept = torch.zeros(*rows.shape, self._num_outputs)
        return Block(
            counts=counts,
            sizes=sizes,
            targets=targets,
            inputs=inputs,
            aims=aims,
            weights=weights,
            kept=kept,
        )


def _joined(rounds: Sequence[TrainingRound]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return all inputs [N, F], all targets [N], and where those of each place begin."""
    every = {id(one.examples): one.examples for one in rounds}
    begins, start = {}, 0
    for key, examples in every.items():
        begins[key] = start
        start += len(examples)
    inputs = [examples.inputs.flatten(1) for examples in every.values()]
    targets = [examples.targets for examples in every.values()]
    offsets = [0, *(begins[id(one.examples)] for one in rounds)]
    return _cat(inputs), _cat(targets), torch.tensor(offsets)


def _cat(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    return tensors[0] if len(tensors) == 1 else torch.cat(list(tensors))
