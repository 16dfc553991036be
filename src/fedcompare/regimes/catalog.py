"""A row per regime: everything that other modules must know to treat each kind of model rightly."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from fedcompare.config.groups import ExperimentConfig, Scope
from fedcompare.regimes import budgets
from fedcompare.regimes.budgets import Schedule


class Regime(StrEnum):
    """How a model was made, in the order of tables.

    `isolated-equal` is isolated training with the federated model's budget; the two
    commands' own regimes are `isolated` (with `isolated-epochs`) and `federated`. The last three
    are of tables, and no networks: what a silo's own rows give without any of this.
    """

    ISOLATED = "isolated"
    ISOLATED_EQUAL = "isolated-equal"
    FEDERATED = "federated"
    FINE_TUNED = "fine-tuned"
    AVERAGE = "average"
    ENSEMBLE = "ensemble"
    CENTRALIZED = "centralized"
    CONSTANT = "constant"
    REGULARISED_LINEAR = "regularised-linear"
    BOOSTED_TREES = "boosted-trees"


class Role(StrEnum):
    """What a regime is for when silos ask whether to federate."""

    BASELINE = "baseline"
    FEDERATED = "federated"
    REFERENCE = "reference"
    ALTERNATIVE = "alternative"
    CONVENTIONAL = "conventional"


class Way(StrEnum):
    """How a regime's models come about: by training, or from other models without it."""

    ALONE = "the plain loop, on each owner's data"
    FEDERATION = "rounds of local training and aggregation"
    AVERAGE = "the mean of weights"
    ENSEMBLE = "the mean of answers"
    LIBRARY = "scikit-learn, on each silo's own rows, whenever it is to answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What is known of one regime.

    `shared`: one model for all silos, or one per silo; trained alone, it has the pooled data.
    `schedule` and `scopes` say how long it trains and which keys can change it. `source` is the
    regime whose models it starts from or is made of. `begins` is a regime of which it is the
    first round, bit for bit, wherever their schedules say so. `stream` names the randomness of
    its training: training again from other weights draws other orders. `followed`: its models
    are evaluated after every round. `pictured`: its part holds a picture of its losses.
    `of_tables`: only where examples are rows of a table.
    """

    regime: Regime
    role: Role
    way: Way = Way.ALONE
    shared: bool = False
    schedule: Callable[[ExperimentConfig], Schedule] = budgets.equal
    scopes: frozenset[Scope] = frozenset({Scope.BUDGET})
    source: Regime | None = None
    begins: Regime | None = None
    stream: str = "train"
    followed: bool = False
    pictured: bool = False
    of_tables: bool = False

    @property
    def trained(self) -> bool:
        """Return whether there are weights of its own; else answers are all that is stored."""
        return self.way in (Way.ALONE, Way.FEDERATION)

    def owners(self, silos: Iterable[int]) -> list[int | None]:
        """Return whose models there are: of each of `silos`, or one of nobody's (None)."""
        return [None] if self.shared else list(silos)

    def epochs(self, config: ExperimentConfig) -> int:
        """Return how often each example was passed over, also by the models it comes from."""
        before = row_of(self.source).epochs(config) if self.source else 0
        return before + self.schedule(config).total

    def is_first_round(self, config: ExperimentConfig) -> bool:
        """Return whether it is the first round of the regime that it `begins`, bit for bit."""
        if self.begins is None:
            return False
        ours, theirs = self.schedule(config), row_of(self.begins).schedule(config)
        return ours.rounds == 1 and ours.epochs == theirs.epochs


ROWS = (
    Row(
        regime=Regime.ISOLATED,
        role=Role.BASELINE,
        schedule=budgets.isolated,
        scopes=frozenset({Scope.ISOLATED}),
        begins=Regime.ISOLATED_EQUAL,
        pictured=True,
    ),
    Row(regime=Regime.ISOLATED_EQUAL, role=Role.BASELINE, followed=True),
    Row(
        regime=Regime.FEDERATED,
        role=Role.FEDERATED,
        way=Way.FEDERATION,
        shared=True,
        scopes=frozenset({Scope.BUDGET, Scope.FEDERATION}),
        followed=True,
    ),
    Row(
        regime=Regime.FINE_TUNED,
        role=Role.ALTERNATIVE,
        schedule=budgets.fine_tuning,
        scopes=frozenset({Scope.FINE_TUNING}),
        source=Regime.FEDERATED,
        stream="fine-tune",
    ),
    Row(
        regime=Regime.AVERAGE,
        role=Role.ALTERNATIVE,
        way=Way.AVERAGE,
        shared=True,
        schedule=budgets.none,
        source=Regime.ISOLATED_EQUAL,
    ),
    Row(
        regime=Regime.ENSEMBLE,
        role=Role.ALTERNATIVE,
        way=Way.ENSEMBLE,
        shared=True,
        schedule=budgets.none,
        source=Regime.ISOLATED_EQUAL,
    ),
    Row(regime=Regime.CENTRALIZED, role=Role.REFERENCE, shared=True, followed=True),
    *(
        Row(
            regime=regime,
            role=Role.CONVENTIONAL,
            way=Way.LIBRARY,
            schedule=budgets.none,
            of_tables=True,
        )
        for regime in (Regime.CONSTANT, Regime.REGULARISED_LINEAR, Regime.BOOSTED_TREES)
    ),
)
TRAINED = tuple(row.regime for row in ROWS if row.trained)
FOLLOWED = tuple(row for row in ROWS if row.followed)
CONVENTIONAL = tuple(row for row in ROWS if row.role is Role.CONVENTIONAL)
# In which form a silo can join; its own model is what they are compared with.
FORMS = tuple(row for row in ROWS if row.role in (Role.FEDERATED, Role.ALTERNATIVE))
# Whose answers a gain speaks of; the others are shown beside it.
_BESIDE = (Role.ALTERNATIVE, Role.CONVENTIONAL)
COMPARED = tuple(row for row in ROWS if row.role not in _BESIDE)


def rows_for(*, is_table: bool) -> tuple[Row, ...]:
    """Return what there is where examples are rows of a table, or are not, in order of tables."""
    return tuple(row for row in ROWS if is_table or not row.of_tables)


def row_of(regime: Regime) -> Row:
    """Return what is known of a regime."""
    return next(row for row in ROWS if row.regime is regime)
