import pytest

from fedcompare.errors import ResourceError
from fedcompare.machine import cpus as cpus_module
from fedcompare.machine.cpus import available_cpus, plan_workers, resolve_cpus

SHAPES = [(silos, cpus) for silos in range(1, 41) for cpus in range(1, 17)]


def test_workers_are_neither_none_nor_more_than_can_be_used():
    for silos, cpus in SHAPES:
        assert 1 <= plan_workers(silos, cpus) <= min(silos, 2 * cpus), (silos, cpus)


def test_no_cpu_is_left_out():
    for silos, cpus in SHAPES:
        assert plan_workers(silos, cpus) >= min(silos, cpus), (silos, cpus)


@pytest.mark.parametrize(
    ("silos", "cpus", "expected"), [(3, 2, 3), (2, 2, 2), (1, 8, 1), (4, 2, 2)]
)
def test_few_silos_run_in_one_wave(silos, cpus, expected):
    assert plan_workers(silos, cpus) == expected


def test_zero_cpus_mean_all():
    assert resolve_cpus(0) == available_cpus() >= 1


def test_more_cpus_than_there_are_is_an_error(monkeypatch):
    monkeypatch.setattr(cpus_module, "available_cpus", lambda: 2)
    assert resolve_cpus(2) == 2
    with pytest.raises(ResourceError, match=r"num-cpus = 3, but this machine has 2"):
        resolve_cpus(3)
