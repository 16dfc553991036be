"""Is every row of small silos held out once, in folds? Where nobody says so, the data do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median_low

from fedcompare.config.groups import ExperimentConfig
from fedcompare.errors import ConfigError

FEW_ROWS = 1000
"""Rows of the median silo from which one split is as good, and folds are only longer."""

USUAL = 5
_LARGEST = 32 * 2**20  # bytes of all examples, which each fold of each seed has anew


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The rows that each silo has which the data name, if any, and how large all are in bytes.

    `is_dealt` says that the data have no split of their own.
    """

    by_silo: Sequence[int] = ()
    is_dealt: bool = False
    size: int = 0


def settle_folds(config: ExperimentConfig, rows: Rows) -> ExperimentConfig:
    """Return the experiment with as many folds as are asked for, or as its data suggest.

    Raises:
        ConfigError: folds are asked for that there cannot be.
    """
    wanted, problems = config.comparison.folds, list(_problems(config, rows))
    if wanted > 1 and problems:
        raise ConfigError([f"folds: {wanted}, but {problems[0]}, or use --folds 1"])
    if wanted:
        return config
    is_small = bool(rows.by_silo) and median_low(rows.by_silo) < FEW_ROWS and rows.size < _LARGEST
    folds = min(USUAL, max(rows.by_silo)) if is_small and not problems else 1
    decided = config.comparison.model_copy(update={"folds": folds})
    return config.model_copy(update={"comparison": decided})


def folds_of(config: ExperimentConfig) -> list[ExperimentConfig]:
    """Return the experiment's first seed in each of its folds, or once."""
    return [own for own in config.by_repeat() if own.seed == config.seed]


def mean_sizes(folds: Sequence[Sequence[int]]) -> list[int]:
    """Return each silo's number of training rows, as rounded mean over folds [F][S]."""
    return [round(sum(own) / len(own)) for own in zip(*folds, strict=True)]


def _problems(config: ExperimentConfig, rows: Rows) -> Iterator[str]:
    """Yield why there cannot be folds, each with a remedy."""
    if not rows.by_silo:
        yield (
            "what is held out in turn are the rows of silos that the data name. Name their column "
            "(--silo), or give a file or folder for each"
        )
    elif not rows.is_dealt:
        yield (
            "the data say themselves what is held out. Leave out test-data and split-column, or "
            "give data without a test split"
        )
    elif config.comparison.folds > max(rows.by_silo):
        most = max(rows.by_silo)
        yield f"the largest silo has {most} rows. Use --folds {min(USUAL, most)}"
    if config.data.fold:
        yield f"held-out = {config.data.held_out} is one of several. Leave it out"
