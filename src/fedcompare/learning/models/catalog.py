"""The models there are, and the one from which every regime of an experiment starts."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeGuard

import torch
from torch import nn

from fedcompare.config.choices import (
    Choice,
    check_arguments,
    check_choice,
    check_values,
)
from fedcompare.config.dotted import FORM, DottedPath
from fedcompare.config.groups import ExperimentConfig, ModelConfig
from fedcompare.config.listed import Listed, written_arguments
from fedcompare.data.examples import Dataset
from fedcompare.errors import ConfigError
from fedcompare.learning.forward import torch_threads
from fedcompare.learning.models import cnn, linear, mlp, own, resnet18
from fedcompare.learning.randomness import seeded
from fedcompare.regimes.devices import CPU
from fedcompare.seeds import derive_seed

# Each makes a model from the shape of one input, the number of outputs, and chosen arguments.
CATALOG: dict[str, Callable[..., nn.Module]] = {
    "mlp": mlp.build,
    "linear": linear.build,
    "2nn": mlp.build_2nn,
    "cnn": cnn.build,
    "resnet18": resnet18.build,
}
_MOST_STACKED = 16_384  # weights and biases: above them arithmetic takes the time, and not dispatch
_PLAIN = Choice("mlp")  # of the width that `hidden_units` says
_OWN = "A torch module that a function of your own makes from input_shape and num_outputs."


def list_models() -> Iterator[Listed]:
    """Yield each model, as the code has it; the last one is the user's own."""
    for name, build in CATALOG.items():
        line = str(build.__doc__).splitlines()[0]
        yield Listed(name=name, line=line, arguments=written_arguments(build, given=own.GIVEN))
    yield Listed(name=FORM, line=_OWN, arguments="...")


def check_model(config: ModelConfig) -> None:
    """Raise before any work if there is no such model, or it has no such arguments.

    Raises:
        ConfigError: naming those that there are.
    """
    _find(config)


def check_fit(config: ExperimentConfig, dataset: Dataset, sizes: Iterable[int]) -> None:
    """Raise before any training if the model does not fit the data, or its own code is wrong.

    `sizes` are numbers of examples that it will be trained on: where an epoch's last batch is a
    single example, not every model can be trained.

    Raises:
        ConfigError: naming the remedy.
    """
    with torch_threads(1), seeded(0):  # workers are forked from a process without threads
        model = initial_model(config, dataset)
        if DottedPath.parse(config.model.model.name):
            _try_out(config, model, dataset, sizes)


def initial_model(config: ExperimentConfig, dataset: Dataset) -> nn.Module:
    """Return the model from which every regime of an experiment starts; raises as `build_model`."""
    return build_model(
        config.model,
        input_shape=tuple(dataset.train.inputs.shape[1:]),
        num_outputs=dataset.num_outputs,
        seed=config.seed,
    )


def build_model(
    config: ModelConfig, *, input_shape: tuple[int, ...], num_outputs: int, seed: int
) -> nn.Module:
    """Return a model whose initial weights depend on the experiment seed alone.

    The global random state is left as it was.

    Raises:
        ConfigError: there is no such model, or it does not take such inputs.
    """
    choice, build = _find(config)
    with seeded(derive_seed(seed, "initial-weights")):
        if DottedPath.parse(choice.name):
            return own.make(choice, build, input_shape=input_shape, num_outputs=num_outputs)
        try:
            return build(input_shape=input_shape, num_outputs=num_outputs, **choice.keywords)
        except ValueError as error:
            raise ConfigError([f"model: {choice.name} {error}"]) from error


def is_stackable(model: nn.Module) -> TypeGuard[mlp.FullyConnected]:
    """Return whether a model trains in a stack: "linear" and "mlp" do, where they are small.

    That is up to 16,384 weights and biases; the tutorial's "mlp" has 101,770.
    """
    if type(model) is not mlp.FullyConnected:
        return False
    parameters = list(model.parameters())
    trained = all(parameter.requires_grad for parameter in parameters)
    return trained and sum(map(torch.Tensor.numel, parameters)) <= _MOST_STACKED


def trains_in_stack(config: ExperimentConfig, dataset: Dataset) -> bool:
    """Return whether an experiment's models train in stacks; raises as `build_model`."""
    return config.train.device == CPU and is_stackable(initial_model(config, dataset))


def _find(config: ModelConfig) -> tuple[Choice, Callable[..., nn.Module]]:
    """Return the choice with all arguments of the keys, and what makes the model; both checked."""
    choice = config.model
    if path := DottedPath.parse(choice.name):
        factory = path.load("model")
        own.check_factory(choice, factory)
        check_arguments("model", choice, factory, given=own.GIVEN)
        _check_hidden_units(config)
        return choice, factory
    check_choice("model", choice.name, [*CATALOG, FORM])
    build = CATALOG[choice.name]
    check_arguments("model", choice, build, given=own.GIVEN)
    check_values("model", choice, build)
    if choice == _PLAIN:
        return Choice(choice.name, (("hidden", (config.hidden_units,)),)), build
    _check_hidden_units(config)
    return choice, build


def _check_hidden_units(config: ModelConfig) -> None:
    """Refuse a width that has no effect; a run config states all keys, and so the default."""
    units, default = config.hidden_units, ModelConfig().hidden_units
    if units != default:
        raise ConfigError(
            [
                f"hidden-units: {units} has no effect on model = {config.model}, only on model = "
                f"{_PLAIN}; leave it out, or set it to {default}, its default, which then says "
                "nothing"
            ]
        )


def _try_out(
    config: ExperimentConfig, model: nn.Module, dataset: Dataset, sizes: Iterable[int]
) -> None:
    choice, num_outputs = config.model.model, dataset.num_outputs
    two = dataset.train.inputs[torch.arange(2) % len(dataset.train)]
    for count, training in ((2, False), (1, False), (2, True)):
        own.try_out(choice, model, two[:count], num_outputs, training=training)
    batch = config.train.batch_size
    single = next((size for size in sizes if batch == 1 or size % batch == 1), None)
    if single is None:
        return
    try:
        own.try_out(choice, model, two[:1], num_outputs, training=True)
    except ConfigError as error:
        raise ConfigError(
            [
                *error.problems,
                f"batch-size: the last batch of {single} training examples has one example, which "
                f"the model cannot be trained on; choose another than {batch}",
            ]
        ) from error
