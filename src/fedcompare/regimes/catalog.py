"""A row per regime: everything that other modules must know to treat each kind of model rightly."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Regime(StrEnum):
    """How a model was made, in the order of tables.

    `isolated-equal` is isolated training with the federated model's budget; the two
    commands' own regimes are `isolated` (with `isolated-epochs`) and `federated`.
    """

    ISOLATED = "isolated"
    ISOLATED_EQUAL = "isolated-equal"
    FEDERATED = "federated"
    FINE_TUNED = "fine-tuned"
    AVERAGE = "average"
    ENSEMBLE = "ensemble"
    CENTRALIZED = "centralized"


class Role(StrEnum):
    """What a regime is for when silos ask whether to federate."""

    BASELINE = "baseline"
    FEDERATED = "federated"
    REFERENCE = "reference"
    ALTERNATIVE = "alternative"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is known of one regime.

    `shared`: one model for all silos, or one per silo. `trained`: it has weights of its own;
    else its answers are derived from those of others. `followed`: its models are evaluated
    after every round.
    """

    regime: Regime
    role: Role
    shared: bool = False
    trained: bool = True
    followed: bool = False

    def owners(self, silos: Iterable[int]) -> list[int | None]:
        """Return whose models there are: of each of `silos`, or one of nobody's (None)."""
        return [None] if self.shared else list(silos)


ROWS = (
    Row(regime=Regime.ISOLATED, role=Role.BASELINE),
    Row(regime=Regime.ISOLATED_EQUAL, role=Role.BASELINE, followed=True),
    Row(regime=Regime.FEDERATED, role=Role.FEDERATED, shared=True, followed=True),
    Row(regime=Regime.FINE_TUNED, role=Role.ALTERNATIVE),
    Row(regime=Regime.AVERAGE, role=Role.ALTERNATIVE, shared=True, trained=False),
    Row(regime=Regime.ENSEMBLE, role=Role.ALTERNATIVE, shared=True, trained=False),
    Row(regime=Regime.CENTRALIZED, role=Role.REFERENCE, shared=True, followed=True),
)


TRAINED = tuple(row.regime for row in ROWS if row.trained)
FOLLOWED = tuple(row for row in ROWS if row.followed)


# Whose answers a gain speaks of; the alternatives are shown beside it.
COMPARED = tuple(row for row in ROWS if row.role is not Role.ALTERNATIVE)


def row_of(regime: Regime) -> Row:
    """Return what is known of a regime."""
    return next(row for row in ROWS if row.regime is regime)
