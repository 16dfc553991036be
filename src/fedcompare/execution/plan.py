"""Which parts a seed of a comparison needs, and which of them must be made."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from fedcompare.config.groups import ExperimentConfig
from fedcompare.errors import ResultsError, WeightsError
from fedcompare.execution.stages import (
    Answered,
    Centralized,
    Federated,
    FineTuned,
    Isolated,
    IsolatedEqual,
    Stage,
)
from fedcompare.regimes.coalitions import coalitions_to_train


def seed_stages(config: ExperimentConfig, results: Path, *, contributions: bool) -> list[Stage]:
    """Return everything that one seed of a comparison needs, the longest first."""
    silos = tuple(range(1, config.partition.num_silos + 1))
    stages: list[Stage] = [
        Federated(config=config, results=results, members=silos),
        Centralized(config=config, results=results),
        IsolatedEqual(config=config, results=results),
        Isolated(config=config, results=results),
        FineTuned(config=config, results=results),
        Answered(config=config, results=results),
    ]
    if contributions and (coalitions := coalitions_to_train(len(silos))):
        stages += [Federated(config=config, results=results, members=c) for c in coalitions]
        stages += [Answered(config=config, results=results, coalitions=coalitions)]
    return stages


def unfinished(stages: Sequence[Stage], *, force: bool) -> Iterator[Stage]:
    """Yield the stages whose part must be made; with `force`, others are removed."""
    for stage in stages:
        try:
            finished = stage.is_finished()
        except (ResultsError, WeightsError):
            if not force:
                raise
            shutil.rmtree(stage.run.path / stage.part)
            finished = False
        if not finished:
            yield stage
