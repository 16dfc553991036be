"""How much training there is: rounds, epochs, and the optimiser's steps."""

from dataclasses import dataclass

from fedcompare.config.groups import ExperimentConfig


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
