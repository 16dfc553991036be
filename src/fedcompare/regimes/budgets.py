"""How much training there is: rounds, epochs, and the optimiser's steps."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median_low

from fedcompare.config.groups import ExperimentConfig
from fedcompare.text.wording import count, plural

# A rule of thumb, not a proof: small models have mostly converged by then.
ENOUGH_STEPS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How often training is begun anew with another optimiser, and for how many epochs each."""

    rounds: int
    epochs: int

    @property
    def total(self) -> int:
        """Return how often each example is passed over."""
        return self.rounds * self.epochs


NONE = Schedule(rounds=0, epochs=0)


def equal(config: ExperimentConfig) -> Schedule:
    """Return the schedule of federated training, and of what is compared with it."""
    budget = config.budget
    return Schedule(rounds=budget.num_server_rounds, epochs=budget.local_epochs)


def isolated(config: ExperimentConfig) -> Schedule:
    """Return the schedule of isolated training at its own budget."""
    return Schedule(rounds=1, epochs=config.isolated.isolated_epochs)


def fine_tuning(config: ExperimentConfig) -> Schedule:
    """Return the schedule of training the federated model further."""
    return Schedule(rounds=1, epochs=config.fine_tuning.fine_tune_epochs)


def none(config: ExperimentConfig) -> Schedule:
    """Return the schedule of what is made of trained models."""
    return NONE


def count_steps(num_examples: int, *, epochs: int, batch_size: int) -> int:
    """Return the optimiser's steps over `epochs` passes; the last batch of a pass may be ragged."""
    return epochs * -(-num_examples // batch_size)


def enough_local_epochs(config: ExperimentConfig, sizes: Iterable[int]) -> int:
    """Return the local epochs a round by which the median silo's model takes enough steps.

    `sizes` are the silos' numbers of training examples.
    """
    return -(-ENOUGH_STEPS // _steps(config, sizes, local_epochs=1))


def enough_isolated_epochs(config: ExperimentConfig, sizes: Iterable[int]) -> int:
    """Return the epochs by which the median silo's isolated model takes enough steps."""
    median = max(1, median_low(sizes))
    return -(-ENOUGH_STEPS // count_steps(median, epochs=1, batch_size=config.train.batch_size))


def told_few_steps(config: ExperimentConfig, sizes: Iterable[int]) -> str | None:
    """Say so if the median silo's model takes few steps in all rounds; None if it does not."""
    sizes = list(sizes)
    steps = _steps(config, sizes, local_epochs=config.budget.local_epochs)
    if steps >= ENOUGH_STEPS:
        return None
    return (
        f"The median silo's own model is trained for {plural(steps, 'step')}. With fewer than "
        f"{count(ENOUGH_STEPS)}, models may not have learnt yet, and a gain may only show which "
        f"learns sooner: local-epochs={enough_local_epochs(config, sizes)} is enough."
    )


def _steps(config: ExperimentConfig, sizes: Iterable[int], *, local_epochs: int) -> int:
    return count_steps(
        max(1, median_low(sizes)),
        epochs=config.budget.num_server_rounds * local_epochs,
        batch_size=config.train.batch_size,
    )
