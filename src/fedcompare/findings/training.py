"""What is odd about training: seeds that failed, and budgets that ended before training did."""

from dataclasses import dataclass

from fedcompare.findings.gains import Gain
from fedcompare.regimes.catalog import Regime


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedSeed:
    """A seed whose model is far worse than the same model of the other seeds.

    `value` is its value of the first measure on the test set `test_set`, and `usual` the median of
    the other seeds'; `silo` is None for a model that all silos share.
    """

    seed: int
    regime: Regime
    silo: int | None
    test_set: str
    value: float
    usual: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfinished:
    """A regime whose models would be others with another budget.

    `silos` are those whose training loss still falls at the end of the budget (None stands for
    models that silos share), and `fall` by how much on average over the last tenth, as a share of
    the highest loss on record. `best_round` is a round after which a model was surely better by
    the first measure than after the last one, on the whole test set: it had `best`, and has `last`;
    `overtrained` are the silos whose models these are. 0 and None where there is none.
    """

    regime: Regime
    silos: tuple[int | None, ...] = ()
    fall: float = 0.0
    overtrained: tuple[int | None, ...] = ()
    best_round: int = 0
    best: float | None = None
    last: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingFacts:
    """All that is odd about training.

    `without` are the gains of the silos whose own or federated model failed in some seed, over the
    seeds in which neither did.
    """

    failed: tuple[FailedSeed, ...] = ()
    without: tuple[Gain, ...] = ()
    unfinished: tuple[Unfinished, ...] = ()

    def failed_of(self, silo: int) -> tuple[FailedSeed, ...]:
        """Return the failures that a silo's gains suffer from: its own model's, or the federated's.

        Gains are over the isolated-equal model.
        """
        concerned = {(Regime.ISOLATED_EQUAL, silo), (Regime.FEDERATED, None)}
        return tuple(one for one in self.failed if (one.regime, one.silo) in concerned)


NOTHING_ODD = TrainingFacts()
