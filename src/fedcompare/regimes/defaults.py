"""What keys that nobody set are, by the silos' sizes: enough training where examples are few.

Tables have settings of their own; docs/defaults.md has the study that these were chosen by.
Pictures keep the tutorial's, and get more passes where silos have few of them.
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import median_low

from fedcompare.config.groups import BudgetConfig, ExperimentConfig, IsolatedConfig, ModelConfig
from fedcompare.regimes.budgets import (
    ENOUGH_STEPS,
    enough_isolated_epochs,
    enough_local_epochs,
)
from fedcompare.text.wording import count, listing, plural

Value = str | int | float
Sizes = Sequence[int]

_LEARNING_RATE = 0.02
# Squared errors curve as steeply as the inputs' variances add up, where all inputs are alike: steps
# must be below 2 (1 + momentum) by that curvature, 2 an input, and much less with batches of few
# rows (tried: 30 and 120 inputs that are nearly alike, of 100 rows).
_STEEPEST = 0.2
_MANY_ROWS = 5000  # of all silos together
_BATCHES = (32, 64, 128, 256, 512, 1024)
_PASS = 16  # steps of a pass over a silo of the mean size, as far as batches of these sizes go


def _model(config: ExperimentConfig, sizes: Sizes) -> Value:
    """Return the linear model where rows are few, unless something is said of the other one."""
    few = sum(sizes) < _MANY_ROWS and config.model.hidden_units == ModelConfig().hidden_units
    return "linear" if few else "mlp"


def _l2_penalty(config: ExperimentConfig, sizes: Sizes) -> Value:
    """Return scikit-learn's for the linear model; hidden layers overfit with it in large tables."""
    if config.model.model.name == "linear":
        return 1.0
    return min(max(1.0, round(_mean(sizes) / 100, 1)), 10.0)


def _batch_size(config: ExperimentConfig, sizes: Sizes) -> Value:
    """Return more rows for larger tables: less noise for the same number of steps."""
    wanted = _mean(sizes) / _PASS
    return next((batch for batch in _BATCHES if batch >= wanted), _BATCHES[-1])


def _mean(sizes: Sizes) -> float:
    return sum(sizes) / len(sizes)


# What a key is by default, from the silos' training rows and the keys before it.
Defaults = Mapping[str, Callable[[ExperimentConfig, Sizes], Value]]
_OF_TABLES: Defaults = {
    "model": _model,
    "learning-rate": lambda config, sizes: _LEARNING_RATE,
    "momentum": lambda config, sizes: 0.9,
    "l2-penalty": _l2_penalty,
    "batch-size": _batch_size,
    "num-server-rounds": lambda config, sizes: 10,
    "local-epochs": enough_local_epochs,
    "isolated-epochs": lambda config, sizes: config.budget.epochs,
    "fine-tune-epochs": lambda config, sizes: config.budget.local_epochs,
}


_OF_PICTURES: Defaults = {
    "local-epochs": lambda config, sizes: max(
        BudgetConfig().local_epochs, enough_local_epochs(config, sizes)
    ),
    "isolated-epochs": lambda config, sizes: max(
        IsolatedConfig().isolated_epochs, enough_isolated_epochs(config, sizes)
    ),
}


def with_defaults(
    config: ExperimentConfig, sizes: Sizes, *, is_table: bool, num_inputs: int = 0
) -> ExperimentConfig:
    """Return the experiment with the data's own defaults for the keys that nobody set.

    `sizes` are the silos' numbers of training examples, `num_inputs` those of a table whose label
    is a number.
    """
    for key, default in (_of_tables(num_inputs) if is_table else _OF_PICTURES).items():
        config = config.filled({key: default(config, sizes)})
    return config


def _of_tables(num_inputs: int) -> Defaults:
    """Return the defaults of a table; many inputs of a number need small steps."""
    if not num_inputs:
        return _OF_TABLES
    rate = min(_LEARNING_RATE, float(f"{_STEEPEST / num_inputs:.1g}"))
    return {**_OF_TABLES, "learning-rate": lambda config, sizes: rate}


def told_defaults(
    config: ExperimentConfig, sizes: Sizes, *, is_table: bool, num_inputs: int = 0
) -> str:
    """Return which settings of training are as by default, which are not, and why.

    Nothing is said of pictures that are enough for the built-in defaults.
    """
    if is_table:
        return _told(config, sizes, _of_tables(num_inputs), "a table", "row")
    defaults = {key: default(config, sizes) for key, default in _OF_PICTURES.items()}
    if defaults.items() <= ExperimentConfig().to_flat().items():
        return ""
    return _told(config, sizes, _OF_PICTURES, "pictures", "picture")


def _told(config: ExperimentConfig, sizes: Sizes, rules: Defaults, data: str, noun: str) -> str:
    flat = config.to_flat()
    defaults = {key: default(config, sizes) for key, default in rules.items()}
    kept = [f"{key} = {flat[key]}" for key in defaults if flat[key] == defaults[key]]
    others = [
        f"{key} = {flat[key]} (by default {defaults[key]})"
        for key in defaults
        if flat[key] != defaults[key]
    ]
    of = "whose" if noun == "row" else "of which the"
    what = f"{data} {of} median silo has {plural(median_low(sizes), noun)} to train on"
    why = f"by default its own model takes at least {count(ENOUGH_STEPS)} steps in all rounds"
    return (
        f"Settings of training for {what}; {why}. As by default: {listing(kept)}. "
        f"Set otherwise: {listing(others)}."
    )
