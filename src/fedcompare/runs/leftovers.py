"""What runs that were killed left half-written in an experiment's folder."""

import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from fedcompare.runs.directory import COALITION_PREDICTIONS, COMPARISON, PARTS, SEEDS

_NAMES = sorted({*PARTS, COALITION_PREDICTIONS, COMPARISON})
# As `results.replacing` names them: the new folder on its way, and the old one meanwhile.
_HALF_WRITTEN = re.compile(
    rf"\.(?P<part>{'|'.join(_NAMES)}|coalition(-\d+)+)-[a-z0-9_]{{8}}(?P<old>-old)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leftover:
    path: Path
    target: Path
    is_old: bool


def remove_leftovers(folder: Path, *, spared: Sequence[str] = ()) -> None:
    """Remove what is half-written below an experiment's `folder`, but for the parts `spared`.

    A part that was moved aside for a new one which never came is put back.
    """
    found = [
        leftover
        for leftover in _leftovers(folder)
        if not _is_below(leftover.target.relative_to(folder), spared)
    ]
    latest_first = sorted(found, key=lambda one: one.path.stat().st_mtime, reverse=True)
    for leftover in latest_first:
        if leftover.is_old and not leftover.target.exists():
            leftover.path.rename(leftover.target)
        else:
            shutil.rmtree(leftover.path, ignore_errors=True)


def _leftovers(folder: Path) -> Iterator[_Leftover]:
    runs = (run for seeds in SEEDS for run in folder.glob(seeds))
    for place in (folder, *runs):
        for path in place.glob(".*/"):
            name = _HALF_WRITTEN.fullmatch(path.name)
            if name and not path.is_symlink():
                yield _Leftover(
                    path=place / path.name,
                    target=place / name["part"],
                    is_old=name["old"] is not None,
                )


def _is_below(part: PurePath, spared: Sequence[str]) -> bool:
    return any(part.is_relative_to(PurePath(one)) for one in spared)
