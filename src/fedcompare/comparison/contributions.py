"""Who contributes: leave-one-out and Shapley values of the coalitions' accuracy."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from fedcompare.comparison.measures import spread
from fedcompare.evaluation.answers import Predictions
from fedcompare.evaluation.cases import Cases, accuracy
from fedcompare.evaluation.stored import Classes, SeedAnswers
from fedcompare.findings.gains import Contribution
from fedcompare.findings.test_sets import read_key
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.coalitions import MAX_SHAPLEY_SILOS
from fedcompare.regimes.models import model_key
from fedcompare.statistics import shapley

Coalitions = Mapping[tuple[int, ...], Predictions]


def find_contributions(
    answers: Sequence[SeedAnswers], coalitions: Sequence[Coalitions], cases: Cases
) -> Iterator[Contribution]:
    """Yield what each silo adds on the whole test set and on each subset.

    The value of a coalition is its federated model's accuracy: of a single silo its
    isolated-equal model's (the same computation), of nobody the initial
    weights'. `coalitions` holds one mapping per seed.
    """
    silos = tuple(cases.silos)
    values = [_answers(seed, own, silos) for seed, own in zip(answers, coalitions, strict=True)]
    for key in (s.key for s in cases.test_sets() if read_key(s.key)[0] not in ("own", "seen")):
        games = [
            {
                members: accuracy(predicted == cases.labels, cases.weights(key, index))
                for members, predicted in own.items()
            }
            for index, own in enumerate(values)
        ]
        exact = len(silos) <= MAX_SHAPLEY_SILOS
        shares = [shapley(game, silos) for game in games] if exact else []
        everyone = frozenset(silos)
        for silo in silos:
            left_out = [game[everyone] - game[everyone - {silo}] for game in games]
            yield Contribution(
                silo=silo,
                test_set=key,
                leave_one_out=spread(left_out),
                shapley=spread([share[silo] for share in shares]) if exact else None,
            )


def _answers(
    seed: SeedAnswers, coalitions: Coalitions, silos: Sequence[int]
) -> dict[frozenset[int], Classes]:
    found = {frozenset(members): p.predicted for members, p in coalitions.items()}
    for silo in silos:
        key = model_key(Regime.ISOLATED_EQUAL, silo)
        found[frozenset({silo})] = seed.predictions[key].predicted
    found[frozenset(silos)] = seed.predictions[Regime.FEDERATED].predicted
    found[frozenset()] = np.asarray(seed.rounds[Regime.FEDERATED, 0])
    return found
