"""What is remembered is what was asked for last, and not more than there is room for."""

from fedcompare.machine.remembered import remembered

MIB = 2**20


def test_small_values_are_all_kept_and_large_ones_but_two():
    made = []

    @remembered(lambda size: size * MIB)
    def value(size):
        made.append(size)
        return size

    for size in [*range(1, 10), *range(1, 10)]:
        assert value(size) == size
    assert made == list(range(1, 10))
    for size in (300, 301, 300, 302):
        value(size)
    made.clear()
    for size in (300, 302):
        value(size)
    assert made == []
    for size in (301, 1):
        value(size)
    assert made == [301, 1]
    value.cache_clear()
    made.clear()
    value(1)
    assert made == [1]
