"""Image-classification datasets of the Hugging Face hub, or a local folder in its layout."""

import functools
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from fedcompare.config.groups import DataConfig
from fedcompare.data.decoding.files import find_folder, linked_folders, list_files
from fedcompare.data.examples import Decoded
from fedcompare.data.sources.base import Source
from fedcompare.data.sources.class_folders import ClassFolders
from fedcompare.data.sources.hub_errors import explain
from fedcompare.data.sources.picture_rows import PICTURE_KEYS, PictureRows, assemble_rows
from fedcompare.errors import DataError, FedcompareError

_SAVED = "state.json"  # what `save_to_disk` leaves in the folder of each split


def open_hub(name: str, config: DataConfig, *, fresh: bool) -> Source:
    """Return a folder's pictures by class, or else what Hugging Face datasets reads by this name.

    Raises:
        DataError: as `HubDataset` and `ClassFolders.find`.
    """
    return ClassFolders.find(find_folder(name), config) or HubDataset(name, config, fresh=fresh)


class HubDataset:
    """A dataset that Hugging Face datasets reads.

    Args:
        name: of the hub, or the path of a folder.
        config: the splits, columns and sizes.
        fresh: prepare the hub's files anew, whatever the library has prepared before.

    Raises:
        DataError: `name` is the path of what is no folder, or a file of it cannot be read.
    """

    kind: ClassVar[str] = "hub"

    def __init__(self, name: str, config: DataConfig, *, fresh: bool) -> None:
        self._name = name
        self._config = config
        self._fresh = fresh
        self._folder = find_folder(name)
        self._is_local = os.path.isdir(self._folder)
        if not self._is_local and (os.path.exists(self._folder) or _is_path(name)):
            raise DataError(f"dataset hub:{name}: {self._folder} is no folder. Name the folder.")
        self._files = list_files(self._folder) if self._is_local else []
        if links := linked_folders(self._folder, self._files):
            raise DataError(
                f"dataset hub:{name}: {self._folder / links[0]} is a link to a folder, which "
                "Hugging Face datasets leaves out. Put the folder itself there."
            )

    @property
    def reads(self) -> frozenset[str]:
        """Return the keys that have an effect."""
        return PICTURE_KEYS | {"dataset_config"}

    def identity(self) -> Mapping[str, object]:
        """Return a folder's files with sizes and times, or the hub's revision of the data.

        Raises:
            HubError: the hub cannot be reached, or has no such dataset.
        """
        if self._is_local:
            return {"folder": str(self._folder.resolve()), "files": self._files}
        with self._open() as (train, test):
            return {"name": self._name, "revision": [train._fingerprint, test._fingerprint]}

    def decode(self) -> Decoded:
        """Return all pictures and labels.

        Raises:
            DataError: a split or column is missing, or see `assemble`.
            HubError: the hub cannot be reached, or has no such dataset.
        """
        config = self._config
        with self._open() as splits, self._explained():
            train, test = (
                PictureRows(
                    rows=rows,
                    place=f"dataset hub:{self._name}, {split}",
                    numbers=range(len(rows)),
                )
                for rows, split in zip(splits, (config.train_split, config.test_split), strict=True)
            )
            return assemble_rows(train, test, config)

    @contextmanager
    def _open(self) -> Iterator[tuple[Any, Any]]:
        """Yield the rows of training and test; a folder's are prepared for this time only."""
        if not self._is_local:
            yield self._select(self._hub_splits)
            return
        with tempfile.TemporaryDirectory(prefix="fedcompare-") as place:
            with self._explained():
                splits = self._load_folder(place)
            yield self._select(splits)

    @functools.cached_property
    def _hub_splits(self) -> Mapping[str, Any]:
        with self._explained():
            mode = "reuse_cache_if_exists" if self._fresh else None
            return _load(self._name, name=self._config.dataset_config or None, download_mode=mode)

    def _load_folder(self, place: str) -> Mapping[str, Any]:
        """Return the splits of a folder, whose prepared tables are kept in `place`.

        The library's own cache would know a folder by its last name and its files' times.
        """
        from datasets import load_from_disk

        saved = [path for f in self._files if (path := Path(f.name)).name == _SAVED]
        if any(len(path.parts) == 1 for path in saved):
            raise DataError(
                f"dataset hub:{self._name} is one table without splits. Save a DatasetDict, with "
                "the splits of train-split and test-split."
            )
        if splits := [path.parent.name for path in saved if len(path.parts) == 2]:
            return {split: load_from_disk(str(self._folder / split)) for split in splits}
        name = self._config.dataset_config or None
        return _load(str(self._folder), name=name, cache_dir=place)

    def _select(self, splits: Mapping[str, Any]) -> tuple[Any, Any]:
        wanted = (self._config.train_split, self._config.test_split)
        if missing := [split for split in wanted if split not in splits]:
            raise DataError(
                f"dataset {self._name} has no split {missing[0]!r}; it has {', '.join(splits)}. "
                "Set train-split and test-split."
            )
        return splits[wanted[0]], splits[wanted[1]]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn whatever the library raises into a failure with a remedy."""
        try:
            yield
        except FedcompareError:
            raise
        except Exception as error:  # its readers raise whatever they meet in damaged files
            raise explain(error, self._name, is_local=self._is_local) from error


def _load(path: str, **arguments: Any) -> Mapping[str, Any]:
    import datasets

    datasets.disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it reports every retry
    splits: Mapping[str, Any] = datasets.load_dataset(path, **arguments)
    return splits


def _is_path(name: str) -> bool:
    return name.startswith((".", "~", os.sep)) or name.count("/") > 1
