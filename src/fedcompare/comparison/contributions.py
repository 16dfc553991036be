"""Who contributes: leave-one-out and Shapley values of how good the coalitions are."""

from collections.abc import Iterator, Mapping, Sequence

from fedcompare.comparison.spread import spread
from fedcompare.evaluation.answers import Answers, Labels
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.gains import Contribution
from fedcompare.findings.test_sets import Kind
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.coalitions import MAX_SHAPLEY_SILOS
from fedcompare.regimes.models import ModelId
from fedcompare.statistics.credit import shapley

Coalitions = Mapping[tuple[int, ...], Answers]


def find_contributions(
    answers: Sequence[SeedAnswers], coalitions: Sequence[Coalitions], cases: Cases
) -> Iterator[Contribution]:
    """Yield what each silo adds on the whole test set and on each subset.

    The value of a coalition is its federated model's accuracy, or its error with the other sign:
    of a single silo its isolated-equal model's (the same computation), of nobody the initial
    weights'. `coalitions` holds one mapping per seed.
    """
    measure = cases.measure
    silos = tuple(cases.silos)
    values = [_answers(seed, own, cases) for seed, own in zip(answers, coalitions, strict=True)]
    for test_set in cases.test_sets():
        if test_set.kind in (Kind.OWN, Kind.SEEN):
            continue
        games = [
            {
                members: measure.sign
                * measure.mean(
                    measure.values(cases.answered(predicted)), cases.weights(test_set, index)
                )
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
                test_set=test_set.key,
                leave_one_out=spread(left_out),
                shapley=spread([share[silo] for share in shares]) if exact else None,
            )


def _answers(
    seed: SeedAnswers, coalitions: Coalitions, cases: Cases
) -> dict[frozenset[int], Labels]:
    federated = ModelId(Regime.FEDERATED)
    every = {frozenset(members): own for members, own in coalitions.items()}
    for silo in cases.silos:
        every[frozenset({silo})] = seed.final[ModelId(Regime.ISOLATED_EQUAL, silo)]
    every[frozenset(cases.silos)] = seed.final[federated]
    found = {members: own.at(cases.ids).predicted for members, own in every.items()}
    return found | {frozenset(): seed.rounds[federated, 0]}
