"""Whether labels that are classes are what the key `task` asks for."""

from collections.abc import Sequence

from fedcompare.classes import listed
from fedcompare.errors import DataError
from fedcompare.tasks import Task

_SHOWN = 10


def check_task(task: str, where: str, classes: Sequence[str]) -> None:
    """Raise if classes cannot be told apart as `task` says; `where` names the label.

    Raises:
        DataError: naming the classes, and the remedy.
    """
    if task == Task.REGRESSION:
        raise DataError(
            f"task = {task}: {where} holds {_shown(classes)}, and no numbers. Leave task out"
        )
    if task == Task.BINARY and len(classes) != 2:
        raise DataError(
            f"task = {task}: {where} holds {_shown(classes)}, and not two. Leave task out, or "
            f"set {Task.MULTI_CLASS}"
        )


def _shown(classes: Sequence[str]) -> str:
    more = " and more" if len(classes) > _SHOWN else ""
    return f"{len(classes)} classes ({listed(classes[:_SHOWN])}{more})"
