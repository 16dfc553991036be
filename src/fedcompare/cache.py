"""Tensors that are slow to make, kept on disk under a name that says what they are."""

import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

Tensors = dict[str, torch.Tensor]
log = logging.getLogger(__name__)


def cache_dir() -> Path:
    """Return the cache folder: $FEDCOMPARE_CACHE, else fedcompare in the user's cache folder."""
    if explicit := os.environ.get("FEDCOMPARE_CACHE"):
        return Path(explicit)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "fedcompare"


def cached_tensors(name: str, build: Callable[[], Tensors]) -> Tensors:
    """Return the tensors called `name`, building and storing them where they are missing.

    What is read is mapped from the file, so processes share its pages. A cache that
    cannot be read or written costs time, never the result: it is built again.
    """
    path = cache_dir() / f"{name}.safetensors"
    try:
        return load_file(path)
    except FileNotFoundError:
        pass
    except (OSError, SafetensorError) as error:
        log.warning("cache %s cannot be read and is built again: %s", path, error)
    tensors = build()
    try:
        _write(path, tensors)
    except (OSError, SafetensorError) as error:
        log.warning("cache %s cannot be written: %s", path, error)
    return tensors


def _write(path: Path, tensors: Tensors) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        part = Path(folder) / path.name
        save_file(tensors, part)
        part.replace(path)
