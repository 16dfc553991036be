"""Who takes part in a round, whatever the strategy: decided by silo and seed, not by node."""

import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager

from flwr.app import ArrayRecord, ConfigRecord, Message, MetricRecord
from flwr.serverapp import Grid
from flwr.serverapp.strategy import Strategy

from fedcompare.errors import SiloFailedError
from fedcompare.federated import buffers, wire
from fedcompare.federated.grid import SiloGrid
from fedcompare.learning.finite import check_finite
from fedcompare.seeds import derive_seed, seeded_globals


class Rostered(Strategy):
    """Any strategy of Flower's, as Flower wrote it, over the silos that this admits.

    All of `silos` train, and those that evaluate are drawn by seed: a share `fraction_evaluate`
    of them. The strategy must take all nodes that there are, since Flower draws nodes from the
    global `random` over ids that differ in every run. What it draws there or from numpy's
    global generator is decided by seed, round and hook. It is given the `trainable` weights only
    (None: all); the rest is averaged apart. `name` is what messages call the federation.
    """

    def __init__(
        self,
        strategy: Strategy,
        *,
        silos: Sequence[int],
        fraction_evaluate: float,
        seed: int,
        trainable: Collection[str] | None = None,
        name: str = "the federation",
    ) -> None:
        self._strategy = strategy
        self._silos = list(silos)
        self._fraction_evaluate = fraction_evaluate
        self._seed = seed
        self._trainable = trainable
        self._name = name

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> list[Message]:
        """Return the strategy's messages to the silos, in silo order."""
        assert isinstance(grid, SiloGrid)
        grid.admit(self._silos)
        with self._seeded(server_round, "configure-train"):
            messages = self._strategy.configure_train(
                server_round, self._shown(arrays), config, grid
            )
        return grid.in_silo_order(self._complete(messages, arrays))

    def configure_evaluate(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> list[Message]:
        """Return the strategy's messages to the silos that evaluate in this round."""
        silos = self.evaluating_silos(server_round)
        if not silos:  # a strategy would wait for a node for ever
            return []
        assert isinstance(grid, SiloGrid)
        grid.admit(silos)
        with self._seeded(server_round, "configure-evaluate"):
            messages = self._strategy.configure_evaluate(
                server_round, self._shown(arrays), config, grid
            )
        return grid.in_silo_order(self._complete(messages, arrays))

    def evaluating_silos(self, server_round: int) -> list[int]:
        """Return who evaluates: `fraction_evaluate` of the silos, at least one unless it is 0."""
        if not self._fraction_evaluate:
            return []
        count = max(1, round(self._fraction_evaluate * len(self._silos)))
        draw = random.Random(derive_seed(self._seed, "evaluate", server_round))
        return sorted(draw.sample(self._silos, count))

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord, MetricRecord | None]:
        """Return what the strategy makes of the local models.

        Raises:
            SiloFailedError: not every silo's local model is there, or the strategy makes no
                model of them.
            DivergedError: what it makes of models that are finite is not.
        """
        replies = list(replies)
        if len(replies) != len(self._silos) or any(reply.has_error() for reply in replies):
            raise SiloFailedError(
                f"round {server_round}: {len(replies)} of {len(self._silos)} silos' models arrived"
            )
        models = [reply.content.array_records[wire.ARRAYS] for reply in replies]
        sizes = list(map(wire.num_examples, replies))
        others = buffers.mean([self._hidden(model) for model in models], sizes)
        for reply, model in zip(replies, models, strict=True):
            reply.content[wire.ARRAYS] = self._shown(model)
        with self._seeded(server_round, "aggregate-train"):
            arrays, metrics = self._strategy.aggregate_train(server_round, replies)
        if not arrays:
            strategy = type(self._strategy).__name__
            raise SiloFailedError(
                f"round {server_round}: the strategy {strategy} makes no model of "
                f"{len(replies)} silos' models; choose another"
            )
        arrays = buffers.joined(arrays, others, like=models[0])
        # Before any silo is asked to evaluate it.
        subject = f"the server's average in {self._name}"
        check_finite(subject, wire.decode_state(arrays), when=f" in round {server_round}")
        return arrays, metrics

    def aggregate_evaluate(
        self, server_round: int, replies: Iterable[Message]
    ) -> MetricRecord | None:
        """Return what the strategy makes of the silos' evaluations; None where none evaluated."""
        replies = list(replies)
        if not replies:
            return None
        with self._seeded(server_round, "aggregate-evaluate"):
            return self._strategy.aggregate_evaluate(server_round, replies)

    def summary(self) -> None:
        """Log what the strategy logs of itself."""
        self._strategy.summary()

    def _shown(self, arrays: ArrayRecord) -> ArrayRecord:
        """Return what the strategy is given of a model."""
        known = self._trainable
        return buffers.only(arrays, arrays.keys() if known is None else known)

    def _hidden(self, arrays: ArrayRecord) -> ArrayRecord:
        """Return the rest of it."""
        return buffers.only(arrays, arrays.keys() - self._shown(arrays).keys())

    def _complete(self, messages: Iterable[Message], arrays: ArrayRecord) -> Iterator[Message]:
        """Yield the strategy's messages with all that a silo's model needs, as `arrays` has it."""
        hidden = self._hidden(arrays)
        for message in messages:
            if hidden:
                own = message.content.array_records[wire.ARRAYS]
                message.content[wire.ARRAYS] = buffers.joined(own, hidden, like=arrays)
            yield message

    def _seeded(self, server_round: int, hook: str) -> AbstractContextManager[None]:
        """Seed the global generators in the block; afterwards they are as before."""
        return seeded_globals(derive_seed(self._seed, "strategy", server_round, hook))
