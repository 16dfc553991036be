"""A choice is a name with arguments; catalogs and signatures say which there are."""

import pytest

from fedcompare.config.choices import Choice, check_arguments, check_choice, choosable
from fedcompare.errors import ConfigError

GOOD = {
    "iid": Choice("iid"),
    " iid() ": Choice("iid"),
    "dirichlet(alpha=0.5)": Choice("dirichlet", (("alpha", 0.5),)),
    "inner-dirichlet(alpha=-1, self_balancing=true)": Choice(
        "inner-dirichlet", (("alpha", -1), ("self_balancing", True))
    ),
    "mlp(hidden=[200, 200])": Choice("mlp", (("hidden", (200, 200)),)),
    'my.nets:factory(width=3, kind="a)b", none=none)': Choice(
        "my.nets:factory", (("width", 3), ("kind", "a)b"), ("none", None))
    ),
}
BAD = [
    "", "()", "a b", "mlp(200)", "mlp(a=1, a=2)", "mlp(a=)", "mlp(**{})", "mlp(a=open('x'))",
    "mlp(a=1", "mlp(a={1: 2})", "mlp(a=b)", "mlp(a=1) x", 3, True, ["mlp"], "mlp(" + "[" * 9999,
]  # fmt: skip


@pytest.mark.parametrize("text", GOOD)
def test_a_choice_is_read_and_written_so_that_it_is_read_again(text):
    assert Choice.parse(text) == GOOD[text]
    assert Choice.parse(str(GOOD[text])) == GOOD[text]
    assert Choice.parse(GOOD[text]) is GOOD[text]


@pytest.mark.parametrize("value", BAD, ids=lambda value: str(value)[:20])
def test_what_is_no_choice_is_refused_and_never_run(value):
    with pytest.raises(ValueError, match=r"write|name|twice|must be"):
        Choice.parse(value)


def test_unknown_names_are_refused_with_the_known_ones():
    check_choice("model", "mlp", ["mlp", "cnn"])
    with pytest.raises(ConfigError, match=r"model: unknown model 'mpl'; known: mlp, cnn$"):
        check_choice("model", "mpl", ["mlp", "cnn"])


def callee(alpha, *, size=3, seed=42, **rest):
    """Stand for a partitioner."""


def test_arguments_are_those_of_the_callee_but_for_what_the_caller_gives():
    assert list(choosable(callee, given=["seed"])) == ["alpha", "size"]
    check_arguments("partition", Choice.parse("x(alpha=1)"), callee, given=["seed"])
    with pytest.raises(ConfigError) as error:
        check_arguments("partition", Choice.parse("x(alpa=1, seed=2)"), callee, given=["seed"])
    first, second, third = str(error.value).splitlines()[-3:]
    assert "x has no argument alpa" in first
    assert "alpha" in first
    assert "x has no argument seed" in second
    assert "x needs an argument alpha" in third
