"""The ledger: what making each regime's models took."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.ledger import Budget
from fedcompare.regimes.catalog import Regime, Row, Way, row_of, rows_for
from fedcompare.runs.manifest import Training


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cost:
    """One seed's cost of one regime; costs add up."""

    epochs: int = 0
    local_steps: int = 0
    examples: int = 0
    bytes_up: int = 0
    bytes_down: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def __add__(self, other: "_Cost") -> "_Cost":
        return _Cost(
            epochs=self.epochs + other.epochs,
            local_steps=self.local_steps + other.local_steps,
            examples=self.examples + other.examples,
            bytes_up=self.bytes_up + other.bytes_up,
            bytes_down=self.bytes_down + other.bytes_down,
            seconds=self.seconds + other.seconds,
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
        )


def find_budgets(answers: Sequence[SeedAnswers], *, example_bytes: int) -> tuple[Budget, ...]:
    """Return each regime's cost as means over the seeds; an example has `example_bytes`."""
    seeds = [_costs(seed, example_bytes) for seed in answers]
    return tuple(
        Budget(
            regime=regime,
            epochs=seeds[0][regime].epochs,
            local_steps=_mean([costs[regime].local_steps for costs in seeds]),
            examples=_mean([costs[regime].examples for costs in seeds]),
            bytes_up=_mean([costs[regime].bytes_up for costs in seeds]),
            bytes_down=_mean([costs[regime].bytes_down for costs in seeds]),
            seconds=_mean([costs[regime].seconds for costs in seeds]),
            cpu_seconds=_mean([costs[regime].cpu_seconds for costs in seeds]),
        )
        for regime in seeds[0]
    )


def _costs(seed: SeedAnswers, example_bytes: int) -> dict[Regime, _Cost]:
    """Return what each regime's models took, with what the models took that they come from."""
    counts = seed.trainings[Regime.FEDERATED].label_counts
    upload = len(counts) * seed.model_bytes
    exchanged = {
        Way.AVERAGE: _Cost(bytes_up=upload, bytes_down=upload),
        Way.ENSEMBLE: _Cost(bytes_up=upload, bytes_down=(len(counts) - 1) * upload),
        Way.LIBRARY: _Cost(),  # fitted on the spot, in a moment that nobody measures
    }
    pooled = _Cost(bytes_up=sum(map(sum, counts)) * example_bytes)

    def cost(row: Row) -> _Cost:
        own = _of(seed.trainings[row.regime]) if row.trained else exchanged[row.way]
        own += pooled if row.shared and row.way is Way.ALONE else _Cost()
        return own + cost(row_of(row.source)) if row.source else own

    rows = rows_for(is_table=seed.trainings[Regime.FEDERATED].is_table)
    return {row.regime: cost(row) for row in rows}


def _of(training: Training) -> _Cost:
    return _Cost(
        epochs=training.epochs,
        local_steps=sum(training.local_steps),
        examples=training.epochs * sum(map(sum, training.label_counts)),
        bytes_up=training.bytes_up,
        bytes_down=training.bytes_down,
        seconds=training.seconds,
        cpu_seconds=training.cpu_seconds,
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
