"""What the folders above a picture stand for: its split, its silo, its class."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path, PurePosixPath

from fedcompare.errors import DataError
from fedcompare.text.wording import plural


class Level(StrEnum):
    """What the folders of one level name."""

    SPLIT = "split"
    SILO = "silo"
    CLASS = "class"


Layout = tuple[Level, ...]


def find_layout(folder: Path, pictures: Sequence[PurePosixPath], splits: Sequence[str]) -> Layout:
    """Return what each level of folders below `folder` names, the outermost first.

    Classes are the innermost, CLASS/picture.png; above them may be splits, silos, or both, in
    either order. What lies deeper than its class folder is of this class.

    Raises:
        DataError: pictures lie in no class folder, or folders could be classes or silos.
    """
    if all((folder / split).is_dir() for split in splits):
        of_splits = [path for path in pictures if path.parts[0] in splits]
        return (Level.SPLIT, *_silos_and_classes(folder, of_splits, above=1))
    if all(len(path.parts) > 2 and path.parts[1] in splits for path in pictures):
        return Level.SILO, Level.SPLIT, Level.CLASS
    return _silos_and_classes(folder, pictures, above=0)


def _silos_and_classes(folder: Path, pictures: Sequence[PurePosixPath], *, above: int) -> Layout:
    """Return whether folders are classes, or silos with classes, below so many levels `above`."""
    _check_outside(folder, pictures, above)
    outer = {path.parts[above] for path in pictures}
    direct = {path.parts[above] for path in pictures if len(path.parts) == above + 2}
    if direct == outer:
        return (Level.CLASS,)
    if not direct and _are_shared(pictures, above):
        return Level.SILO, Level.CLASS
    deep = next(path for path in pictures if path.parts[above] not in direct)
    raise DataError(
        f"{folder}: no picture lies in class folder {deep.parts[above]!r} itself, all lie deeper, "
        f"such as {deep}, so it may be no class. Put all pictures into CLASS/; or, where the outer "
        "folders are silos, all into SILO/CLASS/, with one class at least that two silos have."
    )


def _check_outside(folder: Path, pictures: Sequence[PurePosixPath], above: int) -> None:
    if outside := [path for path in pictures if len(path.parts) == above + 1]:
        (first, *_) = outside
        raise DataError(
            f"{len(outside)} of {plural(len(pictures), 'picture')} in {folder} lie in no class "
            f"folder, such as {first}. Put each into the folder of its class, "
            f"{first.parent / 'CLASS' / first.name}, or list them in metadata.csv with the columns "
            "file_name and label."
        )


def _are_shared(pictures: Sequence[PurePosixPath], above: int) -> bool:
    """Return whether an inner folder stands in two outer ones, as a class does in two silos."""
    pairs = {path.parts[above : above + 2] for path in pictures}
    return len({inner for _, inner in pairs}) < len(pairs)
