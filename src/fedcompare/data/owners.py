"""Who has which examples, where the data name the silos themselves."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from fedcompare.classes import listed
from fedcompare.data.naming import shown_names
from fedcompare.data.order import naturally
from fedcompare.errors import DataError
from fedcompare.text.wording import plural

NOBODY = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Owners:
    """The silos' names in the order of their ids, and whose each example is, int64 [N].

    Examples of the test whose silo has nothing to train on are `NOBODY`'s, as those without a silo.
    """

    names: tuple[str, ...] = ()
    train: torch.Tensor | None = None
    test: torch.Tensor | None = None
    notes: tuple[str, ...] = ()


def find_owners(
    train: Sequence[str] | None, test: Sequence[str] | None, *, column: str = ""
) -> Owners:
    """Return whose the examples of both splits are, by the silo that each names; "" names none.

    `column` is what names them, where numbers alone would say nothing.

    Raises:
        DataError: all training examples are one silo's.
    """
    if train is None or test is None:
        return Owners()
    silos = naturally({name for name in train if name})
    if len(silos) < 2:
        raise DataError(
            f"silo{f' = {column}' if column else ''}: all training examples are of one silo, "
            f"{listed(silos) or 'without a name'}: there is nobody to federate with. Choose other "
            "data, or another silo"
        )
    position = {name: number for number, name in enumerate(silos)}
    splits = (("training", train), ("test", test))
    notes = [note for name, own in splits for note in _notes(name, own, position)]
    codes = [torch.tensor([position.get(name, NOBODY) for name in own]) for _, own in splits]
    return Owners(
        names=shown_names(silos, column), train=codes[0], test=codes[1], notes=tuple(notes)
    )


def _notes(split: str, own: Sequence[str], position: dict[str, int]) -> list[str]:
    notes = []
    if nameless := sum(not name for name in own):
        notes.append(f"{plural(nameless, f'{split} example')} without a silo: no silo has them.")
    if strange := [name for name in own if name and name not in position]:
        notes.append(
            f"{plural(len(strange), f'{split} example')} of silos without training examples, such "
            f"as {strange[0]}: no silo has them."
        )
    return notes
