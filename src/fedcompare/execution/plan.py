"""Which parts a request needs, and which of them must be made."""

import functools
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from fedcompare.config.groups import ExperimentConfig
from fedcompare.data.partitions.catalog import check_partitioner
from fedcompare.data.silos import load_silos
from fedcompare.data.transforms.catalog import check_transforms
from fedcompare.errors import ConfigError, ResultsError, WeightsError
from fedcompare.evaluation.measures.choice import check_measure_name
from fedcompare.execution.stages import Answer, Federate, Stage, TrainAlone, TrainingStage
from fedcompare.federated.engines.catalog import check_engine
from fedcompare.federated.strategies import check_strategy
from fedcompare.learning.models.catalog import check_fit, check_model
from fedcompare.regimes.catalog import ROWS, Regime, Way, row_of
from fedcompare.regimes.coalitions import coalitions_to_train
from fedcompare.runs.directory import RunDirectory


def check_choices(config: ExperimentConfig) -> None:
    """Raise before any work if a partition, transform, model, ... is named that there is not.

    Raises:
        ConfigError: naming those that there are; all problems at once.
    """
    problems: list[str] = []
    for check in (
        functools.partial(check_partitioner, config.partition),
        functools.partial(check_transforms, config.partition),
        functools.partial(check_model, config.model),
        functools.partial(check_strategy, config.federation),
        functools.partial(check_engine, config.resources),
        functools.partial(check_measure_name, config.comparison.measure),
    ):
        try:
            check()
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)


def check_trainable(config: ExperimentConfig, stages: Sequence[Stage]) -> None:
    """Raise before any training if the model cannot be trained as these stages would.

    Raises:
        ConfigError: it does not take such inputs, or is the user's own and wrong.
    """
    trained = [stage for stage in stages if isinstance(stage, TrainingStage)]
    if trained:
        sizes = [size for stage in trained for size in stage.sizes()]
        check_fit(config, trained[0].silos.dataset, sizes)


def seed_runs(config: ExperimentConfig, results: Path) -> list[RunDirectory]:
    """Return the run directory of every seed: `seed`, `seed` + 1, ..., or of each one's folds."""
    return [RunDirectory(results, own) for own in config.by_repeat()]


def training_stage(run: RunDirectory, regime: Regime) -> TrainingStage:
    """Return the stage that trains one regime, by itself."""
    row, silos = row_of(regime), load_silos(run.config)
    if row.way is Way.FEDERATION:
        return Federate(run=run, silos=silos, row=row, members=tuple(silos.ids))
    return TrainAlone(run=run, silos=silos, row=row)


def seed_stages(run: RunDirectory, *, contributions: bool) -> list[Stage]:
    """Return everything that one seed of a comparison, or a fold, needs.

    Federations and long work come first.
    """
    silos = load_silos(run.config)
    stages: list[Stage] = []
    for row in ROWS:
        if row.way is Way.FEDERATION:
            stages.append(Federate(run=run, silos=silos, row=row, members=tuple(silos.ids)))
        elif row.trained:
            is_read = row.is_first_round(run.config)
            stages.append(TrainAlone(run=run, silos=silos, row=row, is_read=is_read))
    stages.sort(key=lambda stage: (isinstance(stage, TrainAlone), -stage.longest()))
    stages.append(Answer(run=run, silos=silos))
    if contributions and (coalitions := coalitions_to_train(len(silos))):
        row = row_of(Regime.FEDERATED)
        stages += [Federate(run=run, silos=silos, row=row, members=c) for c in coalitions]
        stages.append(Answer(run=run, silos=silos, coalitions=coalitions))
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
