"""Arguments have the types of their callee's signature, and messages say which."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pytest

from fedcompare.config.argument_types import check_types
from fedcompare.config.choices import Choice
from fedcompare.config.listed import Listed, written_arguments
from fedcompare.errors import ConfigError

Table = npt.NDArray[np.int_] | npt.NDArray[np.float64]


def callee(
    flag: bool = False,
    size: int | None = None,
    rate: int | float | list[float] | npt.NDArray[np.float64] = 1,
    mode: Literal["a", "b"] = "a",
    sizes: Sequence[int] = (),
    table: Table | None = None,
    text: str = "x",
    anything: Any = None,
    bare: list = [],  # noqa: B006
    unsaid=None,
):
    """Stand for a partitioner or a model."""


GOOD = [
    "flag=true", "size=3", "size=none", "rate=3", "rate=0.5", "rate=[1, 0.5]", "mode='b'",
    "sizes=[1, 2]", "sizes=[]", "table=[1, 2]", "table=[[1, 2], [3, 4.5]]", "table=none",
    "text='y'", "anything=[[[1]]]", "bare=[1, 'x']", "unsaid=0.5", "unknown=3",
]  # fmt: skip
BAD = {
    "flag=1": "true or false (got 1)",
    "size=true": "a whole number or none (got True)",
    "size=3.0": "a whole number or none (got 3.0)",
    "rate=true": "a number or a list of numbers (got True)",
    "rate=[1, 'x']": "a number or a list of numbers (got (1, 'x'))",
    "rate=[[1]]": "a number or a list of numbers (got ((1,),))",
    "rate=1e999": "a number or a list of numbers (got inf)",
    "mode='c'": "'a' or 'b' (got 'c')",
    "sizes=3": "a list of whole numbers (got 3)",
    "sizes=[1.5]": "a list of whole numbers (got (1.5,))",
    "table=[[1], [1, 2]]": "a list of equally long lists of numbers or none",
    "table=[]": "a list of equally long lists of numbers or none",
    "text=3": "quoted text (got 3)",
    "bare=3": "a list of values (got 3)",
}


@pytest.mark.parametrize("argument", GOOD)
def test_arguments_of_the_right_type_are_taken(argument):
    check_types("key", Choice.parse(f"thing({argument})"), callee)


@pytest.mark.parametrize("argument", BAD)
def test_arguments_of_another_type_are_refused_in_words(argument):
    with pytest.raises(ConfigError) as error:
        check_types("key", Choice.parse(f"thing({argument})"), callee)
    (problem,) = error.value.problems
    name = argument.partition("=")[0]
    assert problem.startswith(f"key: thing's {name} must be {BAD[argument]}")


def test_arguments_are_written_as_they_are_read():
    written = written_arguments(callee, given=["table", "anything", "bare"])
    assert written == "flag=false, size=none, rate=1, mode='a', sizes=[], text='x', unsaid=none"
    assert Listed(name="thing", arguments=written, line="").written == f"thing({written})"
    assert Listed(name="thing", line="").written == "thing"
    needs: Callable[..., None] = lambda alpha, size=2: None  # noqa: E731
    assert written_arguments(needs) == "alpha, size=2"
