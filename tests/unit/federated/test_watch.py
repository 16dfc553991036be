"""What is noticed of Ray's processes, without Ray."""

from dataclasses import replace

import pytest

from fedcompare.federated.watch import Watch
from fedcompare.machine.processes import Process

HEAD = 10
PATIENCE = 10


def process(pid, name):
    return Process(pid=pid, parent=HEAD, group=HEAD, name=name, is_stopped=False)


RAY = {
    pid: process(pid, name)
    for pid, name in {
        10: "python",
        11: "gcs_server",
        12: "raylet",
        13: "ray::ClientAppA",
        14: "ray::IDLE",
    }.items()
}


@pytest.fixture
def watch():
    found = Watch(start_limit=3)
    assert found.look(RAY) is None
    return found


def without(pid):
    return {key: value for key, value in RAY.items() if key != pid}


def stopped(pid):
    return RAY | {pid: replace(RAY[pid], is_stopped=True)}


@pytest.mark.parametrize(("pid", "name"), [(11, "gcs_server"), (12, "raylet")])
def test_a_server_is_missed_at_once(watch, pid, name):
    assert f"(process {pid}, {name}) has ended" in watch.look(without(pid))


def test_a_client_is_missed_after_the_time_in_which_its_silo_is_named(watch):
    looks = [watch.look(without(13)) for _ in range(PATIENCE)]
    assert set(looks[:-1]) == {None}
    assert "a silo's client (process 13, ray::ClientAppA) has ended" in looks[-1]


@pytest.mark.parametrize("pid", [10, 14])
def test_what_comes_and_goes_with_ray_is_not_missed(watch, pid):
    assert {watch.look(without(pid)) for _ in range(3 * PATIENCE)} == {None}


@pytest.mark.parametrize("pid", [11, 12, 13])
def test_what_stays_stopped_is_named(watch, pid):
    looks = [watch.look(stopped(pid)) for _ in range(PATIENCE)]
    assert set(looks[:-1]) == {None}
    assert f"(process {pid}, {RAY[pid].name}) has been stopped" in looks[-1]


def test_a_pause_is_forgiven(watch):
    pauses = [stopped(13), RAY] * PATIENCE
    assert {watch.look(present) for present in pauses} == {None}


def test_one_who_does_not_speak_has_not_started():
    watch = Watch(start_limit=3)
    assert [watch(HEAD, False) for _ in range(2)] == [None, None]
    assert "Ray did not start within 3 s; raise connect-timeout" in watch(HEAD, False)


def test_one_who_has_spoken_may_be_silent():
    watch = Watch(start_limit=3)
    assert [watch(HEAD, True) for _ in range(9)] == [None] * 9
