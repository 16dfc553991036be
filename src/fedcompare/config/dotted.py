"""Things of the user's own, by their dotted paths: "mypackage.nets:factory"."""

import difflib
import hashlib
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from fedcompare.errors import ConfigError
from fedcompare.text.typed import plain, shown

FORM = "package.module:factory"
_PARTS = re.compile(r"(?P<module>[^:]*):(?P<attribute>.*)")


@dataclass(frozen=True, slots=True)
class DottedPath:
    """A module, and what it calls the thing."""

    module: str
    attribute: str

    @classmethod
    def parse(cls, text: str) -> "DottedPath | None":
        """Return the path that a text stands for; None where it has no colon, as names have."""
        found = _PARTS.fullmatch(text)
        return cls(found["module"], found["attribute"]) if found else None

    def __str__(self) -> str:
        return f"{self.module}:{self.attribute}"

    def load(self, key: str) -> Callable[..., Any]:
        """Return what the path names; modules may be installed, or lie in the working folder.

        Raises:
            ConfigError: naming `key`: there is no such module, it cannot be imported, or has
                nothing of that name that can be called.
        """
        if not all(part.isidentifier() for part in (*self.module.split("."), self.attribute)):
            raise ConfigError([f"{key}: {shown(str(self))} is no path such as {FORM}"])
        module = _import(key, self.module)
        found = getattr(module, self.attribute, None)
        if found is None:
            raise ConfigError(
                [f"{key}: {self.module} has no {self.attribute}; {_nearest(self, module)}"]
            )
        if not callable(found):
            raise ConfigError([f"{key}: {self} is no function, but of type {type(found).__name__}"])
        return found  # type: ignore[no-any-return]

    def digest(self) -> str:
        """Return a digest of the module's file, not of what it imports; "missing" without one."""
        with working_folder():
            try:
                spec = importlib.util.find_spec(self.module)
            except (ImportError, ValueError):
                spec = None
        if spec is None or not spec.has_location or not spec.origin:
            return "missing"
        return hashlib.sha256(Path(spec.origin).read_bytes()).hexdigest()[:16]


@contextmanager
def working_folder() -> Iterator[None]:
    """Let modules of the working folder be imported in the block; installed ones come first."""
    folder = os.getcwd()
    if folder in sys.path or "" in sys.path:
        yield
        return
    sys.path.append(folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


def _import(key: str, name: str) -> ModuleType:
    importlib.invalidate_caches()
    with working_folder():
        try:
            return importlib.import_module(name)
        except (Exception, SystemExit) as error:
            missing = error.name if isinstance(error, ModuleNotFoundError) else None
            if missing and f"{name}.".startswith(f"{missing}."):
                problem = (
                    f"there is no module {missing}; install it, or put it into the working folder, "
                    f"{plain(os.getcwd())}"
                )
            else:
                problem = f"the module {name} cannot be imported: {said(error)}"
            raise ConfigError([f"{key}: {problem}"]) from error


def said(error: BaseException) -> str:
    """Return what went wrong in the user's own code, in a line."""
    text = plain(" ".join(str(error).split()))
    return f"{type(error).__name__}: {text} (--debug shows where)"


def _nearest(path: DottedPath, module: ModuleType) -> str:
    names = [name for name, value in vars(module).items() if name[0] != "_" and callable(value)]
    close = difflib.get_close_matches(path.attribute, names, n=1)
    if close:
        return f"did you mean {path.module}:{close[0]}?"
    return f"it has {', '.join(names[:10])}" if names else "it has nothing that can be called"
