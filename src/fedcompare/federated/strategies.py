"""Flower's strategies, unmodified: a row each. Imports flwr only when one is built."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fedcompare.config.choices import check_choice
from fedcompare.config.groups import FederationConfig

if TYPE_CHECKING:
    from flwr.app import MetricRecord, RecordDict
    from flwr.serverapp.strategy import Strategy

Build = Callable[..., "Strategy"]


def _fedavg(**common: Any) -> "Strategy":
    """Average the local models, weighted by examples (McMahan et al. 2017, algorithm 1)."""
    from flwr.serverapp.strategy import FedAvg

    return FedAvg(**common)


# Each takes the arguments that Flower's strategies have in common.
CATALOG: Mapping[str, Build] = {"fedavg": _fedavg}


def check_strategy(config: FederationConfig) -> None:
    """Raise if there is no such strategy.

    Raises:
        ConfigError: with the names of those that there are.
    """
    check_choice("strategy", config.strategy, CATALOG)


def build_strategy(config: FederationConfig) -> "Strategy":
    """Return the strategy that the config names, which takes all nodes that there are."""
    return CATALOG[config.strategy](**common_arguments())


def common_arguments() -> dict[str, Any]:
    """Return what every strategy of Flower's is given: all nodes, and the records' names."""
    from fedcompare.federated import wire

    return {
        "fraction_train": 1.0,
        "fraction_evaluate": 1.0,
        "min_train_nodes": 1,
        "min_evaluate_nodes": 1,
        "min_available_nodes": 1,
        "weighted_by_key": wire.NUM_EXAMPLES,
        "arrayrecord_key": wire.ARRAYS,
        "configrecord_key": wire.CONFIG,
        "train_metrics_aggr_fn": _no_average,
        "evaluate_metrics_aggr_fn": _no_average,
    }


def _no_average(replies: "list[RecordDict]", weighted_by_key: str) -> "MetricRecord":
    """Per-silo reports are kept as they came; an average of ids and lists means nothing."""
    from flwr.app import MetricRecord

    return MetricRecord({"num-replies": len(replies)})
