"""The model from which every regime of an experiment starts."""

import torch
from torch import nn

from fedcompare.config.groups import ExperimentConfig, ModelConfig
from fedcompare.data.examples import Dataset
from fedcompare.learning.models.mlp import TwoLayers
from fedcompare.seeds import derive_seed


def initial_model(config: ExperimentConfig, dataset: Dataset) -> nn.Module:
    """Return the model from which every regime of an experiment starts."""
    return build_model(
        config.model,
        input_shape=tuple(dataset.train.inputs.shape[1:]),
        num_classes=len(dataset.class_names),
        seed=config.seed,
    )


def build_model(
    config: ModelConfig, *, input_shape: tuple[int, ...], num_classes: int, seed: int
) -> nn.Module:
    """Return a model whose initial weights depend on the experiment seed alone.

    The global random state is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "initial-weights"))
        return TwoLayers(
            num_features=torch.Size(input_shape).numel(),
            hidden_units=config.hidden_units,
            num_classes=num_classes,
        )
