"""Tensors that are slow to make, kept on disk under a digest of all that they were made from."""

import hashlib
import json
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import xxhash
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from fedcompare.machine.locking import lock

Tensors = dict[str, torch.Tensor]
_PATIENCE = 300.0  # seconds, after which what another builds is built here too
_PAUSE = 0.05
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Entry:
    """Tensors, and whatever else of them must be kept, as values that JSON knows."""

    tensors: Tensors
    facts: Mapping[str, Any] = field(default_factory=dict)


def cache_dir() -> Path:
    """Return the cache folder: $FEDCOMPARE_CACHE, else fedcompare in the user's cache folder."""
    if explicit := os.environ.get("FEDCOMPARE_CACHE"):
        return Path(explicit)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "fedcompare"


def cached(kind: str, inputs: Mapping[str, object], build: Callable[[], Entry]) -> Entry:
    """Return what `build` makes of `inputs`, building and storing it where it is missing.

    `inputs` must name everything that the entry depends on. What is read is mapped from the
    file, so processes share its pages, and checked against the digest stored beside it. A cache
    that is damaged, or cannot be read or written, costs time, never the result: it is built
    again. Of processes that lack the same entry one builds it, and the others wait for it; for
    long, but not for ever.
    """
    description = json.dumps(inputs, sort_keys=True)
    key = hashlib.sha256(description.encode()).hexdigest()[:32]
    path = cache_dir() / f"{kind}-{key}.safetensors"
    before = _stamp(path)
    if found := _find(path):
        return found
    with _turn(path):
        if _stamp(path) != before and (found := _find(path)):
            return found
        entry = build()
        try:
            _write(path, entry)
        except (OSError, SafetensorError) as error:
            log.warning("cache %s cannot be written: %s", path, error)
    return entry


def _find(path: Path) -> Entry | None:
    try:
        return _read(path)
    except FileNotFoundError:
        return None
    except (OSError, SafetensorError) as error:
        log.warning("cache %s cannot be read and is built again: %s", path, error)
        return None


def _stamp(path: Path) -> tuple[int, int] | None:
    """Return what is another once a file was put in the place of this one."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


@contextmanager
def _turn(path: Path) -> Iterator[None]:
    """Keep others from building an entry during the block, where the file system knows locks."""
    end = time.monotonic() + _PATIENCE
    own = None
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        while (own := lock(path.with_suffix(".lock"))) is None and time.monotonic() < end:
            time.sleep(_PAUSE)
    with own or nullcontext():
        yield


def _read(path: Path) -> Entry:
    with safe_open(path, framework="pt") as file:
        stored = file.metadata() or {}
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  # no dict
    facts = stored.get("facts", "")
    if stored.get("digest") != _digest(tensors, facts):
        raise SafetensorError("it is damaged: its digest is not that of its content")
    return Entry(tensors=tensors, facts=json.loads(facts))


def _write(path: Path, entry: Entry) -> None:
    facts = json.dumps(dict(entry.facts))
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        part = Path(folder) / path.name
        save_file(entry.tensors, part, {"facts": facts, "digest": _digest(entry.tensors, facts)})
        part.replace(path)


def _digest(tensors: Tensors, facts: str) -> str:
    """Return an XXH3 over all that is stored: against damage, and as fast as memory."""
    total = xxhash.xxh3_128(facts.encode())
    for name, tensor in sorted(tensors.items()):
        total.update(f"\n{name} {tensor.dtype} {[*tensor.shape]}\n".encode())
        total.update(tensor.numpy().data)
    return total.hexdigest()
