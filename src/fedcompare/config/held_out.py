"""Which rule holds rows out for the test: a share of them, or one of several folds."""

from dataclasses import asdict, dataclass
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    TypeAdapter,
    ValidationError,
)

from fedcompare.config.choices import Choice

MOST_FOLDS = 1000
SHARE, _FOLD = Choice("share"), "fold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """The fold that is held out, by its 1-based number, of those that a seed deals rows to."""

    number: Annotated[int, Field(ge=1, strict=True)]
    folds: Annotated[int, Field(ge=2, le=MOST_FOLDS, strict=True)]
    seed: Annotated[int, Field(ge=0, strict=True)]

    @property
    def choice(self) -> Choice:
        """Return the fold as its key has it: "fold(number=2, folds=5, seed=42)"."""
        return Choice(_FOLD, tuple(asdict(self).items()))


def fold_of(choice: Choice) -> Fold | None:
    """Return the fold that a choice holds out; None where it is a share of the rows."""
    if choice.name != _FOLD:
        return None
    return TypeAdapter(Fold).validate_python(choice.keywords)


def _check(choice: Choice) -> Choice:
    """Refuse what is neither a share nor a fold."""
    if choice == SHARE:
        return choice
    try:
        fold = fold_of(choice)
    except ValidationError:
        fold = None
    if fold is None or fold.choice != choice or fold.number > fold.folds:
        raise ValueError(
            f'use "{SHARE}", whose size is test-fraction, or a fold by its number, as in '
            f'"{Fold(number=1, folds=5, seed=42).choice}"'
        )
    return choice


def _parse(value: object) -> Choice:
    """Read a choice; the order of its arguments says nothing."""
    choice = Choice.parse(value)
    try:
        fold = fold_of(choice)
    except ValidationError:
        return choice
    return fold.choice if fold and fold.choice.keywords == choice.keywords else choice


HeldOutKey = Annotated[
    Choice, BeforeValidator(_parse), AfterValidator(_check), PlainSerializer(str)
]
