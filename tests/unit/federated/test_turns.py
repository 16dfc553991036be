"""Functions that take turns: one at a time, until each waits or is over."""

import pytest

from fedcompare.federated.engines.turns import Turn


def test_turns_go_on_where_they_waited_and_one_runs_at_a_time():
    seen, turns = [], []

    def count(name, steps):
        for step in range(steps):
            seen.append((name, step))
            turns[name].wait()

    turns += [Turn(lambda name=name: count(name, 1 + name)) for name in range(3)]
    while waiting := [turn for turn in turns if not turn.is_over]:
        for turn in waiting:
            turn.go_on()
    assert seen == [(0, 0), (1, 0), (2, 0), (1, 1), (2, 1), (2, 2)]


def test_what_a_turn_raises_is_raised_where_it_goes_on():
    def burn():
        turn.wait()
        raise ValueError("it burns")

    turn = Turn(burn)
    turn.go_on()
    assert not turn.is_over
    with pytest.raises(ValueError, match="it burns"):
        turn.go_on()
    assert turn.is_over
