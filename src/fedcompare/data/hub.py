"""Image-classification datasets of the Hugging Face hub, or a local folder in its layout."""

import hashlib
import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch

from fedcompare.cache import cache_dir
from fedcompare.config import DataConfig
from fedcompare.errors import DataError, HubError


class HubDataset:
    """One opened hub dataset; pixels are decoded only when `decode` is called.

    Raises:
        HubError: the hub cannot be reached, or knows no such dataset.
        DataError: a split or column is missing, or is not what its name says.
    """

    def __init__(self, name: str, config: DataConfig) -> None:
        self.name = name
        self.splits = _open(name)
        wanted = (config.train_split, config.test_split)
        if missing := [split for split in wanted if split not in self.splits]:
            raise DataError(
                f"dataset {name} has no split {missing[0]!r}; it has {', '.join(self.splits)}. "
                "Set train-split and test-split."
            )
        self.train, self.test = (self.splits[split] for split in wanted)
        self.image_column = _column(self.train, config.image_column, "Image", "image-column")
        self.label_column = _column(self.train, config.label_column, "ClassLabel", "label-column")

    @property
    def class_names(self) -> tuple[str, ...]:
        """Return the names of the classes, by label."""
        return tuple(self.train.features[self.label_column].names)

    @property
    def key(self) -> str:
        """Return what identifies the stored files and the columns read from them."""
        parts = (self.train._fingerprint, self.test._fingerprint, self.image_column)
        return hashlib.sha256("/".join(parts).encode()).hexdigest()

    def decode(self, rows: Any) -> tuple[torch.Tensor, torch.Tensor]:
        """Return images uint8 [N, C, H, W] and labels int64 [N] of one split."""
        columns = rows[:]
        images = [np.asarray(image) for image in columns[self.image_column]]
        shapes = {image.shape for image in images}
        if len(shapes) != 1:
            raise DataError(f"dataset {self.name}: images must all have one size, not {shapes}")
        pixels = torch.from_numpy(np.stack(images))
        pixels = pixels.unsqueeze(1) if pixels.dim() == 3 else pixels.permute(0, 3, 1, 2)
        return pixels.contiguous(), torch.tensor(columns[self.label_column])


def _open(name: str) -> Any:
    import datasets
    from huggingface_hub.errors import HfHubHTTPError

    datasets.disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it reports every retry
    folder = Path(name).expanduser()
    arguments: dict[str, str] = {"path": name}
    if folder.is_dir():
        # The library's own cache knows a local folder by its last name only, so that two
        # folders called "mnist" would be mistaken for each other.
        place = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
        arguments = {"path": str(folder), "cache_dir": str(cache_dir() / "hub" / place)}
    try:
        return datasets.load_dataset(**arguments)
    except (OSError, HfHubHTTPError, ValueError, RuntimeError) as error:
        # Everything from "no network" to "no such dataset" and "no data files" ends here.
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise HubError(
            f"dataset hub:{name} cannot be loaded: {reason}. Offline, use the bundled "
            'dataset = "mnist", or a local copy: dataset = "hub:/path/to/folder".'
        ) from error


def _column(rows: Any, name: str, kind: str, key: str) -> str:
    """Return the column `name`, or the only column of this kind."""
    columns = [c for c, feature in rows.features.items() if type(feature).__name__ == kind]
    if name and name not in columns:
        raise DataError(
            f"{key} = {name!r} is no {kind} column; found: {', '.join(columns) or 'none'}"
        )
    if not name and len(columns) != 1:
        raise DataError(f"found {len(columns)} {kind} columns ({', '.join(columns)}); set {key}")
    return name or columns[0]
