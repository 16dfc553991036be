"""Who contributes: leave-one-out and Shapley values of how good the coalitions are."""

from collections.abc import Iterator, Mapping, Sequence

from fedcompare.comparison.spread import spread
from fedcompare.evaluation.answers import Answers
from fedcompare.evaluation.cases import Cases
from fedcompare.evaluation.slicing import slice_of
from fedcompare.evaluation.stored import SeedAnswers
from fedcompare.findings.gains import Contribution
from fedcompare.findings.test_sets import Kind, TestSet
from fedcompare.regimes.catalog import Regime
from fedcompare.regimes.coalitions import MAX_SHAPLEY_SILOS
from fedcompare.regimes.models import ModelId
from fedcompare.statistics.credit import shapley

Coalitions = Mapping[tuple[int, ...], Answers]


def find_contributions(
    answers: Sequence[SeedAnswers], coalitions: Sequence[Coalitions], cases: Cases
) -> Iterator[Contribution]:
    """Yield what each silo adds on the whole test set and on each subset.

    The value of a coalition is the measure of its federated model, an error with the other sign: of
    a single silo that of its isolated-equal model (the same computation), of nobody that of the
    initial weights. Of these no probabilities are stored: without them there is no Shapley value
    by a measure that needs them. `coalitions` holds one mapping per seed.
    """
    measure = cases.measure
    silos = tuple(cases.silos)
    values = [_answers(seed, own, cases) for seed, own in zip(answers, coalitions, strict=True)]
    for test_set in cases.test_sets():
        unasked = (Kind.OWN, Kind.OTHERS, Kind.SEEN)
        if test_set.kind in unasked or _lacks(test_set, len(values), cases):
            continue
        games = [
            {members: _worth(own, test_set, index, cases) for members, own in every.items()}
            for index, every in enumerate(values)
        ]
        exact = len(silos) <= MAX_SHAPLEY_SILOS and not measure.needs_probabilities
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


def _lacks(test_set: TestSet, num_seeds: int, cases: Cases) -> bool:
    """Return whether the measure has no value on a test set in some seed."""
    slices = (slice_of(cases, test_set, index) for index in range(num_seeds))
    return any(cases.measure.missing(part, 1) for part in slices)


def _worth(answers: Answers, test_set: TestSet, seed_index: int, cases: Cases) -> float:
    """Return how good answers are: the more, the better."""
    measure = cases.measure
    value = measure.value(measure.values(answers), slice_of(cases, test_set, seed_index))
    assert value is not None
    return measure.sign * value


def _answers(
    seed: SeedAnswers, coalitions: Coalitions, cases: Cases
) -> dict[frozenset[int], Answers]:
    federated = ModelId(Regime.FEDERATED)
    every = {frozenset(members): own for members, own in coalitions.items()}
    for silo in cases.silos:
        every[frozenset({silo})] = seed.final[ModelId(Regime.ISOLATED_EQUAL, silo)]
    every[frozenset(cases.silos)] = seed.final[federated]
    found = {members: own.at(cases.ids) for members, own in every.items()}
    if cases.measure.needs_probabilities:
        return found
    return found | {frozenset(): cases.answered(seed.rounds[federated, 0])}
