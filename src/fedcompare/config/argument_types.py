"""Do the arguments of a choice have the types that its callee's signature asks for?"""

import inspect
import math
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

import numpy as np

from fedcompare.config.choices import Choice, Value, choosable
from fedcompare.errors import ConfigError
from fedcompare.text.typed import shown

_WORDS = {
    bool: ("true or false", "true or false each"),
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    str: ("quoted text", "quoted texts"),
    type(None): ("none", "none"),
}
_LISTS = (list, tuple, Sequence)


def check_types(
    key: str, choice: Choice, callee: Callable[..., object], *, given: Iterable[str] = ()
) -> None:
    """Raise if an argument of a choice has another type than the callee's signature says.

    Arguments that it does not know are `check_arguments`' to refuse.

    Raises:
        ConfigError: with a line for each argument.
    """
    hints = {
        name: parameter.annotation for name, parameter in choosable(callee, given=given).items()
    }
    problems = [
        f"{key}: {choice.name}'s {name} must be {_said(hints[name])} (got {shown(value)})"
        for name, value in choice.arguments
        if name in hints and not _fits(value, hints[name])
    ]
    if problems:
        raise ConfigError(problems)


def _fits(value: Value, hint: Any) -> bool:
    return any(_fits_one(value, one) for one in _alternatives(hint))


def _fits_one(value: Value, hint: Any) -> bool:
    origin = typing.get_origin(hint) or hint
    if hint in (inspect.Parameter.empty, Any):
        return True
    if origin is Literal:
        return value in typing.get_args(hint)
    if origin is np.ndarray:
        return _is_array(value)
    if origin in _LISTS:
        return isinstance(value, tuple) and all(_fits(one, _item(hint)) for one in value)
    if origin is float:
        return type(value) in (int, float) and math.isfinite(typing.cast(float, value))
    return type(value) is origin


def _is_array(value: Value) -> bool:
    """Return whether a value is a list of numbers, or a table: lists of numbers, equally long."""
    if not isinstance(value, tuple) or not value:
        return False
    rows = value if isinstance(value[0], tuple) else (value,)
    return all(
        isinstance(row, tuple) and len(row) == len(rows[0]) and all(_fits(n, float) for n in row)
        for row in rows
    )


def _alternatives(hint: Any) -> list[Any]:
    """Return the types that a hint allows, without those that others say as well."""
    if typing.get_origin(hint) not in (typing.Union, types.UnionType):
        return [hint]
    found = list(typing.get_args(hint))
    origins = [typing.get_origin(one) or one for one in found]
    spare: set[Any] = {int} if float in origins else set()
    spare |= {np.ndarray} if set(_LISTS) & set(origins) else set()
    return [one for one, origin in zip(found, origins, strict=True) if origin not in spare]


def _item(hint: Any) -> Any:
    return (typing.get_args(hint) or (Any,))[0]


def _said(hint: Any) -> str:
    """Return what a type asks for, in words."""
    return " or ".join(dict.fromkeys(map(_said_one, _alternatives(hint))))


def _said_one(hint: Any) -> str:
    origin = typing.get_origin(hint) or hint
    if origin is Literal:
        return " or ".join(map(repr, typing.get_args(hint)))
    if origin is np.ndarray:
        return "a list of equally long lists of numbers"
    if origin in _LISTS:
        _, plural = _WORDS.get(_item(hint), ("", "values"))
        return f"a list of {plural}"
    word, _ = _WORDS.get(origin, (str(hint), ""))
    return word
