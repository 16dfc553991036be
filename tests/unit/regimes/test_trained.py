"""Models that were trained apart are one training."""

import pytest

from fedcompare.regimes.records import EpochRecord, Phase, RoundRecord, ServerRecord
from fedcompare.regimes.trained import Round, Trained, side_by_side, untested


def report(silo, number, *, phase=Phase.TRAIN, num_examples=10, cpu_seconds=0.5):
    return RoundRecord(
        round=number,
        silo=silo,
        phase=phase,
        loss=1.0,
        accuracy=None,
        num_examples=num_examples,
        seconds=1.0,
        cpu_seconds=cpu_seconds,
    )


def trained(silo, *, rounds=2, seconds=1.0):
    return Trained(
        rounds=tuple(
            Round(
                number=number,
                weights={silo: f"{silo} after {number}".encode()},
                epochs=(EpochRecord(silo=silo, round=number, epoch=1, loss=silo / number),),
                reports=(report(silo, number),),
            )
            for number in range(1, rounds + 1)
        ),
        seconds=seconds,
    )


def test_side_by_side_each_keeps_what_is_its_own():
    apart = [trained(1, seconds=2.0), trained(2, seconds=5.0), trained(3, seconds=3.0)]
    joined = side_by_side(apart)
    assert joined.silos == [1, 2, 3]
    for index, one in enumerate(joined.rounds):
        assert one.number == index + 1
        for silo, own in enumerate(apart, start=1):
            assert one.weights[silo] == own.rounds[index].weights[silo]
    for rows in ("epochs", "reports"):
        ours = [record for own in apart for record in getattr(own, rows)]
        found = list(getattr(joined, rows))
        assert sorted(found, key=lambda r: (r.silo, r.round)) == ours
        assert found == sorted(found, key=lambda r: (r.round, r.silo))


def test_side_by_side_the_wall_time_is_the_slowest_ones_and_cpu_time_adds_up():
    apart = [trained(1, seconds=2.0), trained(2, seconds=5.0)]
    assert side_by_side(apart).seconds == 5.0
    assert side_by_side(apart).cpu_seconds == sum(one.cpu_seconds for one in apart) == 2.0


def test_side_by_side_one_is_itself():
    alone, joined = trained(4), side_by_side([trained(4)])
    assert joined.seconds == alone.seconds
    assert [(r.weights, r.epochs, r.reports) for r in joined.rounds] == [
        (r.weights, r.epochs, r.reports) for r in alone.rounds
    ]


def test_side_by_side_trainings_have_equally_many_rounds():
    with pytest.raises(ValueError, match="shorter"):
        side_by_side([trained(1, rounds=2), trained(2, rounds=1)])


def test_the_evaluation_before_training_comes_first():
    rows = [
        ServerRecord(round=number, evaluated_on="all", accuracy=0.5, loss=1.0, num_examples=4)
        for number in (0, 1)
    ]
    one = Round(number=1, weights={None: b""}, epochs=(), reports=(), server=(rows[1],))
    federation = Trained(rounds=(one,), seconds=1.0, before=(rows[0],))
    assert federation.server == tuple(rows)


def test_silos_that_evaluated_nothing_are_named():
    reports = [
        report(silo, number, phase=phase, num_examples=size)
        for number in (1, 2)
        for phase, silo, size in [
            (Phase.TRAIN, 1, 9),
            (Phase.EVALUATE, 1, 3),
            (Phase.EVALUATE, 3, 0),
            (Phase.EVALUATE, 2, 0),
        ]
    ]
    assert untested(reports) == [2, 3]
