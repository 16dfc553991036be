"""Values that are a name with arguments: "dirichlet(alpha=0.5)", "mlp(hidden=[200, 200])".

Flower's run config holds scalars only, so that one key holds a choice with all that belongs to it.
The configuration knows the form; a catalog, or the callee's own signature, knows what there is.
"""

import ast
import difflib
import inspect
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, get_type_hints

from pydantic import BeforeValidator, Field, PlainSerializer, TypeAdapter, ValidationError

from fedcompare.errors import ConfigError
from fedcompare.text.typed import shown, suggestion

_FORM = re.compile(r"\s*(?P<name>[^()\s]+)\s*(?:\((?P<arguments>.*)\)\s*)?", re.DOTALL)
_WORDS = {"true": True, "false": False, "none": None}
Value = bool | int | float | str | None | tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """A name, and arguments by name, in the order in which they were written."""

    name: str
    arguments: tuple[tuple[str, Value], ...] = ()

    @classmethod
    def parse(cls, value: object) -> "Choice":
        """Read "name" or "name(argument=value, ...)"; a choice is returned as it is.

        Values are numbers, quoted text, true, false, none, and lists of these.

        Raises:
            ValueError: it has another form.
        """
        if isinstance(value, Choice):
            return value
        if not isinstance(value, str) or not (found := _FORM.fullmatch(value)):
            raise ValueError("write a name, or a name with arguments such as name(size=3)")
        return cls(found["name"], tuple(_arguments(found["arguments"] or "")))

    def __str__(self) -> str:
        """Return the choice as `parse` reads it; equal choices give equal text."""
        if not self.arguments:
            return self.name
        listed = ", ".join(f"{name}={written(value)}" for name, value in self.arguments)
        return f"{self.name}({listed})"

    @property
    def keywords(self) -> dict[str, Value]:
        """Return the arguments by name."""
        return dict(self.arguments)


ChoiceKey = Annotated[Choice, BeforeValidator(Choice.parse), PlainSerializer(str)]
Width = Annotated[int, Field(ge=1, le=100_000)]  # of a layer
Share = Annotated[float, Field(ge=0, le=1)]
Finite = Annotated[float, Field(ge=-1e6, le=1e6)]
Factor = Annotated[float, Field(gt=0, le=1e6)]
Degrees = Annotated[float, Field(ge=-360, le=360)]
Pixels = Annotated[float, Field(gt=0, le=100)]


def check_choice(key: str, name: str, known: Iterable[str], *, noun: str = "") -> None:
    """Raise if the value of a key is none of the names that its catalog knows.

    `noun` is what it is the name of, where the key does not say so.

    Raises:
        ConfigError: naming those that it knows.
    """
    names = list(known)
    if name not in names:
        folded = {known.casefold(): known for known in names}
        close = difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.7)
        meant = f"did you mean {folded[close[0]]}? " if close else ""
        raise ConfigError(
            [f"{key}: unknown {noun or key} {shown(name)}; {meant}known: {', '.join(names)}"]
        )


def check_arguments(
    key: str,
    choice: Choice,
    callee: Callable[..., object],
    *,
    given: Iterable[str] = (),
    optional: Collection[str] = (),
) -> None:
    """Raise if a callee does not take the arguments of a choice, or lacks one that it needs.

    `given` are arguments that the caller itself provides, and that nobody may choose; `optional`
    those that it provides where nobody does.

    Raises:
        ConfigError: with a line for each argument that is unknown or missing.
    """
    parameters = choosable(callee, given=given)
    chosen = choice.keywords
    problems = [
        f"{key}: {choice.name} has no argument {name}; "
        + (suggestion(name, list(parameters)) if parameters else "it takes none")
        for name in chosen
        if name not in parameters
    ]
    problems += [
        f"{key}: {choice.name} needs an argument {name}, as in {choice.name}({name}=...)"
        for name, parameter in parameters.items()
        if parameter.default is inspect.Parameter.empty and name not in {*chosen, *optional}
    ]
    if problems:
        raise ConfigError(problems)


def check_values(key: str, choice: Choice, callee: Callable[..., object]) -> None:
    """Raise if the value of an argument is not of the type that the callee's signature says.

    Raises:
        ConfigError: with a line for each such argument.
    """
    types = get_type_hints(callee, include_extras=True)
    problems = []
    for name, value in choice.arguments:
        try:
            TypeAdapter(types[name]).validate_python(value, strict=True)
        except ValidationError as error:
            says = error.errors(include_url=False)[0]["msg"].removeprefix("Input ")
            says = says.replace("a valid tuple", "a list in brackets")
            problems.append(f"{key}: {choice.name}: {name} {says} (got {written(value)})")
    if problems:
        raise ConfigError(problems)


def choosable(
    callee: Callable[..., object], *, given: Iterable[str] = ()
) -> Mapping[str, inspect.Parameter]:
    """Return the parameters of a callee that a choice may set, by name, in their order."""
    left_out = set(given) | {"self"}
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {
        name: parameter
        for name, parameter in inspect.signature(callee).parameters.items()
        if parameter.kind in kinds and name not in left_out
    }


def _arguments(text: str) -> Iterable[tuple[str, Value]]:
    try:
        call = ast.parse(f"f({text})", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"its arguments ({text}) cannot be read; write name=value, ...") from None
    if not isinstance(call, ast.Call) or call.args or any(k.arg is None for k in call.keywords):
        raise ValueError(f"its arguments ({text}) need names; write name=value, ...")
    names = [keyword.arg for keyword in call.keywords]
    if len(set(names)) != len(names):
        raise ValueError("an argument is given twice")
    for keyword in call.keywords:
        assert keyword.arg is not None
        yield keyword.arg.replace("-", "_"), _value(keyword.arg, keyword.value)


def _value(name: str, node: ast.expr) -> Value:
    if isinstance(node, ast.Name) and node.id in _WORDS:
        return _WORDS[node.id]
    if isinstance(node, ast.List | ast.Tuple):
        return tuple(_value(name, item) for item in node.elts)
    try:
        value = ast.literal_eval(node)
    except ValueError:
        value = ...
    if not isinstance(value, bool | int | float | str | None):
        raise ValueError(
            f"{name} must be a number, quoted text, true, false, none, or a list of these"
        )
    return value


def written(value: Value) -> str:
    """Return a value as `Choice.parse` reads it."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return repr(value)
