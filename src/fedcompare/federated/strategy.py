"""Strategies of Flower's, made strict: who takes part is decided by silo, not by node."""

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from flwr.app import ArrayRecord, ConfigRecord, Message, MessageType, MetricRecord, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg

from fedcompare.config.groups import FederationConfig
from fedcompare.errors import SiloFailedError
from fedcompare.federated import wire
from fedcompare.federated.grid import SiloGrid
from fedcompare.learning.finite import check_finite
from fedcompare.seeds import derive_seed


class EverySilo(FedAvg):
    """FedAvg in which all of `silos` train, and those that evaluate are drawn by seed.

    Flower draws nodes from the global `random` over ids that differ in every run. `name` is
    what messages call the federation.
    """

    def __init__(
        self,
        *,
        silos: Sequence[int],
        fraction_evaluate: float,
        seed: int,
        name: str,
        **options: Any,
    ) -> None:
        super().__init__(
            fraction_evaluate=fraction_evaluate,
            min_train_nodes=len(silos),
            min_evaluate_nodes=min(1, len(silos)),
            min_available_nodes=len(silos),
            weighted_by_key=wire.NUM_EXAMPLES,
            arrayrecord_key=wire.ARRAYS,
            configrecord_key=wire.CONFIG,
            **options,
        )
        self._silos = list(silos)
        self._seed = seed
        self._name = name

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> list[Message]:
        """Return one message per silo, in silo order."""
        return list(_messages(MessageType.TRAIN, server_round, arrays, config, grid, self._silos))

    def configure_evaluate(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> list[Message]:
        """Return one message for each silo that evaluates in this round."""
        silos = self.evaluating_silos(server_round)
        return list(_messages(MessageType.EVALUATE, server_round, arrays, config, grid, silos))

    def evaluating_silos(self, server_round: int) -> list[int]:
        """Return who evaluates: `fraction_evaluate` of the silos, at least one unless it is 0."""
        if not self.fraction_evaluate:
            return []
        count = max(1, round(self.fraction_evaluate * len(self._silos)))
        draw = random.Random(derive_seed(self._seed, "evaluate", server_round))
        return sorted(draw.sample(self._silos, count))

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """Average the local models, weighted by examples (McMahan et al. 2017, algorithm 1).

        Raises:
            SiloFailedError: not every silo's local model is there.
            DivergedError: the average of models that are finite is not.
        """
        replies = list(replies)
        if len(replies) != len(self._silos) or any(reply.has_error() for reply in replies):
            raise SiloFailedError(
                f"round {server_round}: {len(replies)} of {len(self._silos)} silos' models arrived"
            )
        arrays, metrics = super().aggregate_train(server_round, replies)
        if arrays is not None:  # before any silo is asked to evaluate it
            subject = f"the server's average in {self._name}"
            check_finite(subject, wire.decode_state(arrays), when=f" in round {server_round}")
        return arrays, metrics


def _messages(
    kind: str,
    server_round: int,
    arrays: ArrayRecord,
    config: ConfigRecord,
    grid: Grid,
    silos: Iterable[int],
) -> Iterator[Message]:
    assert isinstance(grid, SiloGrid)
    config["server-round"] = server_round
    content = RecordDict({wire.ARRAYS: arrays, wire.CONFIG: config})
    for silo in silos:
        yield Message(content=content, message_type=kind, dst_node_id=grid.node_of(silo))


STRATEGIES = {"fedavg": EverySilo}


def build_strategy(
    config: FederationConfig, *, silos: Sequence[int], seed: int, name: str = "the federation"
) -> EverySilo:
    """Return the strategy that the config names; `name` is what messages call the federation."""
    return STRATEGIES[config.strategy](
        silos=silos,
        fraction_evaluate=config.fraction_evaluate,
        seed=seed,
        name=name,
        train_metrics_aggr_fn=_no_average,
        evaluate_metrics_aggr_fn=_no_average,
    )


def _no_average(replies: list[RecordDict], weighted_by_key: str) -> MetricRecord:
    """Per-silo reports are kept as they came; an average of ids and lists means nothing."""
    return MetricRecord({"num-replies": len(replies)})
