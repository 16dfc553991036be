"""The models there are, and the one from which every regime of an experiment starts."""

from collections.abc import Callable

import torch
from torch import nn

from fedcompare.config.choices import check_choice
from fedcompare.config.groups import ExperimentConfig, ModelConfig
from fedcompare.data.examples import Dataset
from fedcompare.learning.models import mlp
from fedcompare.seeds import derive_seed

Shape = tuple[int, ...]
# Each makes a model of its own from the keys, the shape of one input and the number of classes.
CATALOG: dict[str, Callable[[ModelConfig, Shape, int], nn.Module]] = {"mlp": mlp.build}


def check_model(config: ModelConfig) -> None:
    """Raise before any work if there is no such model.

    Raises:
        ConfigError: naming those that there are.
    """
    check_choice("model", config.model, CATALOG)


def initial_model(config: ExperimentConfig, dataset: Dataset) -> nn.Module:
    """Return the model from which every regime of an experiment starts."""
    return build_model(
        config.model,
        input_shape=tuple(dataset.train.inputs.shape[1:]),
        num_classes=len(dataset.class_names),
        seed=config.seed,
    )


def build_model(
    config: ModelConfig, *, input_shape: Shape, num_classes: int, seed: int
) -> nn.Module:
    """Return a model whose initial weights depend on the experiment seed alone.

    The global random state is left as it was.

    Raises:
        ConfigError: there is no such model.
    """
    check_model(config)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "initial-weights"))
        return CATALOG[config.model](config, input_shape, num_classes)
